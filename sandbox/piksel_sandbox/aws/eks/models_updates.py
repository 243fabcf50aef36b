"""Updates of clusters: version, configuration, encryption; DescribeUpdate and ListUpdates for every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import checks, seams
from .exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from .models_base import Update
from .models_cluster import Cluster, kubernetes_version, log_setups, vpc_config
from .utils import first, memo_key, without_none

MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
VERSION_UPDATE = "VersionUpdate"


class UpdateBackend:
    """The update operations of `EKSBackend`."""

    account_id: str
    region_name: str

    def settle_updates(self, cluster: Cluster, state: str, reason: str | None) -> None:
        """Move the updates of a cluster on; one of the version waits for the processes (`state`, `reason`)."""
        for update in list(cluster.updates.values()):
            if not update.in_progress:
                continue
            if update.kind == VERSION_UPDATE and not update.failure:
                if not getattr(update, "is_asked", False) or state == "STARTING":
                    continue
                if state == "FAILED":
                    update.fail(reason or "The control plane could not be updated")
                    continue
            update.settle()

    def start_update(
        self,
        cluster: Cluster,
        operation: str,
        kind: str,
        params: dict[str, Any],
        apply: Callable[[], None],
    ) -> Update:
        """Begin an update of the cluster itself, which is UPDATING until the end.

        Raises ResourceInUseException while another runs, InvalidRequestException if the cluster is not ACTIVE.
        """
        running = cluster.running_update
        if running:
            raise ResourceInUseException(
                f"Cannot {kind} because cluster {cluster.name} currently has update {running.id} in progress",
                cluster=cluster.name,
            )
        if cluster.current != "ACTIVE":
            raise InvalidRequestException(f"Cluster '{cluster.name}' is not in ACTIVE status", cluster=cluster.name)

        def finish(succeeded: bool) -> None:
            cluster.begin("ACTIVE", "ACTIVE")

        failure = seams.failure_for(operation, cluster.name, self.account_id)
        update = Update(kind, params, apply, finish, failure)
        cluster.updates[update.id] = update
        cluster.begin("UPDATING", "UPDATING")
        return update

    def update_cluster_version(
        self, name: str, version: str, force: bool = False, rollback_config: dict[str, Any] | None = None
    ) -> Update:
        """UpdateClusterVersion: to the next minor version only, as the service upgrades control planes.

        Raises InvalidParameterException for an unknown version, a downgrade, the same or a skipped minor.
        """
        cluster = self.describe_cluster(name)
        entry = kubernetes_version(version)
        if _minor(version) != _minor(cluster.version) + 1:
            raise InvalidParameterException(
                f"Unsupported Kubernetes minor version update from {cluster.version} to {version}", cluster=name
            )
        late = first(
            list(cluster.nodegroups.values()), lambda group: _minor(cluster.version) - _minor(group.version) >= 3
        )
        if late is not None:
            raise InvalidRequestException(
                f"Nodegroup(s) {late.name} must be updated before the cluster can be updated to {version}",
                cluster=name,
            )

        def apply() -> None:
            cluster.version = version

        params = {"Version": version, "PlatformVersion": entry["defaultPlatformVersion"]}
        update = self.start_update(cluster, "UpdateClusterVersion", VERSION_UPDATE, params, apply)

        def ask() -> None:
            seams.control_planes().upgrade(cluster.ref, version)
            update.is_asked = True

        if not update.failure:
            self.later(ask)
        return update

    def update_cluster_config(self, request: dict[str, Any]) -> Update:
        """UpdateClusterConfig (`request` as the API has it): one kind of change a call.

        Raises InvalidParameterException for none, for several kinds, and for a change that changes nothing.
        """
        name = request.pop("name")
        cluster = self.describe_cluster(name)
        request = without_none(request)
        vpc = request.get("resourcesVpcConfig") or {}
        kinds = [key for key in request if key != "resourcesVpcConfig"]
        kinds += ["endpoint"] if _endpoint_keys(vpc) else []
        kinds += ["network"] if {"subnetIds", "securityGroupIds"} & vpc.keys() else []
        if not kinds:
            raise InvalidParameterException("No changes needed for the config provided", cluster=name)
        auto_mode = {"computeConfig", "kubernetesNetworkConfig", "storageConfig"}
        if len(kinds) > 1 and set(kinds) != auto_mode:
            raise InvalidParameterException("Only one type of update can be allowed.", cluster=name)
        handlers = {
            "endpoint": self._update_endpoint,
            "network": self._update_network,
            "logging": self._update_logging,
            "accessConfig": self._update_access,
            "upgradePolicy": self._update_member("upgradePolicy", "UpgradePolicyUpdate", "UpgradePolicy"),
            "zonalShiftConfig": self._update_member("zonalShiftConfig", "ZonalShiftConfigUpdate", "ZonalShiftConfig"),
            "deletionProtection": self._update_member(
                "deletionProtection", "DeletionProtectionUpdate", "DeletionProtection"
            ),
            "controlPlaneScalingConfig": self._update_member(
                "controlPlaneScalingConfig", "ControlPlaneScalingConfigUpdate", "UpdatedTier"
            ),
            "remoteNetworkConfig": self._update_member(
                "remoteNetworkConfig", "RemoteNetworkConfigUpdate", "RemoteNetworkConfig"
            ),
        }
        if kinds[0] not in handlers:
            raise InvalidParameterException(f"{kinds[0]} can not be updated", cluster=name)
        return handlers[kinds[0]](cluster, request)

    def associate_encryption_config(self, cluster_name: str, encryption_config: list[dict[str, Any]]) -> Update:
        """AssociateEncryptionConfig: once per cluster, never undone."""
        cluster = self.describe_cluster(cluster_name)
        if cluster.settings.get("encryptionConfig"):
            raise InvalidParameterException(
                f"Cluster {cluster_name} already has encryption config associated", cluster=cluster_name
            )
        if not encryption_config:
            raise InvalidParameterException("encryptionConfig can not be empty", cluster=cluster_name)
        checks.encryption_key(self.region_name, encryption_config)
        return self._change(
            cluster,
            "AssociateEncryptionConfig",
            "AssociateEncryptionConfig",
            {"EncryptionConfig": encryption_config},
            "encryptionConfig",
            encryption_config,
        )

    def describe_update(
        self,
        name: str,
        update_id: str,
        nodegroup_name: str | None = None,
        addon_name: str | None = None,
        capability_name: str | None = None,
    ) -> Update:
        """DescribeUpdate of the cluster, or of its named node group or add-on. Raises ResourceNotFoundException."""
        updates = self._updates_of(name, nodegroup_name, addon_name)
        if update_id not in updates:
            raise ResourceNotFoundException(
                f"No update found for ID: {update_id}", cluster=name, nodegroup=nodegroup_name, addon=addon_name
            )
        return updates[update_id]

    def list_updates(
        self,
        name: str,
        nodegroup_name: str | None = None,
        addon_name: str | None = None,
        capability_name: str | None = None,
    ) -> list[str]:
        """ListUpdates: ids, newest first."""
        return list(reversed(self._updates_of(name, nodegroup_name, addon_name)))

    def _updates_of(self, name: str, nodegroup_name: str | None, addon_name: str | None) -> dict[str, Update]:
        if nodegroup_name:
            return self.describe_nodegroup(name, nodegroup_name).updates
        if addon_name:
            return self.describe_addon(name, addon_name).updates
        return self.describe_cluster(name).updates

    def _change(
        self, cluster: Cluster, operation: str, kind: str, params: dict[str, Any], member: str, value: Any
    ) -> Update:
        def apply() -> None:
            cluster.settings[member] = value

        return self.start_update(cluster, operation, kind, params, apply)

    def _update_member(self, member: str, kind: str, param: str) -> Callable[[Cluster, dict[str, Any]], Update]:
        def update(cluster: Cluster, request: dict[str, Any]) -> Update:
            value = request[member]
            if memo_key(cluster.settings.get(member)) == memo_key(value):
                raise InvalidParameterException(
                    f"Cluster is already at the desired configuration with {member}", cluster=cluster.name
                )
            return self._change(cluster, "UpdateClusterConfig", kind, {param: value}, member, value)

        return update

    def _update_endpoint(self, cluster: Cluster, request: dict[str, Any]) -> Update:
        before = cluster.settings["resourcesVpcConfig"]
        change = {key: request["resourcesVpcConfig"][key] for key in _endpoint_keys(request["resourcesVpcConfig"])}
        after = vpc_config(before, change)
        if _same_endpoint(before, after):
            raise InvalidParameterException(
                "Cluster is already at the desired configuration with"
                f" endpointPrivateAccess: {str(after['endpointPrivateAccess']).lower()} ,"
                f" endpointPublicAccess: {str(after['endpointPublicAccess']).lower()},"
                f" and Public Endpoint Restrictions: [{', '.join(after['publicAccessCidrs'])}]",
                cluster=cluster.name,
            )
        params = {
            "EndpointPublicAccess": after["endpointPublicAccess"],
            "EndpointPrivateAccess": after["endpointPrivateAccess"],
            "PublicAccessCidrs": after["publicAccessCidrs"],
        }
        return self._change(cluster, "UpdateClusterConfig", "EndpointAccessUpdate", params, "resourcesVpcConfig", after)

    def _update_network(self, cluster: Cluster, request: dict[str, Any]) -> Update:
        before = cluster.settings["resourcesVpcConfig"]
        after = {**before, **request["resourcesVpcConfig"]}
        vpc_id = checks.cluster_subnets(self.account_id, self.region_name, after["subnetIds"])
        if vpc_id != cluster.vpc_id:
            raise InvalidParameterException("Subnets specified must belong to the same VPC", cluster=cluster.name)
        checks.security_groups(self.account_id, self.region_name, after["securityGroupIds"], vpc_id)
        if after == before:
            raise InvalidParameterException(
                "Cluster is already at the desired configuration with subnets and security groups provided",
                cluster=cluster.name,
            )
        params = {"Subnets": after["subnetIds"], "SecurityGroups": after["securityGroupIds"]}
        return self._change(cluster, "UpdateClusterConfig", "VpcConfigUpdate", params, "resourcesVpcConfig", after)

    def _update_logging(self, cluster: Cluster, request: dict[str, Any]) -> Update:
        after = log_setups(request["logging"], cluster.log_types)
        if after == cluster.log_types:
            raise InvalidParameterException("No changes needed for the logging config provided", cluster=cluster.name)

        def apply() -> None:
            cluster.log_types = after

        params = {"ClusterLogging": request["logging"]}
        return self.start_update(cluster, "UpdateClusterConfig", "LoggingUpdate", params, apply)

    def _update_access(self, cluster: Cluster, request: dict[str, Any]) -> Update:
        before = cluster.authentication_mode
        after = request["accessConfig"].get("authenticationMode")
        if after is None or after == before:
            raise InvalidParameterException(
                f"Cluster is already at the desired configuration with authentication mode: {before}",
                cluster=cluster.name,
            )
        if MODES.index(after) != MODES.index(before) + 1:
            raise InvalidParameterException(
                f"Unsupported authentication mode update from {before} to {after}", cluster=cluster.name
            )
        value = {**cluster.settings["accessConfig"], "authenticationMode": after}
        params = {"AuthenticationMode": after}
        return self._change(cluster, "UpdateClusterConfig", "AccessConfigUpdate", params, "accessConfig", value)


def _minor(version: str) -> int:
    return int(version.split(".")[1])


def _endpoint_keys(vpc: dict[str, Any]) -> list[str]:
    known = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")
    return [key for key in known if vpc.get(key) is not None]


def _same_endpoint(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return (
        before["endpointPublicAccess"] == after["endpointPublicAccess"]
        and before["endpointPrivateAccess"] == after["endpointPrivateAccess"]
        and set(before["publicAccessCidrs"]) == set(after["publicAccessCidrs"])
    )
