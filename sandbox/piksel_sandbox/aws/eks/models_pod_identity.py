"""Pod Identity associations (https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html)."""

from __future__ import annotations

from typing import Any

from piksel_sandbox.aws.lifecycle import now

from . import checks
from .exceptions import InvalidParameterException, ResourceInUseException, ResourceNotFoundException
from .models_cluster import Cluster
from .utils import first, new_hex, without_none


class PodIdentityAssociation:
    """The role of one service account."""

    def __init__(
        self,
        cluster: Cluster,
        partition: str,
        namespace: str,
        service_account: str,
        role_arn: str,
        owner_arn: str | None,
    ):
        self.id = f"a-{new_hex(16)}"
        self.cluster_name = cluster.name
        self.namespace = namespace
        self.service_account = service_account
        self.role_arn = role_arn
        self.owner_arn = owner_arn
        self.target_role_arn: str | None = None
        self.external_id: str | None = None
        self.policy: str | None = None
        self.disable_session_tags = False
        self.tags: dict[str, str] = {}
        self.created_at = now()
        self.modified_at = self.created_at
        self.scope = f"{cluster.region}/{cluster.account_id}/{cluster.name}"
        self.arn = (
            f"arn:{partition}:eks:{cluster.region}:{cluster.account_id}:podidentityassociation/{cluster.name}/{self.id}"
        )

    def set_target(self, target_role_arn: str | None) -> None:
        """Chain to a role of another account; the external id then is the association's own."""
        self.target_role_arn = target_role_arn or None
        self.external_id = f"{self.scope}/{self.namespace}/{self.service_account}" if target_role_arn else None

    def summary(self) -> dict[str, Any]:
        """Shape `PodIdentityAssociationSummary`."""
        return without_none(
            {
                "clusterName": self.cluster_name,
                "namespace": self.namespace,
                "serviceAccount": self.service_account,
                "associationArn": self.arn,
                "associationId": self.id,
                "ownerArn": self.owner_arn,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Shape `PodIdentityAssociation`."""
        return self.summary() | without_none(
            {
                "roleArn": self.role_arn,
                "tags": dict(self.tags),
                "createdAt": self.created_at,
                "modifiedAt": self.modified_at,
                "disableSessionTags": self.disable_session_tags,
                "targetRoleArn": self.target_role_arn,
                "externalId": self.external_id,
                "policy": self.policy,
            }
        )


class PodIdentityBackend:
    """The Pod Identity operations of `EKSBackend`."""

    account_id: str
    region_name: str
    partition: str

    def create_pod_identity_association(
        self,
        cluster_name: str,
        namespace: str,
        service_account: str,
        role_arn: str,
        tags: dict[str, str] | None = None,
        disable_session_tags: bool | None = None,
        target_role_arn: str | None = None,
        policy: str | None = None,
        owner_arn: str | None = None,
    ) -> PodIdentityAssociation:
        """CreatePodIdentityAssociation; one per service account, which need not exist."""
        cluster = self.describe_cluster(cluster_name)
        cluster.require_active()
        self._check_pod_role(role_arn)
        same = first(
            list(cluster.pod_identities.values()),
            lambda item: (item.namespace, item.service_account) == (namespace, service_account),
        )
        if same is not None:
            raise ResourceInUseException(f"Association already exists: {same.id}", cluster=cluster_name)
        association = PodIdentityAssociation(cluster, self.partition, namespace, service_account, role_arn, owner_arn)
        association.tags = tags or {}
        association.disable_session_tags = bool(disable_session_tags)
        association.policy = policy
        association.set_target(target_role_arn)
        cluster.pod_identities[association.id] = association
        return association

    def describe_pod_identity_association(self, cluster_name: str, association_id: str) -> PodIdentityAssociation:
        """DescribePodIdentityAssociation. Raises ResourceNotFoundException."""
        cluster = self.describe_cluster(cluster_name)
        if association_id not in cluster.pod_identities:
            raise ResourceNotFoundException(f"No association found with id: {association_id}", cluster=cluster_name)
        return cluster.pod_identities[association_id]

    def update_pod_identity_association(
        self,
        cluster_name: str,
        association_id: str,
        role_arn: str | None = None,
        disable_session_tags: bool | None = None,
        target_role_arn: str | None = None,
        policy: str | None = None,
    ) -> PodIdentityAssociation:
        """UpdatePodIdentityAssociation: other roles, session tags, session policy."""
        association = self.describe_pod_identity_association(cluster_name, association_id)
        self._require_unowned(association)
        if role_arn is not None:
            self._check_pod_role(role_arn)
            association.role_arn = role_arn
        if disable_session_tags is not None:
            association.disable_session_tags = disable_session_tags
        if target_role_arn is not None:
            association.set_target(target_role_arn)
        if policy is not None:
            association.policy = policy or None
        association.modified_at = now()
        return association

    def delete_pod_identity_association(self, cluster_name: str, association_id: str) -> PodIdentityAssociation:
        """DeletePodIdentityAssociation; one of an add-on goes with the add-on only."""
        association = self.describe_pod_identity_association(cluster_name, association_id)
        self._require_unowned(association)
        del self.describe_cluster(cluster_name).pod_identities[association_id]
        return association

    def list_pod_identity_associations(
        self, cluster_name: str, namespace: str | None = None, service_account: str | None = None
    ) -> list[dict[str, Any]]:
        """ListPodIdentityAssociations: shapes `PodIdentityAssociationSummary`."""
        return [
            item.summary()
            for item in self.describe_cluster(cluster_name).pod_identities.values()
            if namespace in (None, item.namespace) and service_account in (None, item.service_account)
        ]

    def _require_unowned(self, association: PodIdentityAssociation) -> None:
        if association.owner_arn:
            raise InvalidParameterException(
                f"The association {association.id} is owned by {association.owner_arn} and cannot be modified",
                cluster=association.cluster_name,
            )

    def _check_pod_role(self, arn: str) -> None:
        match = checks.ROLE_ARN.match(arn)
        if not match or match["account"] != self.account_id:
            raise InvalidParameterException("Cross-account pass role is not allowed.")
        role = checks.find_role(self.account_id, self.region_name, arn)
        if role is None:
            raise InvalidParameterException("Role provided in the request does not exist.")
        if not checks.trusts(role, "pods.eks.amazonaws.com"):
            raise InvalidParameterException(
                f"Trust relationship of role {arn} does not allow pods.eks.amazonaws.com to assume it"
            )
