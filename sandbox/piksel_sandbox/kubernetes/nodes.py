"""Nodes: one per Fargate pod, and as many as each node group wants. kwok plays their kubelets."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import logging
from dataclasses import dataclass
from typing import Any

from piksel_sandbox.kubernetes import node_objects
from piksel_sandbox.kubernetes.admission import COMPUTE_TYPE, PROFILE_LABEL, SCHEDULER
from piksel_sandbox.kubernetes.client import ApiError, Client
from piksel_sandbox.kubernetes.mirror import Mirror
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

logger = logging.getLogger(__name__)
NODEGROUP_LABEL = "eks.amazonaws.com/nodegroup"
POD_ANNOTATION = "sandbox.piksel/pod-uid"
SIGNATURE_ANNOTATION = "sandbox.piksel/signature"
TAINT_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
FARGATE_LABELS = {COMPUTE_TYPE: "fargate", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
# the first addresses of a subnet belong to AWS (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html)
FIRST_HOST = 10


@dataclass(frozen=True)
class Subnet:
    """Where a node stands."""

    id: str
    cidr: str
    zone: str


def subnets_of(ref: ClusterRef, ids: list[str]) -> list[Subnet]:
    """The subnets of a profile or node group; one made up when EC2 does not know them (any more)."""
    from moto.ec2.models import ec2_backends

    known = ec2_backends[ref.account_id][ref.region].subnets
    found = [
        Subnet(subnet.id, subnet.cidr_block, subnet.availability_zone)
        for by_id in known.values()
        for subnet in by_id.values()
        if subnet.id in ids
    ]
    return sorted(found, key=lambda subnet: subnet.id) or [Subnet("", "10.0.0.0/16", f"{ref.region}a")]


def unsupported_on_fargate(pod: dict[str, Any]) -> str | None:
    """Why a pod cannot run on Fargate, in the words of the Fargate scheduler; None when it can.

    https://docs.aws.amazon.com/eks/latest/userguide/fargate.html#fargate-considerations
    """
    spec = pod["spec"]
    fields = []
    if spec.get("hostNetwork"):
        fields.append("HostNetwork")
    containers = [*spec.get("containers", []), *(spec.get("initContainers") or [])]
    if any(port.get("hostPort") for container in containers for port in container.get("ports") or []):
        fields.append("port contains HostPort")
    if any((container.get("securityContext") or {}).get("privileged") for container in containers):
        fields.append("invalid SecurityContext fields: Privileged")
    if any(key not in FARGATE_LABELS or FARGATE_LABELS[key] != value for key, value in _selector(spec).items()):
        fields.append("NodeSelector")
    return f"Pod not supported on Fargate: fields not supported: {', '.join(fields)}" if fields else None


def _selector(spec: dict[str, Any]) -> dict[str, str]:
    return spec.get("nodeSelector") or {}


class NodeController:
    """Makes and removes Node objects, and binds Fargate pods."""

    def __init__(
        self, ref: ClusterRef, client: Client, pods: Mirror, nodes: Mirror, version: str, kubelet: str
    ) -> None:
        self.version = version
        self._kubelet = kubelet
        self._ref = ref
        self._client = client
        self._pods = pods
        self._nodes = nodes

    def reconcile(self) -> None:
        """Brings the nodes in line with pods, profiles and node groups. Raises ApiError."""
        nodes = self._nodes.objects()
        self._reconcile_fargate(nodes)
        self._reconcile_groups(nodes)

    def _reconcile_fargate(self, nodes: list[dict[str, Any]]) -> None:
        pods = {
            pod["metadata"]["uid"]: pod for pod in self._pods.objects() if pod["spec"].get("schedulerName") == SCHEDULER
        }
        by_pod = {
            node["metadata"].get("annotations", {}).get(POD_ANNOTATION): node["metadata"]["name"]
            for node in nodes
            if node["metadata"].get("labels", {}).get(COMPUTE_TYPE) == "fargate"
        }
        for uid, name in by_pod.items():
            if uid not in pods:
                self._client.delete(f"/api/v1/nodes/{name}")
        profiles = {
            profile["fargateProfileName"]: profile
            for profile in settings.queries.fargate_profiles(self._ref)
            if profile["status"] != "DELETING"
        }
        for uid, pod in pods.items():
            metadata = pod["metadata"]
            if "deletionTimestamp" in metadata:
                continue
            profile = profiles.get(metadata.get("labels", {}).get(PROFILE_LABEL, ""))
            if profile is None:
                # https://docs.aws.amazon.com/eks/latest/userguide/delete-fargate-profile.html: its pods go with it
                self._client.delete(f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}")
            elif not pod["spec"].get("nodeName"):
                self._place(pod, by_pod.get(uid), profile)

    def _place(self, pod: dict[str, Any], name: str | None, profile: dict[str, Any]) -> None:
        metadata = pod["metadata"]
        if reason := unsupported_on_fargate(pod):
            self._refuse(pod, reason)
            return
        if name is None:
            name = self._make_fargate_node(metadata["uid"], profile.get("subnets") or [])
        target = {"apiVersion": "v1", "kind": "Node", "name": name}
        try:
            self._client.request(
                "POST",
                f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding",
                {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target},
            )
        except ApiError as error:
            # gone, or bound in an earlier round that the watch has not shown yet
            if error.status not in (404, 409):
                raise

    def _refuse(self, pod: dict[str, Any], reason: str) -> None:
        conditions = pod.get("status", {}).get("conditions") or []
        if any(condition.get("message") == reason for condition in conditions):
            return
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": reason}
        metadata = pod["metadata"]
        self._client.request(
            "PATCH",
            f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status",
            {"status": {"conditions": [condition]}},
            "application/strategic-merge-patch+json",
        )

    def _make_fargate_node(self, pod_uid: str, subnet_ids: list[str]) -> str:
        number = int(hashlib.sha256(pod_uid.encode()).hexdigest()[:8], 16)
        subnets = subnets_of(self._ref, subnet_ids)
        subnet = subnets[number % len(subnets)]
        labels = {COMPUTE_TYPE: "fargate"}
        taint = {"key": COMPUTE_TYPE, "value": "fargate", "effect": "NoSchedule"}
        return self._create(
            "fargate-", subnet, number, labels, {POD_ANNOTATION: pod_uid}, [taint],
            {"cpu": "2", "memory": "4Gi", "pods": "1"}, "",
        )  # fmt: skip

    def _reconcile_groups(self, nodes: list[dict[str, Any]]) -> None:
        wanted = {
            group["nodegroupName"]: group
            for group in settings.queries.nodegroups(self._ref)
            if group.get("status") not in ("DELETING", "CREATE_FAILED")
        }
        existing: dict[str, list[dict[str, Any]]] = {name: [] for name in wanted}
        for node in nodes:
            name = node["metadata"].get("labels", {}).get(NODEGROUP_LABEL)
            # Karpenter's nodes and others have no such label
            if name is not None:
                existing.setdefault(name, []).append(node)
        for name, members in existing.items():
            self._reconcile_group(wanted.get(name), sorted(members, key=lambda node: node["metadata"]["name"]))

    def _reconcile_group(self, group: dict[str, Any] | None, members: list[dict[str, Any]]) -> None:
        size = (group.get("scalingConfig") or {}).get("desiredSize", 1) if group else 0
        for node in members[size:]:
            self._client.delete(f"/api/v1/nodes/{node['metadata']['name']}")
        if group is None:
            return
        labels, taints = _group_labels(group), _group_taints(group)
        signature = hashlib.sha256(json.dumps([labels, taints], sort_keys=True).encode()).hexdigest()[:16]
        for node in members[:size]:
            if node["metadata"].get("annotations", {}).get(SIGNATURE_ANNOTATION) != signature:
                self._relabel(node, labels, taints, signature)
        subnets = subnets_of(self._ref, group.get("subnets") or [])
        instance_type = (group.get("instanceTypes") or ["m5.large"])[0]
        for index in range(len(members), size):
            subnet = subnets[index % len(subnets)]
            number = int(hashlib.sha256(f"{group['nodegroupName']}/{index}".encode()).hexdigest()[:8], 16)
            all_labels = labels | {node_objects.INSTANCE_TYPE: instance_type}
            instance_id = f"i-{hashlib.sha256(str(number).encode()).hexdigest()[:17]}"
            self._create(
                "", subnet, number, all_labels, {SIGNATURE_ANNOTATION: signature}, taints,
                node_objects.instance_resources(instance_type), instance_id,
            )  # fmt: skip

    def _relabel(
        self, node: dict[str, Any], labels: dict[str, str], taints: list[dict[str, str]], signature: str
    ) -> None:
        kept = {
            key: value
            for key, value in node["metadata"].get("labels", {}).items()
            if key.startswith(("topology.kubernetes.io/", "node.kubernetes.io/", "kubernetes.io/"))
        }
        manifest = node_objects.manifest(
            node["metadata"]["name"], kept | labels, {SIGNATURE_ANNOTATION: signature}, taints
        )
        # what an apply no longer names is taken away, and the provider's id may not change
        manifest["spec"]["providerID"] = node["spec"]["providerID"]
        self._client.apply(manifest)

    def _create(
        self,
        prefix: str,
        subnet: Subnet,
        number: int,
        labels: dict[str, str],
        annotations: dict[str, str],
        taints: list[dict[str, str]],
        resources: dict[str, str],
        instance_id: str,
    ) -> str:
        used = {node["metadata"]["name"] for node in self._nodes.objects()}
        network = ipaddress.ip_network(subnet.cidr)
        hosts = max(network.num_addresses - FIRST_HOST - 1, 1)
        while True:
            address = str(network[FIRST_HOST + number % hosts] if network.num_addresses > FIRST_HOST else network[0])
            name = f"{prefix}ip-{address.replace('.', '-')}.{self._ref.region}.compute.internal"
            if name not in used:
                break
            number += 1
        labels = node_objects.own_labels(name, self._ref.region, subnet.zone) | labels
        manifest = node_objects.manifest(name, labels, annotations, taints)
        manifest["spec"]["providerID"] = (
            f"aws:///{subnet.zone}/{instance_id}" if instance_id else f"aws:///{subnet.zone}/{number:010x}/{name}"
        )
        manifest["status"] = node_objects.status(name, address, self._kubelet, self.version, resources)
        try:
            self._client.apply(manifest)
        except ApiError as error:
            if error.status != 409:
                raise
        return name


def _group_labels(group: dict[str, Any]) -> dict[str, str]:
    return {
        **(group.get("labels") or {}),
        NODEGROUP_LABEL: group["nodegroupName"],
        "eks.amazonaws.com/capacityType": group.get("capacityType") or "ON_DEMAND",
    }


def _group_taints(group: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {"key": taint["key"], "effect": TAINT_EFFECTS[taint["effect"]]}
        | ({"value": taint["value"]} if taint.get("value") else {})
        for taint in group.get("taints") or []
    ]
