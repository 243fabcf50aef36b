"""Managed node groups (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import checks, nodegroup_checks, seams
from .exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from .models_base import DELETED, Lifecycle, Update
from .models_cluster import Cluster
from .utils import data, first, new_uuid, without_none

DEFAULT_SCALING = {"minSize": 1, "maxSize": 2, "desiredSize": 2}
DEFAULT_AMI_TYPE = "AL2023_x86_64_STANDARD"
DEFAULT_DISK_SIZE = 20


class Nodegroup(Lifecycle):
    """A managed node group. `settings` holds the members of shape `Nodegroup` that a request sets."""

    def __init__(self, cluster: Cluster, partition: str, name: str, settings: dict[str, Any], failure: str | None):
        super().__init__("eks::nodegroup", "CREATING", "CREATE_FAILED" if failure else "ACTIVE")
        uuid = new_uuid()
        self.name = name
        self.cluster_name = cluster.name
        self.settings = settings
        self.node_role: str = settings["nodeRole"]
        self.version: str = settings.pop("version")
        self.release_version: str | None = settings.pop("releaseVersion")
        self.tags: dict[str, str] = settings.pop("tags", None) or {}
        self.failure = failure
        self.updates: dict[str, Update] = {}
        self.group_name = f"eks-{name}-{uuid}"
        self.arn = f"arn:{partition}:eks:{cluster.region}:{cluster.account_id}:nodegroup/{cluster.name}/{name}/{uuid}"

    def to_dict(self) -> dict[str, Any]:
        """Shape `Nodegroup`."""
        has_failed = self.current.endswith("FAILED")
        issue = {"code": "NodeCreationFailure", "message": self.failure or "", "resourceIds": [self.group_name]}
        return without_none(
            {
                **self.settings,
                "nodegroupName": self.name,
                "nodegroupArn": self.arn,
                "clusterName": self.cluster_name,
                "version": self.version,
                "releaseVersion": self.release_version,
                "createdAt": self.created_at,
                "modifiedAt": self.modified_at,
                "status": self.current,
                "resources": {"autoScalingGroups": [{"name": self.group_name}]},
                "health": {"issues": [issue] if has_failed else []},
                "tags": dict(self.tags),
            }
        )


def release_of(version: str) -> str:
    """The release of the node image that EKS installs by default for a Kubernetes version."""
    entry = first(data("versions"), lambda item: item["clusterVersion"] == version)
    if entry is None:
        raise InvalidParameterException(f"Requested Nodegroup version {version} is not supported")
    return f"{entry['kubernetesPatchVersion']}-{entry['nodeRelease']}"


class NodegroupBackend:
    """The node group operations of `EKSBackend`."""

    account_id: str
    region_name: str
    partition: str

    def create_nodegroup(self, request: dict[str, Any]) -> Nodegroup:
        """CreateNodegroup; `request` is a CreateNodegroupRequest."""
        request = without_none(request)
        cluster = self.describe_cluster(request.pop("clusterName"))
        cluster.require_active()
        name = request.pop("nodegroupName")
        if name in cluster.nodegroups:
            raise ResourceInUseException(
                f"NodeGroup already exists with name {name} and cluster name {cluster.name}",
                cluster=cluster.name,
                nodegroup=name,
            )
        settings = self._nodegroup_settings(cluster, request)
        failure = seams.failure_for("CreateNodegroup", name, self.account_id)
        group = Nodegroup(cluster, self.partition, name, settings, failure)
        cluster.nodegroups[name] = group
        self.entry_for_nodes(cluster, group.node_role, "EC2_LINUX")
        self.announce(cluster)
        return group

    def describe_nodegroup(self, cluster_name: str, nodegroup_name: str) -> Nodegroup:
        """DescribeNodegroup. Raises ResourceNotFoundException."""
        cluster = self.describe_cluster(cluster_name)
        if nodegroup_name not in cluster.nodegroups:
            raise ResourceNotFoundException(
                f"No node group found for name: {nodegroup_name}.", cluster=cluster_name, nodegroup=nodegroup_name
            )
        return cluster.nodegroups[nodegroup_name]

    def list_nodegroups(self, cluster_name: str) -> list[str]:
        """ListNodegroups: names, sorted."""
        return sorted(self.describe_cluster(cluster_name).nodegroups)

    def delete_nodegroup(self, cluster_name: str, nodegroup_name: str) -> Nodegroup:
        """DeleteNodegroup. Raises ResourceInUseException while it changes."""
        group = self.describe_nodegroup(cluster_name, nodegroup_name)
        if group.current in ("DELETING", "UPDATING", "CREATING"):
            raise ResourceInUseException(
                f"Cannot delete node group {nodegroup_name} in status {group.current}",
                cluster=cluster_name,
                nodegroup=nodegroup_name,
            )
        group.failure = seams.failure_for("DeleteNodegroup", nodegroup_name, self.account_id)
        group.begin("DELETING", "DELETE_FAILED" if group.failure else DELETED)
        return group

    def update_nodegroup_config(self, request: dict[str, Any]) -> Update:
        """UpdateNodegroupConfig; `request` as the API has it."""
        group = self.describe_nodegroup(request["clusterName"], request["nodegroupName"])
        changes: dict[str, Any] = {}
        params: dict[str, Any] = {}
        if request.get("scalingConfig"):
            scaling = {**group.settings["scalingConfig"], **request["scalingConfig"]}
            nodegroup_checks.scaling(scaling)
            changes["scalingConfig"] = scaling
            params |= {key[0].upper() + key[1:]: str(value) for key, value in request["scalingConfig"].items()}
        if request.get("labels"):
            changes["labels"] = nodegroup_checks.changed_labels(group.settings["labels"], request["labels"])
            params |= {
                "LabelsToAdd": request["labels"].get("addOrUpdateLabels") or {},
                "LabelsToRemove": request["labels"].get("removeLabels") or [],
            }
        if request.get("taints"):
            changes["taints"] = nodegroup_checks.changed_taints(group.settings["taints"], request["taints"])
            params |= {
                "TaintsToAdd": request["taints"].get("addOrUpdateTaints") or [],
                "TaintsToRemove": request["taints"].get("removeTaints") or [],
            }
        if request.get("updateConfig"):
            changes["updateConfig"] = nodegroup_checks.update_config(request["updateConfig"])
            params |= {key[0].upper() + key[1:]: str(value) for key, value in request["updateConfig"].items()}
        if request.get("nodeRepairConfig"):
            changes["nodeRepairConfig"] = request["nodeRepairConfig"]
            params["NodeRepairEnabled"] = bool(request["nodeRepairConfig"].get("enabled"))
        if not changes:
            raise InvalidParameterException(
                "No changes needed for the config provided", cluster=group.cluster_name, nodegroup=group.name
            )
        return self._update_group(
            group, "UpdateNodegroupConfig", "ConfigUpdate", params, lambda: group.settings.update(changes)
        )

    def update_nodegroup_version(
        self,
        cluster_name: str,
        nodegroup_name: str,
        version: str | None = None,
        release_version: str | None = None,
        launch_template: dict[str, Any] | None = None,
        force: bool = False,
    ) -> Update:
        """UpdateNodegroupVersion: to the cluster's version or less, never down; or another template version."""
        group = self.describe_nodegroup(cluster_name, nodegroup_name)
        cluster = self.describe_cluster(cluster_name)
        target = version or (group.version if launch_template else cluster.version)
        if int(target.split(".")[1]) > int(cluster.version.split(".")[1]):
            raise InvalidParameterException(
                f"Nodegroup Kubernetes version should be equal to or less than cluster version {cluster.version}",
                cluster=cluster_name,
                nodegroup=nodegroup_name,
            )
        if int(target.split(".")[1]) < int(group.version.split(".")[1]):
            raise InvalidParameterException(
                f"Nodegroup version {group.version} can not be downgraded to {target}",
                cluster=cluster_name,
                nodegroup=nodegroup_name,
            )
        release = release_version or release_of(target)
        template = nodegroup_checks.launch_template(self.account_id, self.region_name, launch_template)
        params = {"Version": target, "ReleaseVersion": release}
        if template:
            params |= {"LaunchTemplateName": template["name"], "LaunchTemplateVersion": template["version"]}

        def apply() -> None:
            group.version = target
            group.release_version = release
            if template:
                group.settings["launchTemplate"] = template

        return self._update_group(group, "UpdateNodegroupVersion", "VersionUpdate", params, apply)

    def settle_nodegroups(self, cluster: Cluster) -> None:
        """Move groups and their updates on and remove deleted ones."""
        for name, group in list(cluster.nodegroups.items()):
            for update in list(group.updates.values()):
                if update.in_progress and update.settle():
                    self.announce(cluster)
            if group.settle():
                self.announce(cluster)
            if group.current == DELETED:
                del cluster.nodegroups[name]

    def _update_group(
        self, group: Nodegroup, operation: str, kind: str, params: dict[str, Any], apply: Callable[[], None]
    ) -> Update:
        running = first(list(group.updates.values()), lambda update: update.in_progress)
        if running:
            raise ResourceInUseException(
                f"Cannot {kind} because nodegroup {group.name} currently has update {running.id} in progress",
                cluster=group.cluster_name,
                nodegroup=group.name,
            )
        if group.current not in ("ACTIVE", "DEGRADED"):
            raise InvalidRequestException(
                f"Nodegroup cannot be updated as it is currently not in Active State (status {group.current})",
                cluster=group.cluster_name,
                nodegroup=group.name,
            )
        failure = seams.failure_for(operation, group.name, self.account_id)
        update = Update(kind, params, apply, lambda succeeded: group.begin("ACTIVE", "ACTIVE"), failure)
        group.updates[update.id] = update
        group.begin("UPDATING", "UPDATING")
        return update

    def _nodegroup_settings(self, cluster: Cluster, request: dict[str, Any]) -> dict[str, Any]:
        subnets = checks.subnets(self.account_id, self.region_name, request["subnets"])
        if any(subnet.vpc_id != cluster.vpc_id for subnet in subnets):
            raise InvalidParameterException("Subnets are not in the cluster VPC", cluster=cluster.name)
        nodegroup_checks.node_role(self.account_id, self.region_name, request["nodeRole"])
        scaling = {**DEFAULT_SCALING, **(request.get("scalingConfig") or {})}
        nodegroup_checks.scaling(scaling)
        template = nodegroup_checks.launch_template(self.account_id, self.region_name, request.get("launchTemplate"))
        nodegroup_checks.template_members(request, template)
        version = request.get("version") or cluster.version
        if int(version.split(".")[1]) > int(cluster.version.split(".")[1]):
            raise InvalidParameterException(
                f"Nodegroup Kubernetes version should be equal to or less than cluster version {cluster.version}",
                cluster=cluster.name,
            )
        ami_type = request.get("amiType") or DEFAULT_AMI_TYPE
        nodegroup_checks.ami_type(ami_type, version)
        types = request.get("instanceTypes") or ([] if template else ["t3.medium"])
        nodegroup_checks.instance_types(types)
        return {
            **request,
            "scalingConfig": scaling,
            "version": version,
            "releaseVersion": request.get("releaseVersion") or release_of(version),
            "capacityType": request.get("capacityType") or "ON_DEMAND",
            "amiType": ami_type,
            "instanceTypes": types or None,
            "diskSize": None if template else request.get("diskSize", DEFAULT_DISK_SIZE),
            "launchTemplate": template,
            "labels": nodegroup_checks.changed_labels({}, {"addOrUpdateLabels": request.get("labels") or {}}),
            "taints": nodegroup_checks.changed_taints([], {"addOrUpdateTaints": request.get("taints") or []}),
            "updateConfig": nodegroup_checks.update_config(request.get("updateConfig") or {"maxUnavailable": 1}),
            "nodeRepairConfig": request.get("nodeRepairConfig") or {"enabled": False},
        }
