"""Clusters: creation, description, deletion, and what EKS makes beside them."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.ec2.models import ec2_backends

from . import addon_catalogue, checks, cluster_network, seams
from .exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from .models_base import DELETED, Lifecycle, Update
from .utils import data, first, new_hex, without_none

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# EKS takes one of them when the request names none.
DEFAULT_SERVICE_CIDRS = ("172.20.0.0/16", "10.100.0.0/16")
# What a cluster comes with unless `bootstrapSelfManagedAddons` is false.
SELF_MANAGED_ADDONS = ("vpc-cni", "kube-proxy", "coredns")
SERVICE_CIDR_BLOCKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def kubernetes_version(version: str) -> dict[str, Any]:
    """Catalogue entry of a Kubernetes version that new clusters may have. Raises InvalidParameterException."""
    entry = first(data("versions"), lambda item: item["clusterVersion"] == version)
    if entry is None or entry["versionStatus"] == "UNSUPPORTED":
        raise InvalidParameterException("unsupported Kubernetes version")
    return entry


def log_setups(logging: dict[str, Any] | None, before: list[str] | None = None) -> list[str]:
    """Log types enabled after the change `logging` (shape `Logging`) of the types `before`, in the service's order."""
    enabled = set(before or [])
    for setup in (logging or {}).get("clusterLogging") or []:
        types = set(setup.get("types") or [])
        enabled = enabled | types if setup.get("enabled") else enabled - types
    return [name for name in LOG_TYPES if name in enabled]


class Cluster(Lifecycle):
    """An EKS cluster. `settings` holds the members of CreateClusterRequest with the service's defaults."""

    def __init__(self, backend: Any, name: str, settings: dict[str, Any], vpc_id: str, failure: str | None):
        super().__init__("eks::cluster", "CREATING", "FAILED" if failure else "ACTIVE")
        self.account_id = backend.account_id
        self.region = backend.region_name
        self.name = name
        self.arn = f"arn:{backend.partition}:eks:{self.region}:{self.account_id}:cluster/{name}"
        self.ref = seams.cluster_ref(self.account_id, self.region, name, new_hex(16))
        self.settings = settings
        self.tags: dict[str, str] = settings.pop("tags", None) or {}
        self.version: str = settings["version"]
        self.log_types: list[str] = log_setups(settings.get("logging"))
        self.vpc_id = vpc_id
        self.issuer = f"https://oidc.eks.{self.region}.amazonaws.com/id/{new_hex(32).upper()}"
        self.security_group_id: str | None = None
        self.failure = failure
        # Set once the processes were asked for; before that nothing can be said about them.
        self.has_control_plane = False
        # Endpoint, certificate and security group show from the first ACTIVE on, also once it has failed since.
        self.was_active = False
        self.endpoint: str | None = None
        self.certificate_authority: str | None = None
        self.stopped = False
        self.updates: dict[str, Update] = {}
        self.nodegroups: dict[str, Any] = {}
        self.fargate_profiles: dict[str, Any] = {}
        self.addons: dict[str, Any] = {}
        self.access_entries: dict[str, Any] = {}
        self.pod_identities: dict[str, Any] = {}
        self.identity_providers: dict[str, Any] = {}
        self.interfaces: dict[cluster_network.Place, str] = {}

    @property
    def authentication_mode(self) -> str:
        """CONFIG_MAP, API_AND_CONFIG_MAP or API."""
        return self.settings["accessConfig"]["authenticationMode"]

    @property
    def running_update(self) -> Update | None:
        """The update of the cluster itself that is in progress, or None."""
        return first(list(self.updates.values()), lambda update: update.in_progress)

    def self_managed_addons(self) -> list[dict[str, Any]]:
        """Names and versions (shapes `Addon`) of the add-ons that the cluster came with, unmanaged."""
        if not self.settings.get("bootstrapSelfManagedAddons", True):
            return []
        version = self.settings["version"]
        return [
            {"addonName": name, "addonVersion": addon_catalogue.version_for(name, None, version)}
            for name in SELF_MANAGED_ADDONS
        ]

    def on_settled(self, before: str) -> None:
        """Remember that the cluster served once."""
        self.was_active = self.was_active or self.current == "ACTIVE"

    def fail(self, reason: str) -> None:
        """Go to FAILED with this reason."""
        self._status = "FAILED"
        self.failure = reason

    def require_active(self) -> None:
        """Raise InvalidRequestException unless the cluster serves (ACTIVE or UPDATING)."""
        if self.current not in ("ACTIVE", "UPDATING"):
            raise InvalidRequestException(f"Cluster '{self.name}' is not in ACTIVE status", cluster=self.name)

    def to_dict(self) -> dict[str, Any]:
        """Shape `Cluster`; endpoint, identity, certificate and security group are absent until it was ACTIVE."""
        born = self.security_group_id is not None and self.was_active
        vpc = self.settings["resourcesVpcConfig"]
        network = self.settings["kubernetesNetworkConfig"]
        silent = [name for name in LOG_TYPES if name not in self.log_types]
        return without_none(
            {
                "name": self.name,
                "arn": self.arn,
                "createdAt": self.created_at,
                "version": self.version,
                "endpoint": self.endpoint if born else None,
                "roleArn": self.settings["roleArn"],
                "resourcesVpcConfig": without_none(
                    {
                        **vpc,
                        "vpcId": self.vpc_id,
                        "clusterSecurityGroupId": self.security_group_id if born else None,
                    }
                ),
                "kubernetesNetworkConfig": network,
                "logging": {
                    "clusterLogging": [
                        {"types": types, "enabled": enabled}
                        for types, enabled in ((self.log_types, True), (silent, False))
                        if types
                    ]
                },
                "identity": {"oidc": {"issuer": self.issuer}} if born else None,
                "status": self.current,
                "certificateAuthority": {"data": self.certificate_authority} if born else {},
                "platformVersion": kubernetes_version(self.version)["defaultPlatformVersion"],
                "tags": dict(self.tags),
                "encryptionConfig": self.settings.get("encryptionConfig"),
                "health": {"issues": self._issues()},
                "accessConfig": self.settings["accessConfig"],
                "upgradePolicy": self.settings["upgradePolicy"],
                "zonalShiftConfig": self.settings.get("zonalShiftConfig"),
                "remoteNetworkConfig": self.settings.get("remoteNetworkConfig"),
                "computeConfig": self.settings.get("computeConfig"),
                "storageConfig": self.settings.get("storageConfig"),
                "deletionProtection": self.settings["deletionProtection"],
                "controlPlaneScalingConfig": self.settings["controlPlaneScalingConfig"],
            }
        )

    def _issues(self) -> list[dict[str, Any]]:
        if self.current != "FAILED":
            return []
        return [{"code": "InternalFailure", "message": self.failure or "", "resourceIds": [self.arn]}]


