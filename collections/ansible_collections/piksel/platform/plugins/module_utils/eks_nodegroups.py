# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed node groups of an EKS cluster: made whole in one call, changed by configuration and by version."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils import arguments, eks_part, tagging
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute, Change
from ansible_collections.piksel.platform.plugins.module_utils.eks_part import ClusterPart, Home, Words
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.iam import while_role_is_new
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile

EFFECTS = ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")
TAINT_OPTIONS = {
    "key": {"type": "str", "required": True, "no_log": False},
    "value": {"type": "str", "default": ""},
    "effect": {"type": "str", "choices": list(EFFECTS), "required": True},
}
NODEGROUP_OPTIONS = {
    "name": {"type": "str", "required": True},
    "node_role_arn": {"type": "str", "required": True},
    "subnet_ids": {"type": "list", "elements": "str", "required": True},
    "capacity_type": {"type": "str", "choices": ["ON_DEMAND", "SPOT"], "default": "ON_DEMAND"},
    "instance_types": {"type": "list", "elements": "str", "required": True},
    "ami_type": {"type": "str", "default": "AL2023_x86_64_STANDARD"},
    "kubernetes_version": {"type": "str"},
    "release_version": {"type": "str"},
    "launch_template_id": {"type": "str"},
    "launch_template_version": {"type": "str"},
    "min_size": {"type": "int", "default": 1},
    "max_size": {"type": "int", "default": 2},
    "desired_size": {"type": "int", "default": 1},
    "labels": {"type": "dict", "default": {}},
    "taints": {"type": "list", "elements": "dict", "options": TAINT_OPTIONS, "default": []},
    "max_unavailable": {"type": "int"},
    "max_unavailable_percentage": {"type": "int"},
    "tags": {"type": "dict", "default": {}},
}
NODEGROUPS_ARGUMENTS = {**eks_part.CLUSTER_ARGUMENTS, "nodegroups": {"type": "dict", "required": True}}
_CONFIG = ("min_size", "max_size", "labels", "taints", "max_unavailable", "max_unavailable_percentage")
_VERSION = ("kubernetes_version", "release_version", "launch_template_version")


class Nodegroup(ClusterPart):
    """A managed node group. https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html

    ``taints`` maps "<key>:<effect>" to the value; the entry owns all labels and taints, since they decide what runs
    on the nodes. ``desired_size`` counts at creation: later it belongs to whoever scales the group.
    """

    kind = "eks_nodegroup"
    words = Words("nodegroup", "nodegroup", "nodegroupName", "nodegroups")
    typical = 3 * eks_part.MINUTE
    attributes = (
        Attribute("node_role_arn", immutable=True),
        Attribute("subnet_ids", form="set", immutable=True),
        Attribute("capacity_type", immutable=True),
        Attribute("instance_types", immutable=True),
        Attribute("ami_type", immutable=True),
        Attribute("launch_template_id", immutable=True),
        Attribute("launch_template_version"),
        Attribute("kubernetes_version"),
        Attribute("release_version"),
        Attribute("min_size"),
        Attribute("max_size"),
        Attribute("labels", form="owned_map"),
        Attribute("taints", form="owned_map"),
        Attribute("max_unavailable"),
        Attribute("max_unavailable_percentage"),
        tagging.TAGS,
    )

    @staticmethod
    def flat(described):
        """A Nodegroup of the API, flat."""
        scaling, template = described.get("scalingConfig", {}), described.get("launchTemplate", {})
        update = described.get("updateConfig", {})
        return {
            "arn": described["nodegroupArn"],
            "status": described["status"],
            "failure": eks_part.reason(described),
            "node_role_arn": described.get("nodeRole"),
            "subnet_ids": described.get("subnets", []),
            "capacity_type": described.get("capacityType"),
            "instance_types": described.get("instanceTypes", []),
            "ami_type": described.get("amiType"),
            "launch_template_id": template.get("id"),
            "launch_template_version": template.get("version"),
            "kubernetes_version": described.get("version"),
            "release_version": described.get("releaseVersion"),
            "min_size": scaling.get("minSize"),
            "max_size": scaling.get("maxSize"),
            "desired_size": scaling.get("desiredSize"),
            "labels": described.get("labels", {}),
            "taints": taints(described.get("taints", [])),
            "max_unavailable": update.get("maxUnavailable"),
            "max_unavailable_percentage": update.get("maxUnavailablePercentage"),
            "tags": described.get("tags", {}),
            "group_names": [group["name"] for group in described.get("resources", {}).get("autoScalingGroups", [])],
        }

    def creation(self):
        """Everything wanted, with the size that counts only at creation."""
        return [*super().creation(), Change("desired_size", None, self.wanted["desired_size"])]

    def refusals(self, found, changes):
        """The nodes' Kubernetes version never goes back."""
        findings = []
        for change in changes:
            if change.path == "kubernetes_version" and _minor(change.after) < _minor(change.before):
                findings.append(
                    PlatformError(
                        f"its nodes run Kubernetes {change.before}, a downgrade to {change.after} is not possible",
                        subject=self.subject,
                        advice=f"Set the version to {change.before} or later.",
                        **self.place(),
                    )
                )
        return findings

    def create(self):
        """CreateNodegroup, and wait for its nodes.

        https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html
        """
        wanted = self.wanted
        request = {
            "nodeRole": wanted["node_role_arn"],
            "subnets": wanted["subnet_ids"],
            "capacityType": wanted["capacity_type"],
            "instanceTypes": wanted["instance_types"],
            "amiType": wanted["ami_type"],
            "version": wanted["kubernetes_version"],
            "releaseVersion": wanted["release_version"],
            "scalingConfig": self._scaling(wanted["desired_size"]),
            "labels": wanted["labels"],
            "taints": [taint(key, value) for key, value in sorted(wanted["taints"].items())],
            "launchTemplate": self._template(),
            "updateConfig": self._update_config(),
            "tags": wanted["tags"],
        }
        request = {name: value for name, value in request.items() if value}
        while_role_is_new(
            lambda: self.eks.create_nodegroup(**self.which, **request), self.clients, [wanted["node_role_arn"]]
        )
        return self.await_settled()

    def update(self, found, changes):
        """Tags at once, then UpdateNodegroupConfig, then UpdateNodegroupVersion, each waited for."""
        self.tag(found, changes)
        touched = {change.path.partition(".")[0] for change in changes}
        if touched & set(_CONFIG):
            self.update_by("update_nodegroup_config", **self._config(found, changes, touched))
        if touched & set(_VERSION):
            self.update_by("update_nodegroup_version", **self._version(found, touched))
        return self.await_settled()

    def _config(self, found, changes, touched):
        """https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupConfig.html"""
        request = {}
        if touched & {"min_size", "max_size"}:
            request["scalingConfig"] = self._limits(found)
        labels = _by_key(changes, "labels.")
        if labels:
            request["labels"] = _payload("Labels", _set(labels), sorted(_gone(labels)))
        changed = _by_key(changes, "taints.")
        if changed:
            added = [taint(key, value) for key, value in sorted(_set(changed).items())]
            removed = [taint(key, found["taints"][key]) for key in sorted(_gone(changed))]
            request["taints"] = _payload("Taints", added, removed)
        if touched & {"max_unavailable", "max_unavailable_percentage"}:
            request["updateConfig"] = self._update_config()
        return request

    def _version(self, found, touched):
        """https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupVersion.html"""
        # Left out, EKS would take the cluster's version and the newest release of it.
        kept = None if "kubernetes_version" in touched else found["release_version"]
        request = {
            "version": self.wanted["kubernetes_version"] or found["kubernetes_version"],
            "releaseVersion": self.wanted["release_version"] or kept,
        }
        if "launch_template_version" in touched:
            request["launchTemplate"] = self._template()
        return {name: value for name, value in request.items() if value}

    def _limits(self, found):
        """The new limits; the desired size, which others move, only where it lies outside them now."""
        desired = (self.read() or found)["desired_size"]
        scaling = self._scaling(desired)
        if scaling["desiredSize"] == desired:
            del scaling["desiredSize"]
        return scaling

    def _scaling(self, desired):
        low, high = self.wanted["min_size"], self.wanted["max_size"]
        return {"minSize": low, "maxSize": high, "desiredSize": min(max(desired, low), high)}

    def _template(self):
        template = {"id": self.wanted["launch_template_id"], "version": self.wanted["launch_template_version"]}
        return {name: value for name, value in template.items() if value} if template["id"] else {}

    def _update_config(self):
        config = {
            "maxUnavailable": self.wanted["max_unavailable"],
            "maxUnavailablePercentage": self.wanted["max_unavailable_percentage"],
        }
        return {name: value for name, value in config.items() if value}

    def facts(self, found):
        """Name, ARN, state and the names of the Auto Scaling groups behind it."""
        groups = found["group_names"] if found else self.unknown("group_names")
        return {"name": self.name, "group_names": groups} | self.state(found)


