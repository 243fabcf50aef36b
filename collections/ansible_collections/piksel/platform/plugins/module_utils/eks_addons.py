# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed add-ons of an EKS cluster: the version, its configuration, its role; made, updated, and waited for."""

from __future__ import annotations

import json

from ansible_collections.piksel.platform.plugins.module_utils import arguments, eks_part, errors, tagging
from ansible_collections.piksel.platform.plugins.module_utils import eks_addon_catalogue as catalogue
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute, Change
from ansible_collections.piksel.platform.plugins.module_utils.eks_part import ClusterPart, Home, Words
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.iam import while_role_is_new
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel, reconcile

GIVEN = "as given"
ADDON_OPTIONS = {
    "version": {"type": "str", "default": catalogue.DEFAULT},
    "configuration_values": {"type": "dict", "default": {}},
    "service_account_role_arn": {"type": "str"},
    "resolve_conflicts": {"type": "str", "choices": ["OVERWRITE", "PRESERVE", "NONE"], "default": "PRESERVE"},
    "wait_for": {"type": "str", "choices": ["active", "created"], "default": "active"},
    "tags": {"type": "dict", "default": {}},
}
ADDONS_ARGUMENTS = {
    **eks_part.CLUSTER_ARGUMENTS,
    "kubernetes_version": {"type": "str", "required": True},
    "addons": {"type": "dict", "required": True},
    "wait_timeout": {"type": "int", "default": 1200},
}


class Addon(ClusterPart):
    """A managed add-on. https://docs.aws.amazon.com/eks/latest/APIReference/API_Addon.html"""

    kind = "eks_addon"
    words = Words("addon", "addon", "addonName", "addons")
    typical = 60
    restriction = "downgrade"
    attributes = (
        Attribute("version"),
        Attribute("service_account_role_arn"),
        # The entry owns the whole document: UpdateAddon replaces it as such.
        Attribute("configuration_values", form="owned_map"),
        tagging.TAGS,
    )

    def __init__(self, clients, home, scope, key, name, wanted, *, given=None, kubernetes_version=None, why=None):
        """``given`` are the options of the entry as ADDON_OPTIONS has them; ``why`` tells how the version was chosen,
        None where it was given and nothing had to be asked."""
        super().__init__(clients, home, scope, key, name, wanted)
        self.given = given or {}
        self.kubernetes_version = kubernetes_version
        self.why = why
        # Looked up or not, what was given stays given.
        self.is_chosen = why is not None
        if self.given.get("wait_for") == "created":
            self.settled = ("ACTIVE", "DEGRADED")

    @staticmethod
    def flat(described):
        """An Addon of the API, flat; the configuration is compared as a map, however it was written."""
        return {
            "arn": described["addonArn"],
            "status": described["status"],
            "failure": eks_part.reason(described),
            "version": described.get("addonVersion"),
            "service_account_role_arn": described.get("serviceAccountRoleArn"),
            "configuration_values": catalogue.parsed(described.get("configurationValues")),
            "tags": described.get("tags", {}),
        }

    @staticmethod
    def told(seen):
        """While it is degraded, the issues say what is waited for."""
        return f"DEGRADED ({seen['failure']})" if seen["status"] == "DEGRADED" else seen["status"]

    def changes(self, found):
        """A failed update is repeated even where EKS shows what was wanted."""
        changes = super().changes(found)
        if found["status"] == "UPDATE_FAILED":
            changes.append(Change("status", "UPDATE_FAILED", "ACTIVE"))
        return changes

    def restrictions(self, changes):
        """To go back to an older version is allowed by EKS, and waits for its word.

        An inventory that was not updated after somebody's upgrade would otherwise undo it.
        """
        free, held = [], []
        for change in changes:
            back = change.path == "version" and catalogue.order(change.after) < catalogue.order(change.before)
            (held if back else free).append(change)
        return free, held

    def refusals(self, found, changes):
        """A version that EKS does not offer, and configuration that its schema lacks; asked only about what changes."""
        paths = {change.path.partition(".")[0] for change in changes}
        if found is not None and not paths & {"version", "configuration_values", "status"}:
            return []
        version, name = self.wanted["version"], self.name
        if self.why is None:
            try:
                offers = catalogue.offered(self.clients, name, self.kubernetes_version)
                _same, self.why = catalogue.chosen(name, version, offers, self.kubernetes_version)
            except PlatformError as error:
                return [error]
        return catalogue.refused_configuration(self.clients, name, version, self.wanted["configuration_values"])

    def create(self):
        """CreateAddon, and wait for it.

        A new cluster comes with some add-ons unmanaged: they are taken over, unless conflicts are to be told.
        https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html
        """
        request = self._request(self.wanted)
        request["resolveConflicts"] = "NONE" if self.given["resolve_conflicts"] == "NONE" else "OVERWRITE"
        while_role_is_new(
            lambda: self.eks.create_addon(**self.which, **request, tags=self.wanted["tags"]),
            self.clients,
            [arn for arn in [self.wanted["service_account_role_arn"]] if arn],
        )
        return self.await_settled()

    def update(self, found, changes):
        """Tags at once; everything else in one UpdateAddon, which is waited for."""
        after = self.tag(found, changes)
        rest = [change for change in changes if not change.path.startswith("tags.")]
        if not rest:
            return after
        # A version that is held back stays as it is, and so does a role that others gave: left out, EKS takes it away.
        kept = {} if any(change.path == "version" for change in rest) else {"version": found["version"]}
        if self.wanted["service_account_role_arn"] is None:
            kept["service_account_role_arn"] = found["service_account_role_arn"]
        request = self._request({**self.wanted, **kept})
        self.update_by("update_addon", **request, resolveConflicts=self.given["resolve_conflicts"])
        return self.await_settled()

    def _request(self, wanted):
        """What CreateAddon and UpdateAddon have in common."""
        request = {
            "addonVersion": wanted["version"],
            "configurationValues": json.dumps(wanted["configuration_values"], sort_keys=True),
            "serviceAccountRoleArn": wanted["service_account_role_arn"],
        }
        return {name: value for name, value in request.items() if value}

    def delete_call(self):
        """DeleteAddon; the software of one that is no longer wanted goes with it, that of one to be made anew stays."""
        super().delete_call(preserve=bool(self.wanted))

    def facts(self, found):
        """Version, why it is this one, ARN and state."""
        known = {
            "name": self.name,
            "version": (found or self.wanted)["version"],
            "why": self.why if self.is_chosen else GIVEN,
        }
        return known | self.state(found)


