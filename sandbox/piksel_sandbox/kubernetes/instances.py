"""EC2 instances that join a cluster as their launch user data says, and leave it when they end.

https://docs.aws.amazon.com/eks/latest/userguide/al2023.html, https://awslabs.github.io/amazon-eks-ami/nodeadm/
"""

from __future__ import annotations

import email
import logging
from collections.abc import Iterator
from typing import Any

import yaml

from piksel_sandbox.kubernetes import node_objects
from piksel_sandbox.kubernetes.client import ApiError, Client
from piksel_sandbox.kubernetes.mirror import Mirror
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

logger = logging.getLogger(__name__)
INSTANCE_ANNOTATION = "sandbox.piksel/instance"
NODE_CONFIG = "application/node.eks.aws"
LABELS = "--node-labels="
# What an access entry of nodes is: https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
OF_NODES = "EC2_LINUX"
GPU = "nvidia.com/gpu"


def node_config(user_data: str) -> dict[str, Any]:
    """The NodeConfig among the parts of the user data; {} where there is none."""
    for part in email.message_from_string(user_data).walk():
        if part.get_content_type() == NODE_CONFIG:
            return yaml.safe_load(part.get_payload()) or {}
    return {}


def resources(instance: Any, image: str, kubelet: dict[str, Any]) -> dict[str, str]:
    """What a node of that moto instance offers.

    GPUs count where the image has their driver: the device plugin, which would tell them, is taken as there.
    """
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    known = INSTANCE_TYPES.get(instance.instance_type, {})
    network = known.get("NetworkInfo", {})
    # https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html#determine-max-pods
    addresses = network.get("MaximumNetworkInterfaces", 4) * (network.get("Ipv4AddressesPerInterface", 15) - 1) + 2
    gpus = sum(int(one["Count"]) for one in known.get("GpuInfo", {}).get("Gpus", []) if one["Manufacturer"] == "NVIDIA")
    disk = sum(int(volume.size) for _name, volume in instance.get_block_device_mapping)
    return {
        **node_objects.instance_resources(instance.instance_type),
        "pods": str(kubelet.get("maxPods") or addresses),
        "ephemeral-storage": f"{disk}Gi",
        **({GPU: str(gpus)} if gpus and "nvidia" in image else {}),
    }


class InstanceController:
    """Makes and removes the nodes of instances that name this cluster."""

    def __init__(self, ref: ClusterRef, client: Client, nodes: Mirror, version: str, kubelet: str) -> None:
        self.version = version
        self._ref = ref
        self._client = client
        self._nodes = nodes
        self._kubelet = kubelet
        # A kubelet registers once, and tries until it is let in: instance -> what keeps it out, "" once it has joined.
        self._known: dict[str, str] = {}

    def reconcile(self) -> None:
        """Brings the nodes in line with EC2's instances. Raises ApiError."""
        running = {instance.id: instance for instance in self._running()}
        for node in self._nodes.objects():
            instance = node["metadata"].get("annotations", {}).get(INSTANCE_ANNOTATION)
            if instance and instance not in running and "deletionTimestamp" not in node["metadata"]:
                self._delete(node["metadata"]["name"])
        self._known = {name: reason for name, reason in self._known.items() if name in running}
        for instance in running.values():
            if self._known.get(instance.id) != "":
                self._start(instance)

    def _delete(self, name: str) -> None:
        try:
            self._client.delete(f"/api/v1/nodes/{name}")
        except ApiError as error:
            if error.status != 404:
                raise

    def _running(self) -> Iterator[Any]:
        from moto.ec2.models import ec2_backends

        # A look must not make the backend of an account.
        backend = dict(ec2_backends.get(self._ref.account_id) or {}).get(self._ref.region)
        for reservation in list(backend.reservations.values()) if backend else []:
            yield from (one for one in list(reservation.instances) if one.is_running() and one.user_data)

    def _start(self, instance: Any) -> None:
        """Lets an instance join if it belongs here and the cluster lets it in."""
        spec = node_config(instance.user_data.decode()).get("spec", {})
        told = spec.get("cluster", {})
        cluster = settings.queries.cluster(self._ref)
        if told.get("name") != self._ref.name or cluster is None:
            return
        refusal = "; ".join(self._refusals(instance, told, cluster))
        if refusal and refusal != self._known.get(instance.id):
            logger.warning("%s: %s does not join: %s", self._ref.slug, instance.id, refusal)
        if not refusal:
            self._join(instance, spec.get("kubelet", {}))
        self._known[instance.id] = refusal

    def _refusals(self, instance: Any, told: dict[str, Any], cluster: dict[str, Any]) -> Iterator[str]:
        if told.get("apiServerEndpoint") != cluster.get("endpoint"):
            yield f"its endpoint is {told.get('apiServerEndpoint')}"
        if told.get("certificateAuthority") != cluster.get("certificateAuthority", {}).get("data"):
            yield "its certificate authority is another one"
        allowed = {
            entry["principalArn"] for entry in settings.queries.access_entries(self._ref) if entry["type"] == OF_NODES
        }
        roles = {role.arn for role in self._profile_roles(instance)}
        if not roles & allowed:
            yield f"no access entry of type {OF_NODES} lets {', '.join(sorted(roles)) or 'it, without a role,'} in"

    def _profile_roles(self, instance: Any) -> list[Any]:
        association = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
        return list(association.iam_instance_profile.roles) if association else []

    def _join(self, instance: Any, kubelet: dict[str, Any]) -> None:
        from piksel_sandbox.aws.ec2 import eks_images

        ami = instance.ec2_backend.amis.get(instance.image_id)
        image = ami.name if ami else ""
        name = instance.private_dns_name
        zone = instance.availability_zone
        labels = node_objects.own_labels(name, self._ref.region, zone)
        labels[node_objects.INSTANCE_TYPE] = instance.instance_type
        for flag in kubelet.get("flags") or []:
            if flag.startswith(LABELS):
                labels |= dict(pair.split("=", 1) for pair in flag.removeprefix(LABELS).strip('"').split(","))
        config = kubelet.get("config") or {}
        taints = config.get("registerWithTaints") or []
        node = node_objects.manifest(name, labels, {INSTANCE_ANNOTATION: instance.id}, taints)
        node["spec"]["providerID"] = f"aws:///{zone}/{instance.id}"
        offered = resources(instance, image, config)
        version = eks_images.parts(image)[2] or self.version
        node["status"] = node_objects.status(name, instance.private_ip, self._kubelet, version, offered)
        self._client.apply(node)
        logger.info("%s: %s joined as %s", self._ref.slug, instance.id, name)
