"""Add-ons of clusters (https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html)."""

from __future__ import annotations

from typing import Any

from piksel_sandbox.aws.lifecycle import now
from piksel_sandbox.kubernetes.addon_conflicts import conflict_issue

from . import addon_catalogue, checks, seams
from .addon_change import FATAL_ISSUES, Change
from .exceptions import InvalidParameterException, ResourceInUseException, ResourceNotFoundException
from .models_base import DELETED, Lifecycle, Update
from .models_cluster import Cluster
from .utils import first, new_uuid, without_none

# Where a self-managed add-on differs from another version of it at least.
IMAGES = {
    "coredns": 'Deployment.apps coredns - .spec.template.spec.containers[name="coredns"].image',
    "kube-proxy": 'DaemonSet.apps kube-proxy - .spec.template.spec.containers[name="kube-proxy"].image',
    "vpc-cni": 'DaemonSet.apps aws-node - .spec.template.spec.containers[name="aws-node"].image',
}


class Addon(Lifecycle):
    """An add-on of a cluster; its health is what the cluster's pods say."""

    def __init__(self, cluster: Cluster, partition: str, name: str, version: str, failure: str | None):
        super().__init__("eks::addon", "CREATING", "CREATE_FAILED" if failure else "ACTIVE")
        self.name = name
        self.cluster_name = cluster.name
        self.version = version
        self.failure = failure
        self.issues: list[dict[str, Any]] = []
        self.role_arn: str | None = None
        self.configuration: str | None = None
        self.namespace = addon_catalogue.entry(name)["defaultNamespace"]
        self.associations: list[str] = []
        self.tags: dict[str, str] = {}
        self.updates: dict[str, Update] = {}
        self.change = Change("OVERWRITE")
        self.arn = f"arn:{partition}:eks:{cluster.region}:{cluster.account_id}:addon/{cluster.name}/{name}/{new_uuid()}"

    def observe(self, issues: list[dict[str, Any]]) -> None:
        """Take over the health that the cluster reports, and the status that follows from it."""
        if self.current in ("ACTIVE", "DEGRADED"):
            self.issues = issues
            after = "DEGRADED" if issues else "ACTIVE"
            if after != self.current:
                self.modified_at = now()
            self._status = after
        elif self.current == "CREATING" and self.failure is None:
            fatal = [issue for issue in issues if issue["code"] in FATAL_ISSUES]
            self.issues = fatal or issues
            self._transitions = [("CREATING", _after_creation(issues, bool(fatal)))]
            self.settle()

    def on_settled(self, before: str) -> None:
        """Say why a creation or deletion failed."""
        if self.current.endswith("FAILED") and self.failure:
            self.issues = [{"code": "InternalFailure", "message": self.failure, "resourceIds": []}]

    def to_dict(self) -> dict[str, Any]:
        """Shape `Addon`."""
        return without_none(
            {
                "addonName": self.name,
                "clusterName": self.cluster_name,
                "status": self.current,
                "addonVersion": self.version,
                "health": {"issues": self.issues},
                "addonArn": self.arn,
                "createdAt": self.created_at,
                "modifiedAt": self.modified_at,
                "serviceAccountRoleArn": self.role_arn,
                "tags": dict(self.tags),
                "configurationValues": self.configuration,
                "podIdentityAssociations": list(self.associations) or None,
                "namespaceConfig": {"namespace": self.namespace},
            }
        )


def _after_creation(issues: list[dict[str, Any]], is_fatal: bool) -> str:
    if is_fatal:
        return "CREATE_FAILED"
    return "DEGRADED" if issues else "ACTIVE"


def _settle_update(addon: Addon, update: Update) -> bool:
    """Move an update on, once the cluster has carried it out or refused it; true if it ended."""
    if update.failure:
        return update.settle()
    if addon.change.outcome is None:
        return False
    if not addon.change.outcome:
        return update.settle()
    addon.issues = addon.change.outcome
    update.fail(addon.issues[0]["message"], addon.issues[0]["code"])
    return True