def run_addons(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile the add-ons of one cluster; the result of reconcile, and ``notices``.

    The notices tell why a version was chosen where one is made or changed, and which add-on is degraded.
    """
    wanted = arguments.entries("addons", params["addons"], ADDON_OPTIONS)
    home = Home(params["cluster_name"], params.get("cluster_endpoint"))
    addons = parallel(lambda item: _addon(clients, params, home, *item), wanted.items())
    result = reconcile(
        addons,
        check_mode,
        consent=params["consent"],
        orphans=lambda: eks_part.unwanted(Addon, clients, home, params["scope"], {addon.name for addon in addons}),
        progress=progress,
    )
    return {**result, "notices": _notices(addons, result)}


def _addon(clients, params, home, name, entry):
    """The add-on of an entry; a version that has to be looked up is."""
    kubernetes, version, why = params["kubernetes_version"], entry["version"], None
    if version == catalogue.DEFAULT:
        with errors.told(f"add-on {name}", clients):
            offers = catalogue.offered(clients, name, kubernetes)
        version, why = catalogue.chosen(name, version, offers, kubernetes)
    wanted = {
        "version": version,
        "service_account_role_arn": entry["service_account_role_arn"],
        "configuration_values": entry["configuration_values"],
        "tags": arguments.tags(Addon.kind, params, name, entry),
    }
    addon = Addon(
        clients, home, params["scope"], name, name, wanted, given=entry, kubernetes_version=kubernetes, why=why
    )
    addon.limit = params["wait_timeout"]
    return addon


def _notices(addons, result):
    touched = {
        operation["object"]
        for operation in result["operations"]
        if any(change["path"] == "version" for change in operation["changes"])
    }
    told = [
        f"{addon.subject}: version {addon.wanted['version']} is {addon.why}."
        for addon in addons
        if addon.name in touched and addon.why
    ]
    return told + eks_part.degraded(addons, result["resources"])
