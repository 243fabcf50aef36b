"""OIDC identity providers of clusters (https://docs.aws.amazon.com/eks/latest/userguide/authenticate-oidc-identity-provider.html)."""

from __future__ import annotations

from typing import Any

from .exceptions import InvalidParameterException, InvalidRequestException, ResourceNotFoundException
from .models_base import Update
from .models_cluster import Cluster
from .utils import new_uuid, without_none


class IdentityProvider:
    """The OIDC provider of a cluster; `settings` holds the members of shape `OidcIdentityProviderConfig`."""

    def __init__(self, cluster: Cluster, partition: str, settings: dict[str, Any]):
        self.name: str = settings["identityProviderConfigName"]
        self.settings = settings
        self.status = "CREATING"
        self.tags: dict[str, str] = {}
        self.arn = (
            f"arn:{partition}:eks:{cluster.region}:{cluster.account_id}:identityproviderconfig/"
            f"{cluster.name}/oidc/{self.name}/{new_uuid()}"
        )
        self.cluster_name = cluster.name

    def to_dict(self) -> dict[str, Any]:
        """Shape `IdentityProviderConfigResponse`."""
        return {
            "oidc": {
                **self.settings,
                "identityProviderConfigArn": self.arn,
                "clusterName": self.cluster_name,
                "tags": dict(self.tags),
                "status": self.status,
            }
        }


class IdentityProviderBackend:
    """The identity provider operations of `EKSBackend`."""

    partition: str

    def associate_identity_provider_config(
        self, cluster_name: str, oidc: dict[str, Any], tags: dict[str, str] | None = None
    ) -> Update:
        """AssociateIdentityProviderConfig; at most one per cluster."""
        cluster = self.describe_cluster(cluster_name)
        if cluster.identity_providers:
            raise InvalidRequestException(
                "Only one identity provider config can be associated with a cluster", cluster=cluster_name
            )
        if not oidc["issuerUrl"].startswith("https://"):
            raise InvalidParameterException("issuerUrl must use https scheme", cluster=cluster_name)
        provider = IdentityProvider(cluster, self.partition, without_none(oidc))
        provider.tags = tags or {}

        def apply() -> None:
            provider.status = "ACTIVE"

        kind = "AssociateIdentityProviderConfig"
        params = {"IdentityProviderConfig": [{"type": "oidc", "name": provider.name}]}
        update = self.start_update(cluster, kind, kind, params, apply)
        cluster.identity_providers[provider.name] = provider
        return update

    def describe_identity_provider_config(
        self, cluster_name: str, identity_provider_config: dict[str, str]
    ) -> IdentityProvider:
        """DescribeIdentityProviderConfig. Raises ResourceNotFoundException."""
        cluster = self.describe_cluster(cluster_name)
        name = identity_provider_config["name"]
        if identity_provider_config["type"] != "oidc" or name not in cluster.identity_providers:
            raise ResourceNotFoundException(
                f"Identity provider config {name} is not associated with cluster {cluster_name}", cluster=cluster_name
            )
        return cluster.identity_providers[name]

    def disassociate_identity_provider_config(
        self, cluster_name: str, identity_provider_config: dict[str, str]
    ) -> Update:
        """DisassociateIdentityProviderConfig."""
        provider = self.describe_identity_provider_config(cluster_name, identity_provider_config)
        cluster = self.describe_cluster(cluster_name)

        def apply() -> None:
            del cluster.identity_providers[provider.name]

        kind = "DisassociateIdentityProviderConfig"
        params = {"IdentityProviderConfig": [{"type": "oidc", "name": provider.name}]}
        update = self.start_update(cluster, kind, kind, params, apply)
        provider.status = "DELETING"
        return update

    def list_identity_provider_configs(self, cluster_name: str) -> list[dict[str, str]]:
        """ListIdentityProviderConfigs: shapes `IdentityProviderConfig`."""
        return [
            {"type": "oidc", "name": name} for name in sorted(self.describe_cluster(cluster_name).identity_providers)
        ]