def taints(described: list[dict]) -> dict[str, str]:
    """Taints as a map from "<key>:<effect>", by which Kubernetes tells them apart, to the value."""
    return {f"{one['key']}:{one['effect']}": one.get("value", "") for one in described}


def taint(key: str, value: str) -> dict:
    """A Taint of the API; it takes no empty value."""
    name, _colon, effect = key.rpartition(":")
    return {"key": name, "effect": effect} | ({"value": value} if value else {})


def _by_key(changes, prefix):
    """What becomes of each key of an attribute that is a map: key -> value after, None for one that goes."""
    return {change.path.removeprefix(prefix): change.after for change in changes if change.path.startswith(prefix)}


def _set(changed):
    return {key: value for key, value in changed.items() if value is not None}


def _gone(changed):
    return [key for key, value in changed.items() if value is None]


def _payload(what, added, removed):
    payload = {f"addOrUpdate{what}": added, f"remove{what}": removed}
    return {name: value for name, value in payload.items() if value}


def _minor(version):
    return tuple(int(part) for part in version.split(".")[:2])


def run_nodegroups(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile the node groups of one cluster; the result of reconcile, and ``notices`` of degraded ones.

    resources: key -> {"name", "group_names", "arn", "status", "health"}.
    """
    wanted = arguments.entries(
        "nodegroups",
        params["nodegroups"],
        NODEGROUP_OPTIONS,
        mutually_exclusive=[("max_unavailable", "max_unavailable_percentage")],
    )
    home = Home(params["cluster_name"], params.get("cluster_endpoint"))
    groups = [_group(clients, params, home, key, entry) for key, entry in wanted.items()]
    result = reconcile(
        groups,
        check_mode,
        consent=params["consent"],
        orphans=lambda: eks_part.unwanted(Nodegroup, clients, home, params["scope"], {group.name for group in groups}),
        progress=progress,
    )
    return {**result, "notices": eks_part.degraded(groups, result["resources"])}


def _group(clients, params, home, key, entry):
    wanted = {name: entry[name] for name in NODEGROUP_OPTIONS if name not in ("name", "taints", "tags")}
    wanted["labels"] = {str(name): str(value) for name, value in entry["labels"].items()}
    wanted["taints"] = taints(entry["taints"])
    wanted["tags"] = arguments.tags(Nodegroup.kind, params, key, entry)
    return Nodegroup(clients, home, params["scope"], key, entry["name"], wanted)
