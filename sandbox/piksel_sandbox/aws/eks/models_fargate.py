"""Fargate profiles (https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html)."""

from __future__ import annotations

import re
from typing import Any

from moto.ec2.models import ec2_backends

from . import checks, seams
from .exceptions import (
    InvalidParameterException,
    ResourceInUseException,
    ResourceLimitExceededException,
    ResourceNotFoundException,
)
from .models_base import DELETED, Lifecycle
from .models_cluster import Cluster
from .utils import first, new_uuid

MAXIMUM_SELECTORS = 5
MAXIMUM_LABELS = 5
MAXIMUM_PROFILES = 10
NAMESPACE = re.compile(r"^[a-z0-9*?]([-a-z0-9*?]{0,61}[a-z0-9*?])?$")
MISCONFIGURED_ROLE = (
    "Misconfigured PodExecutionRole Trust Policy; Please add the eks-fargate-pods.amazonaws.com Service Principal"
)


class FargateProfile(Lifecycle):
    """A Fargate profile; nothing of it but its tags ever changes."""

    def __init__(
        self,
        cluster: Cluster,
        partition: str,
        name: str,
        role_arn: str,
        subnets: list[str],
        selectors: list[dict[str, Any]],
        failure: str | None,
    ):
        super().__init__("eks::fargate_profile", "CREATING", "CREATE_FAILED" if failure else "ACTIVE")
        self.name = name
        self.cluster_name = cluster.name
        self.role_arn = role_arn
        self.subnets = subnets
        self.selectors = selectors
        self.failure = failure
        self.tags: dict[str, str] = {}
        self.arn = (
            f"arn:{partition}:eks:{cluster.region}:{cluster.account_id}:fargateprofile/"
            f"{cluster.name}/{name}/{new_uuid()}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Shape `FargateProfile`."""
        has_failed = self.current.endswith("FAILED")
        issue = {"code": "InternalFailure", "message": self.failure or "", "resourceIds": [self.role_arn]}
        return {
            "fargateProfileName": self.name,
            "fargateProfileArn": self.arn,
            "clusterName": self.cluster_name,
            "createdAt": self.created_at,
            "podExecutionRoleArn": self.role_arn,
            "subnets": list(self.subnets),
            "selectors": self.selectors,
            "status": self.current,
            "tags": dict(self.tags),
            "health": {"issues": [issue] if has_failed else []},
        }


class FargateBackend:
    """The Fargate operations of `EKSBackend`."""

    account_id: str
    region_name: str
    partition: str

    def create_fargate_profile(
        self,
        cluster_name: str,
        fargate_profile_name: str,
        pod_execution_role_arn: str,
        subnets: list[str] | None = None,
        selectors: list[dict[str, Any]] | None = None,
        tags: dict[str, str] | None = None,
    ) -> FargateProfile:
        """CreateFargateProfile. Only private subnets of the cluster's VPC, one change of profiles at a time."""
        cluster = self.describe_cluster(cluster_name)
        cluster.require_active()
        name = fargate_profile_name
        if name in cluster.fargate_profiles:
            raise ResourceInUseException(
                "A Fargate Profile already exists with this name in this cluster.", cluster=cluster_name
            )
        check_selectors(selectors or [])
        self._check_execution_role(cluster, pod_execution_role_arn)
        chosen = self._profile_subnets(cluster, subnets)
        self._require_quiet(cluster, name, "create")
        if len(cluster.fargate_profiles) >= MAXIMUM_PROFILES:
            raise ResourceLimitExceededException(
                f"Limit of {MAXIMUM_PROFILES} Fargate Profiles per cluster exceeded", cluster=cluster_name
            )
        failure = seams.failure_for("CreateFargateProfile", name, self.account_id)
        profile = FargateProfile(
            cluster, self.partition, name, pod_execution_role_arn, chosen, _stored(selectors or []), failure
        )
        profile.tags = tags or {}
        cluster.fargate_profiles[name] = profile
        self.entry_for_nodes(cluster, pod_execution_role_arn, "FARGATE_LINUX")
        self.announce(cluster)
        return profile

    def describe_fargate_profile(self, cluster_name: str, fargate_profile_name: str) -> FargateProfile:
        """DescribeFargateProfile. Raises ResourceNotFoundException."""
        cluster = self.describe_cluster(cluster_name)
        if fargate_profile_name not in cluster.fargate_profiles:
            raise ResourceNotFoundException(
                f"No Fargate Profile found with name: {fargate_profile_name}.",
                cluster=cluster_name,
                fargate_profile=fargate_profile_name,
            )
        return cluster.fargate_profiles[fargate_profile_name]

    def list_fargate_profiles(self, cluster_name: str) -> list[str]:
        """ListFargateProfiles: names, sorted."""
        return sorted(self.describe_cluster(cluster_name).fargate_profiles)

    def delete_fargate_profile(self, cluster_name: str, fargate_profile_name: str) -> FargateProfile:
        """DeleteFargateProfile; refused while another profile is created or deleted."""
        profile = self.describe_fargate_profile(cluster_name, fargate_profile_name)
        cluster = self.describe_cluster(cluster_name)
        self._require_quiet(cluster, fargate_profile_name, "Delete")
        profile.failure = seams.failure_for("DeleteFargateProfile", fargate_profile_name, self.account_id)
        profile.begin("DELETING", "DELETE_FAILED" if profile.failure else DELETED)
        return profile

    def settle_fargate_profiles(self, cluster: Cluster) -> None:
        """Move profiles on and remove deleted ones."""
        for name, profile in list(cluster.fargate_profiles.items()):
            if profile.settle():
                self.announce(cluster)
            if profile.current == DELETED:
                del cluster.fargate_profiles[name]

    def _require_quiet(self, cluster: Cluster, name: str, verb: str) -> None:
        busy = first(
            list(cluster.fargate_profiles.values()), lambda profile: profile.current in ("CREATING", "DELETING")
        )
        if busy is not None:
            raise ResourceInUseException(
                f"Cannot {verb} Fargate Profile {name} because cluster {cluster.name} currently has Fargate profile"
                f" {busy.name} in status {busy.current}",
                cluster=cluster.name,
            )
        if cluster.running_update:
            raise ResourceInUseException(
                f"Cannot {verb} Fargate Profile {name} because cluster {cluster.name} currently has an update in"
                " progress",
                cluster=cluster.name,
            )

    def _check_execution_role(self, cluster: Cluster, arn: str) -> None:
        match = checks.ROLE_ARN.match(arn)
        if match and match["account"] != self.account_id:
            raise InvalidParameterException("Cross-account pass role is not allowed.", cluster=cluster.name)
        role = checks.find_role(self.account_id, self.region_name, arn)
        if role is None or not checks.trusts(role, "eks-fargate-pods.amazonaws.com"):
            raise InvalidParameterException(MISCONFIGURED_ROLE, cluster=cluster.name)
        if any(group.node_role == arn for group in cluster.nodegroups.values()):
            raise InvalidParameterException(
                f"Pod execution role {arn} is already in use by a node group of the cluster", cluster=cluster.name
            )

    def _profile_subnets(self, cluster: Cluster, subnet_ids: list[str] | None) -> list[str]:
        if not subnet_ids:
            every = ec2_backends[self.account_id][self.region_name].describe_subnets()
            return [subnet.id for subnet in every if subnet.vpc_id == cluster.vpc_id and self._is_private(subnet)]
        for subnet in checks.subnets(self.account_id, self.region_name, subnet_ids):
            if subnet.vpc_id != cluster.vpc_id:
                raise InvalidParameterException(
                    f"Subnet {subnet.id} is not in the cluster VPC {cluster.vpc_id}", cluster=cluster.name
                )
            if not self._is_private(subnet):
                raise InvalidParameterException(
                    f"Subnet {subnet.id} provided in Fargate Profile is not a private subnet", cluster=cluster.name
                )
        return list(subnet_ids)

    def _is_private(self, subnet: Any) -> bool:
        return checks.is_private(self.account_id, self.region_name, subnet)


def check_selectors(selectors: list[dict[str, Any]]) -> None:
    """Raise InvalidParameterException unless there are 1 to 5 selectors with a namespace and at most 5 labels."""
    if not selectors:
        raise InvalidParameterException("Fargate Profile requires at least one selector.")
    if len(selectors) > MAXIMUM_SELECTORS:
        raise InvalidParameterException(f"Request contains more than {MAXIMUM_SELECTORS} Fargate Profile selectors")
    for selector in selectors:
        if not selector.get("namespace"):
            raise InvalidParameterException(
                "Fargate Profile must have at least one selector with at least one namespace value."
            )
        if not NAMESPACE.match(selector["namespace"]):
            raise InvalidParameterException(f"Fargate Profile selector namespace {selector['namespace']} is invalid")
        if len(selector.get("labels") or {}) > MAXIMUM_LABELS:
            raise InvalidParameterException("Request contains Selector with more than 5 Label pairs")


def _stored(selectors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"namespace": item["namespace"], "labels": dict(item.get("labels") or {})} for item in selectors]
