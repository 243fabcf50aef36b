# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IAM OpenID Connect provider of an issuer, which lets roles trust its tokens."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import arguments, errors, ownership, tagging, unknown
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.iam import GONE
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel, reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

SCHEME = "https://"
PROVIDER_ARGUMENTS = {
    "key": {"type": "str", "default": "provider", "no_log": False},
    "url": {"type": "str", "required": True},
    "audiences": {"type": "list", "elements": "str", "default": ["sts.amazonaws.com"]},
    "thumbprints": {"type": "list", "elements": "str"},
}


class OidcProvider(Resource):
    """An OIDC provider; its name is its URL without scheme.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html
    IAM verifies EKS's issuers by its own authorities, so thumbprints are compared only where they are given.
    """

    kind = "iam_oidc_provider"
    exists_codes = ("EntityAlreadyExists",)
    attributes = (
        Attribute("url"),
        Attribute("audiences", form="set"),
        Attribute("thumbprints", form="set"),
        tagging.TAGS,
    )

    def __init__(self, clients, scope, key, name, wanted):
        super().__init__(clients, scope, key, name, wanted)
        self.iam = clients.client("iam")

    @property
    def arn(self) -> str:
        """The provider's ARN, unknown as long as its URL is."""
        if unknown.is_unknown(self.name):
            return self.unknown("arn")
        return f"arn:{self.clients.partition}:iam::{self.clients.account_id}:oidc-provider/{self.name}"

    @property
    def which(self) -> dict:
        """How calls name the provider."""
        return {"OpenIDConnectProviderArn": self.arn}

    def read(self):
        """GetOpenIDConnectProvider; none while the URL is unknown."""
        if unknown.is_unknown(self.name):
            return None
        try:
            provider = self.iam.get_open_id_connect_provider(**self.which)
        except is_boto3_error_code(GONE):
            return None
        return {
            "url": SCHEME + provider["Url"],
            "audiences": provider.get("ClientIDList", []),
            "thumbprints": provider.get("ThumbprintList", []),
            "tags": boto3_tag_list_to_ansible_dict(provider.get("Tags", [])),
        }

    def create(self):
        """CreateOpenIDConnectProvider with everything, the mark among the tags."""
        thumbprints = self.wanted.get("thumbprints")
        self.iam.create_open_id_connect_provider(
            Url=self.wanted["url"],
            ClientIDList=self.wanted["audiences"],
            Tags=ansible_dict_to_boto3_tag_list(self.wanted["tags"]),
            **({"ThumbprintList": thumbprints} if thumbprints else {}),
        )
        return {path: value for path, value in self.wanted.items() if value is not None}

    def update(self, found, changes):
        """One call per audience that differs, one for thumbprints, one for tags; each may be repeated without harm."""
        if tagging.touches(changes, "audiences"):
            before, after = set(found["audiences"]), set(self.wanted["audiences"])
            for audience in sorted(after - before):
                self.iam.add_client_id_to_open_id_connect_provider(ClientID=audience, **self.which)
            for audience in sorted(before - after):
                self.iam.remove_client_id_from_open_id_connect_provider(ClientID=audience, **self.which)
        if tagging.touches(changes, "thumbprints"):
            self.iam.update_open_id_connect_provider_thumbprint(ThumbprintList=self.wanted["thumbprints"], **self.which)
        tags = tagging.wanted(changes)
        if tags:
            self.iam.tag_open_id_connect_provider(Tags=ansible_dict_to_boto3_tag_list(tags), **self.which)

    def delete(self, _found):
        """DeleteOpenIDConnectProvider; roles that trust it cannot be assumed any more."""
        self.iam.delete_open_id_connect_provider(**self.which)

    def facts(self, _found):
        """URL and ARN; both are unknown while the issuer is."""
        return {"url": self.wanted["url"], "arn": self.arn}


def run_provider(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile one provider; result of reconcile, and ``provider`` with the facts of the one resource."""
    key, url = params["key"], params["url"].rstrip("/")
    if not unknown.is_unknown(url) and not url.startswith(SCHEME):
        raise PlatformError(f"`url` must begin with {SCHEME}, not {url}")
    tags = arguments.tags(OidcProvider.kind, params, key, {})
    wanted = {"url": url, "audiences": params["audiences"], "thumbprints": params["thumbprints"], "tags": tags}
    provider = OidcProvider(clients, params["scope"], key, url.removeprefix(SCHEME), wanted)
    result = reconcile(
        [provider],
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params["scope"], provider.arn),
        progress=progress,
    )
    return {**result, "provider": result["resources"][key]}


def _unwanted(clients, scope, wanted_arn):
    """Providers marked for this scope of another URL, such as that of a cluster that was made anew."""
    iam = clients.client("iam")

    def look(arn):
        tags = []
        # One that somebody deletes meanwhile has none.
        with errors.told(f"tags of {arn}", clients), errors.gone(GONE):
            tags = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"]
        mark = boto3_tag_list_to_ansible_dict(tags).get(ownership.MARK)
        key = ownership.marked_key(mark, OidcProvider.kind, scope)
        return OidcProvider(clients, scope, key, arn.partition(":oidc-provider/")[2], {}) if key else None

    with errors.told("OIDC providers of the account", clients):
        found = [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    return [provider for provider in parallel(look, [arn for arn in found if arn != wanted_arn]) if provider]
