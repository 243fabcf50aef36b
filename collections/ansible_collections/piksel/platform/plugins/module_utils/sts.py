# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who am I: the account, its alias and the caller."""

from __future__ import annotations

from urllib.parse import urlsplit

from ansible_collections.piksel.platform.plugins.module_utils import errors
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError


def run_account(params: dict, _check_mode: bool, clients, _progress=None) -> dict:
    """Look up the caller and refuse the wrong account.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    Raises PlatformError when ``expected_account_id`` is given and is another one.
    """
    caller = clients.identity
    expected = params.get("expected_account_id")
    if expected and caller["Account"] != expected:
        raise PlatformError(
            f"the credentials of {clients.source} belong to account {caller['Account']} ({caller['Arn']}),"
            f" not to {expected} as wanted",
            region=clients.region,
            advice="Set piksel_aws_profile or piksel_aws_role_arn of this environment; nothing was done.",
        )
    endpoint = clients.client("sts").meta.endpoint_url
    return {
        "changed": False,
        "account_id": caller["Account"],
        "account_alias": _alias(clients),
        "caller_arn": caller["Arn"],
        "partition": clients.partition,
        "region": clients.region,
        "endpoint": endpoint,
        "emulated": not _is_aws(endpoint),
    }


def _alias(clients):
    """The account's alias, None when it has none or may not be read: it only serves people.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html
    """
    try:
        with errors.told("account alias", clients):
            aliases = clients.client("iam").list_account_aliases()["AccountAliases"]
    except PlatformError:
        return None
    return aliases[0] if aliases else None


def _is_aws(endpoint):
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonaws.eu"))