class AddonBackend:
    """The add-on operations of `EKSBackend`."""

    account_id: str
    region_name: str
    partition: str

    def create_addon(
        self,
        cluster_name: str,
        addon_name: str,
        addon_version: str | None = None,
        service_account_role_arn: str | None = None,
        resolve_conflicts: str | None = None,
        tags: dict[str, str] | None = None,
        configuration_values: str | None = None,
        pod_identity_associations: list[dict[str, str]] | None = None,
        namespace_config: dict[str, str] | None = None,
    ) -> Addon:
        """CreateAddon. Without a version the default one of the cluster's Kubernetes version is taken."""
        cluster = self.describe_cluster(cluster_name)
        cluster.require_active()
        version = addon_catalogue.version_for(addon_name, addon_version, cluster.version)
        if addon_name in cluster.addons:
            raise ResourceInUseException("Addon already exists.", cluster=cluster_name, addon=addon_name)
        addon_catalogue.check_configuration(addon_name, configuration_values)
        self._check_addon_role(service_account_role_arn)
        failure = seams.failure_for("CreateAddon", addon_name, self.account_id)
        addon = Addon(cluster, self.partition, addon_name, version, failure)
        # At creation PRESERVE is like NONE: nothing is changed, and the creation may fail.
        addon.change = Change("OVERWRITE" if resolve_conflicts == "OVERWRITE" else "NONE")
        if seams.control_planes().is_fake and self._has_conflict(cluster, addon, configuration_values):
            addon.issues = [conflict_issue([IMAGES[addon_name]])]
            addon.begin("CREATING", "CREATE_FAILED")
        addon.role_arn = service_account_role_arn
        addon.configuration = configuration_values
        addon.tags = tags or {}
        if namespace_config:
            addon.namespace = namespace_config["namespace"]
        self.replace_associations(cluster, addon, pod_identity_associations or [])
        cluster.addons[addon_name] = addon
        self.announce(cluster)
        return addon

    def describe_addon(self, cluster_name: str, addon_name: str) -> Addon:
        """DescribeAddon. Raises ResourceNotFoundException."""
        cluster = self.describe_cluster(cluster_name)
        if addon_name not in cluster.addons:
            raise ResourceNotFoundException(
                f"No addon: {addon_name} found in cluster: {cluster_name}", cluster=cluster_name, addon=addon_name
            )
        return cluster.addons[addon_name]

    def list_addons(self, cluster_name: str) -> list[str]:
        """ListAddons: names, sorted."""
        return sorted(self.describe_cluster(cluster_name).addons)

    def update_addon(
        self,
        cluster_name: str,
        addon_name: str,
        addon_version: str | None = None,
        service_account_role_arn: str | None = None,
        resolve_conflicts: str | None = None,
        configuration_values: str | None = None,
        pod_identity_associations: list[dict[str, str]] | None = None,
    ) -> Update:
        """UpdateAddon. Members that are not given stay as they are; an empty role removes it."""
        addon = self.describe_addon(cluster_name, addon_name)
        cluster = self.describe_cluster(cluster_name)
        cluster.require_active()
        if addon.current not in ("ACTIVE", "DEGRADED", "UPDATE_FAILED"):
            raise ResourceInUseException(
                f"Addon {addon_name} cannot be updated as it is currently in {addon.current} state",
                cluster=cluster_name,
                addon=addon_name,
            )
        version = addon_catalogue.version_for(addon_name, addon_version or addon.version, cluster.version)
        addon_catalogue.check_configuration(addon_name, configuration_values)
        self._check_addon_role(service_account_role_arn or None)
        before = addon.current
        params = without_none(
            {
                "AddonVersion": addon_version,
                "ServiceAccountRoleArn": service_account_role_arn,
                "ResolveConflicts": resolve_conflicts or "NONE",
                "ConfigurationValues": configuration_values,
                "PodIdentityAssociations": pod_identity_associations,
            }
        )

        configuration = addon.configuration if configuration_values is None else configuration_values
        role_arn = addon.role_arn if service_account_role_arn is None else service_account_role_arn or None

        def apply() -> None:
            addon.version, addon.configuration, addon.role_arn, addon.issues = version, configuration, role_arn, []
            if pod_identity_associations is not None:
                self.replace_associations(cluster, addon, pod_identity_associations)

        def finish(succeeded: bool) -> None:
            status = before if succeeded and before != "UPDATE_FAILED" else "ACTIVE"
            addon.begin(status if succeeded else "UPDATE_FAILED", status if succeeded else "UPDATE_FAILED")

        failure = seams.failure_for("UpdateAddon", addon_name, self.account_id)
        update = Update("AddonUpdate", params, apply, finish, failure)
        addon.updates[update.id] = update
        addon.begin("UPDATING", "UPDATING")
        if failure is None:
            values = {
                "addonVersion": version, "configurationValues": configuration, "serviceAccountRoleArn": role_arn
            }  # fmt: skip
            addon.change = Change(resolve_conflicts or "NONE", values)
            self.announce(cluster)
        return update

    def delete_addon(self, cluster_name: str, addon_name: str, preserve: bool = False) -> Addon:
        """DeleteAddon; with `preserve` its software stays on the cluster."""
        addon = self.describe_addon(cluster_name, addon_name)
        if addon.current == "DELETING":
            raise ResourceInUseException(
                f"Addon {addon_name} is already being deleted", cluster=cluster_name, addon=addon_name
            )
        cluster = self.describe_cluster(cluster_name)
        if preserve:
            self.later(lambda: seams.control_planes().preserve_addon(cluster.ref, addon_name))
        self.announce(cluster)
        addon.failure = seams.failure_for("DeleteAddon", addon_name, self.account_id)
        addon.begin("DELETING", "DELETE_FAILED" if addon.failure else DELETED)
        return addon

    def observe_addons(self, cluster_name: str) -> dict[str, list[dict[str, Any]]]:
        """Issues that the cluster reports, by add-on ARN; asked without a lock held.

        An add-on whose change the cluster has not carried out yet is not among them.
        """
        cluster = self.clusters.get(cluster_name)
        if cluster is None or not cluster.has_control_plane:
            return {}
        planes, seen = seams.control_planes(), {}
        for addon in list(cluster.addons.values()):
            if addon.current in ("CREATING", "UPDATING"):
                issues = planes.addon_outcome(cluster.ref, addon.name, addon.change.id)
                if issues is None:
                    continue
                if issues or addon.current == "UPDATING":
                    seen[addon.arn] = issues
                    continue
            if addon.current in ("CREATING", "ACTIVE", "DEGRADED"):
                seen[addon.arn] = planes.addon_health(cluster.ref, addon.name)
        return seen

    def settle_addons(self, cluster: Cluster, seen: dict[str, list[dict[str, Any]]]) -> None:
        """Move add-ons and their updates on, given what `observe_addons` saw; remove deleted ones."""
        for name, addon in list(cluster.addons.items()):
            if addon.current == "UPDATING" and addon.arn in seen:
                addon.change.outcome = seen[addon.arn]
            for update in list(addon.updates.values()):
                if update.in_progress and _settle_update(addon, update):
                    self.announce(cluster)
            conflicts = [issue for issue in addon.issues if issue["code"] in FATAL_ISSUES]
            if addon.current == "CREATING" and (addon.failure or conflicts):
                addon.settle()
            elif addon.current in ("CREATING", "ACTIVE", "DEGRADED"):
                if addon.arn in seen:
                    addon.observe(seen[addon.arn])
            else:
                addon.settle()
            if addon.current == DELETED:
                self.replace_associations(cluster, addon, [])
                del cluster.addons[name]

    def replace_associations(self, cluster: Cluster, addon: Addon, wanted: list[dict[str, str]]) -> None:
        """Make the add-on own exactly these Pod Identity associations (shapes `AddonPodIdentityAssociations`)."""
        allowed = [item["serviceAccount"] for item in addon_catalogue.entry(addon.name)["podIdentity"]]
        unknown = first(wanted, lambda item: item["serviceAccount"] not in allowed)
        if unknown is not None:
            raise InvalidParameterException(
                f"Service account {unknown['serviceAccount']} is not supported for addon {addon.name}",
                cluster=cluster.name,
                addon=addon.name,
            )
        for association in list(cluster.pod_identities.values()):
            if association.owner_arn == addon.arn:
                del cluster.pod_identities[association.id]
        addon.associations = [
            self.create_pod_identity_association(
                cluster.name, addon.namespace, item["serviceAccount"], item["roleArn"], owner_arn=addon.arn
            ).arn
            for item in wanted
        ]

    def _has_conflict(self, cluster: Cluster, addon: Addon, configuration: str | None) -> bool:
        """Whether the add-on would change fields of a self-managed one, where there is no cluster that could tell."""
        versions = {item["addonName"]: item["addonVersion"] for item in cluster.self_managed_addons()}
        differs = addon.version != versions.get(addon.name) or bool(configuration)
        return addon.name in versions and differs and addon.change.resolve_conflicts != "OVERWRITE"

    def _check_addon_role(self, arn: str | None) -> None:
        if arn is None:
            return
        match = checks.ROLE_ARN.match(arn)
        if not match or match["account"] != self.account_id:
            raise InvalidParameterException("Cross-account pass role is not allowed.")
        if checks.find_role(self.account_id, self.region_name, arn) is None:
            raise InvalidParameterException(f"Role {arn} does not exist")
