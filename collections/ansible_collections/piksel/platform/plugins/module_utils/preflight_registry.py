# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the registry of the hub lets this account pull: nodes find out too late."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils import errors
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.preflight_report import Report
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel

# A layer that no image has: who may pull is told that it does not exist, anybody else that access is denied.
NO_LAYER = "sha256:" + "0" * 64
PULLABLE = frozenset({"LayersNotFoundException", "LayerInaccessibleException", "UnableToGetUpstreamLayerException"})


def registry(clients, wanted: dict) -> Report:
    """Try the last step of a pull from each repository of another account. Only told: nodes pull, not this run.

    ``wanted``: {"account_id", "repositories": [names]}, or nothing.
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
    """
    report = Report(clients, registry={})
    account_id, repositories = wanted.get("account_id"), wanted.get("repositories")
    if not account_id or not repositories:
        return report
    subject = f"registry of account {account_id}"
    answers = parallel(lambda name: _refusal(clients, account_id, name), repositories)
    refused = dict(sorted((name, answer) for name, answer in zip(repositories, answers, strict=True) if answer))
    report.facts["registry"] = {name: name not in refused for name in repositories}
    denied = [name for name, (code, _message) in refused.items() if code in errors.DENIED]
    if denied:
        whom = f"it does not let account {clients.account_id} pull from {', '.join(denied)}"
        report.warn(subject, f"{whom}: their repository policies have to name it")
    for name, (_code, message) in refused.items():
        if name not in denied:
            report.warn(f"{subject}, repository {name}", f"a pull cannot be tried ({message})")
    return report


def _refusal(clients, account_id, name):
    """(code, message) of the answer, None when the account may pull."""
    try:
        with errors.told(f"repository {name} of account {account_id}", clients):
            clients.client("ecr").get_download_url_for_layer(
                registryId=account_id, repositoryName=name, layerDigest=NO_LAYER
            )
    except PlatformError as error:
        code = errors.code_of(error.__cause__)
        return None if code in PULLABLE else (code, error.message)
    return None
