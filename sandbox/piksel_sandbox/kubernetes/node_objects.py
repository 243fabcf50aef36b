"""Node objects as kubelets of EC2 and Fargate register them; kwok plays the kubelets from then on.

https://kubernetes.io/docs/reference/node/node-status/
"""

from __future__ import annotations

from typing import Any

INSTANCE_TYPE = "node.kubernetes.io/instance-type"


def instance_resources(instance_type: str) -> dict[str, str]:
    """CPU, memory and pods of an EC2 instance type; those of m5.large for an unknown one."""
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    known = INSTANCE_TYPES.get(instance_type) or {}
    cpu = known.get("VCpuInfo", {}).get("DefaultVCpus", 2)
    memory = known.get("MemoryInfo", {}).get("SizeInMiB", 8192)
    return {"cpu": str(cpu), "memory": f"{memory}Mi", "pods": "110"}


def manifest(
    name: str, labels: dict[str, str], annotations: dict[str, str], taints: list[dict[str, str]]
) -> dict[str, Any]:
    """A node without status, which kwok takes for its own."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": {"kwok.x-k8s.io/node": "fake", **annotations},
        },
        "spec": {"taints": taints},
    }


def status(name: str, address: str, kubelet: str, version: str, resources: dict[str, str]) -> dict[str, Any]:
    """A node's status: `address` is its own, `kubelet` the one where the API server asks for logs."""
    return {
        "capacity": resources,
        "allocatable": resources,
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "InternalDNS", "address": name},
            {"type": "Hostname", "address": name},
            {"type": "ExternalDNS", "address": kubelet},
        ],
        "nodeInfo": _node_info(version),
    }


def _node_info(version: str) -> dict[str, str]:
    kubelet = f"v{'.'.join(version.split('.')[:2])}.0-eks-sandbox"
    return {
        "architecture": "amd64",
        "bootID": "",
        "containerRuntimeVersion": "containerd://2.1.5",
        "kernelVersion": "6.12.40-64.114.amzn2023.x86_64",
        "kubeProxyVersion": kubelet,
        "kubeletVersion": kubelet,
        "machineID": "",
        "operatingSystem": "linux",
        "osImage": "Amazon Linux 2023",
        "systemUUID": "",
    }


def own_labels(name: str, region: str, zone: str) -> dict[str, str]:
    """The labels that every node bears."""
    return {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
    }