class ClusterBackend:
    """The cluster operations of `EKSBackend`."""

    account_id: str
    region_name: str
    partition: str
    clusters: dict[str, Cluster]

    def create_cluster(self, request: dict[str, Any], principal: str | None = None) -> Cluster:
        """CreateCluster: `request` is a CreateClusterRequest.

        principal: IAM ARN of the caller, who becomes administrator unless the request says otherwise.
        Raises ResourceInUseException for a name in use, InvalidParameterException for what EKS refuses.
        """
        name = request.pop("name")
        if name in self.clusters:
            raise ResourceInUseException(f"Cluster already exists with name: {name}", cluster=name)
        settings = self._cluster_settings(request)
        vpc_id = checks.cluster_subnets(self.account_id, self.region_name, settings["resourcesVpcConfig"]["subnetIds"])
        checks.security_groups(
            self.account_id, self.region_name, settings["resourcesVpcConfig"]["securityGroupIds"], vpc_id
        )
        network = settings["kubernetesNetworkConfig"]
        if "serviceIpv4Cidr" in network:
            asked = (request.get("kubernetesNetworkConfig") or {}).get("serviceIpv4Cidr")
            candidates = (asked,) if asked else DEFAULT_SERVICE_CIDRS
            network["serviceIpv4Cidr"] = checks.service_cidr(self.account_id, self.region_name, candidates, vpc_id)
        checks.service_role(self.account_id, self.region_name, settings["roleArn"], "eks.amazonaws.com")
        checks.encryption_key(self.region_name, settings.get("encryptionConfig") or [])
        failure = seams.failure_for("CreateCluster", name, self.account_id)
        cluster = Cluster(self, name, settings, vpc_id, failure)
        self.clusters[name] = cluster
        cluster_network.make_security_group(ec2_backends[self.account_id][self.region_name], cluster)
        if settings["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] and principal:
            self.bootstrap_creator(cluster, principal)
        self.later(lambda: self._start(cluster))
        return cluster

    def describe_cluster(self, name: str) -> Cluster:
        """DescribeCluster. Raises ResourceNotFoundException."""
        if name not in self.clusters:
            raise ResourceNotFoundException(f"No cluster found for name: {name}.", cluster=name)
        return self.clusters[name]

    def list_clusters(self, include: list[str] | None = None) -> list[str]:
        """ListClusters: the names, sorted. `include` matters only to clusters registered from elsewhere."""
        return sorted(self.clusters)

    def delete_cluster(self, name: str) -> Cluster:
        """DeleteCluster. Refused while protected, while node groups or profiles exist, or while it changes."""
        cluster = self.describe_cluster(name)
        if cluster.settings["deletionProtection"]:
            raise InvalidRequestException(
                f"Cluster {name} cannot be deleted because deletion protection is enabled", cluster=name
            )
        if cluster.current == "DELETING":
            raise ResourceInUseException(f"Cluster {name} is already being deleted", cluster=name)
        if cluster.nodegroups:
            raise ResourceInUseException(
                "Cluster has nodegroups attached", cluster=name, nodegroup=",".join(cluster.nodegroups)
            )
        if cluster.fargate_profiles:
            raise ResourceInUseException("Cluster has Fargate Profiles in ACTIVE/CREATING state", cluster=name)
        if cluster.running_update or cluster.current in ("CREATING", "UPDATING"):
            raise ResourceInUseException(
                f"Cannot delete because cluster {name} currently has an update in progress", cluster=name
            )
        failure = seams.failure_for("DeleteCluster", name, self.account_id)
        cluster.failure = failure
        cluster.begin("DELETING", "FAILED" if failure else DELETED)
        if failure is None:
            self.in_background(lambda: self._stop(cluster))
        return cluster

    def _start(self, cluster: Cluster) -> None:
        planes = seams.control_planes()
        network = cluster.settings["kubernetesNetworkConfig"]
        planes.start(
            cluster.ref, cluster.version, cluster.issuer, network.get("serviceIpv4Cidr"), cluster.self_managed_addons()
        )
        # Kept, since a cluster in deletion still has them when its processes are gone.
        cluster.endpoint = planes.endpoint(cluster.ref)
        cluster.certificate_authority = planes.certificate_authority(cluster.ref)
        cluster.has_control_plane = True

    def _stop(self, cluster: Cluster) -> None:
        if cluster.has_control_plane:
            seams.control_planes().stop(cluster.ref)
        cluster.stopped = True

    def observe_clusters(self) -> dict[str, tuple[str, str | None]]:
        """State of the processes, by uid, of the clusters that need them; asked without a lock held."""
        seen = {}
        for cluster in list(self.clusters.values()):
            # ACTIVE ones too, since processes may die at any time
            if cluster.current in ("CREATING", "UPDATING", "ACTIVE") and cluster.has_control_plane:
                planes = seams.control_planes()
                seen[cluster.ref.uid] = (planes.state(cluster.ref), planes.failure(cluster.ref))
        return seen

    def settle_clusters(self, seen: dict[str, tuple[str, str | None]]) -> None:
        """Move clusters on, given what `observe_clusters` saw; removes those whose deletion is complete."""
        for cluster in list(self.clusters.values()):
            state, reason = seen.get(cluster.ref.uid, ("STARTING", None))
            if cluster.current == "CREATING":
                if state == "FAILED" and not cluster.failure:
                    cluster.fail(reason or "The control plane could not be created")
                elif state == "READY" or cluster.failure:
                    cluster.settle()
            elif cluster.current == "ACTIVE" and state == "FAILED":
                cluster.fail(reason or "The control plane ended")
            elif cluster.current == "DELETING" and (cluster.stopped or cluster.failure):
                cluster.settle()
                if cluster.current == DELETED:
                    self._remove_cluster(cluster)
            self.settle_updates(cluster, state, reason)

    def _remove_cluster(self, cluster: Cluster) -> None:
        del self.clusters[cluster.name]
        cluster_network.remove(ec2_backends[self.account_id][self.region_name], cluster)

    def place_interfaces(self) -> None:
        """Let the network interfaces follow what clusters and node groups have become."""
        for cluster in self.clusters.values():
            cluster_network.place_interfaces(ec2_backends[self.account_id][self.region_name], cluster)

    def _cluster_settings(self, request: dict[str, Any]) -> dict[str, Any]:
        version = (
            request.get("version") or first(data("versions"), lambda item: item["defaultVersion"])["clusterVersion"]
        )
        kubernetes_version(version)
        access = request.get("accessConfig") or {}
        return {
            **without_none(request),
            "version": version,
            "resourcesVpcConfig": vpc_config({}, request["resourcesVpcConfig"]),
            "kubernetesNetworkConfig": network_config(request.get("kubernetesNetworkConfig") or {}),
            "accessConfig": {
                "authenticationMode": access.get("authenticationMode") or "CONFIG_MAP",
                "bootstrapClusterCreatorAdminPermissions": access.get("bootstrapClusterCreatorAdminPermissions", True),
            },
            "upgradePolicy": {"supportType": (request.get("upgradePolicy") or {}).get("supportType") or "EXTENDED"},
            "deletionProtection": bool(request.get("deletionProtection")),
            "controlPlaneScalingConfig": request.get("controlPlaneScalingConfig") or {"tier": "standard"},
        }


def vpc_config(before: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """VpcConfigResponse (without what EKS adds) after `change` of `before`, with the service's defaults.

    Raises InvalidParameterException for no endpoint at all or a bad or private CIDR.
    """
    merged = {
        "subnetIds": [],
        "securityGroupIds": [],
        "endpointPublicAccess": True,
        "endpointPrivateAccess": False,
        "publicAccessCidrs": ["0.0.0.0/0"],
        **before,
        **without_none(change),
    }
    if not merged["endpointPublicAccess"] and not merged["endpointPrivateAccess"]:
        raise InvalidParameterException("Private and public endpoint access cannot be false")
    for cidr in change.get("publicAccessCidrs") or []:
        if not _is_public(cidr):
            raise InvalidParameterException(f"The following CIDRs are invalid in publicAccessCidrs: [{cidr}]")
    if not merged["endpointPublicAccess"]:
        merged["publicAccessCidrs"] = []
    elif not merged["publicAccessCidrs"]:
        merged["publicAccessCidrs"] = ["0.0.0.0/0"]
    return merged


def _is_public(cidr: str) -> bool:
    """Whether this is a CIDR outside the private blocks.

    https://docs.aws.amazon.com/eks/latest/userguide/config-cluster-endpoint.html: none may be reserved; those for
    documentation pass here, since that page's own example is one.
    """
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError:
        return False
    private = (ipaddress.IPv4Network(block) for block in SERVICE_CIDR_BLOCKS)
    return not (isinstance(network, ipaddress.IPv4Network) and any(network.subnet_of(block) for block in private))


def network_config(request: dict[str, Any]) -> dict[str, Any]:
    """KubernetesNetworkConfigResponse with the service's defaults. Raises InvalidParameterException for a bad CIDR."""
    family = request.get("ipFamily") or "ipv4"
    load_balancing = {"elasticLoadBalancing": request.get("elasticLoadBalancing") or {"enabled": False}}
    if family == "ipv6":
        return {"ipFamily": family, "serviceIpv6Cidr": "fd4d:3b7b:9b5e::/108", **load_balancing}
    cidr = request.get("serviceIpv4Cidr") or DEFAULT_SERVICE_CIDRS[0]
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError:
        raise InvalidParameterException(f"Invalid serviceIpv4Cidr: {cidr}") from None
    inside = any(network.subnet_of(ipaddress.IPv4Network(block)) for block in SERVICE_CIDR_BLOCKS)
    if not inside or not 12 <= network.prefixlen <= 24:
        raise InvalidParameterException(
            "serviceIpv4Cidr must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 and between /24 and /12"
        )
    return {"ipFamily": family, "serviceIpv4Cidr": cidr, **load_balancing}
