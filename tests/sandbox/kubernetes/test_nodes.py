"""Nodes come from Fargate profiles and node groups, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from piksel_sandbox.kubernetes.admission import matching_profile
from piksel_sandbox.kubernetes.node_objects import instance_resources
from piksel_sandbox.kubernetes.nodes import unsupported_on_fargate
from sandbox.kubernetes.support import Cluster, Model, wait_for

NODES = "/api/v1/nodes"
EC2 = {"eks.amazonaws.com/compute-type": "ec2"}


@pytest.fixture(scope="module")
def namespace(shared_cluster: Cluster) -> str:
    """A namespace for these tests."""
    shared_cluster.make_namespace("placed")
    return "placed"


@pytest.fixture(autouse=True)
def _empty_afterwards(cluster: Cluster, model: Model, namespace: str) -> Iterator[None]:
    yield
    for name in cluster.pods(namespace):
        cluster.admin.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/{name}", {"gracePeriodSeconds": 0})
    model.clear()
    wait_for(lambda: not cluster.items(NODES))


def phase(cluster: Cluster, namespace: str, name: str) -> str:
    """A pod's phase."""
    return str(cluster.pods(namespace)[name]["status"]["phase"])


@pytest.mark.requirement("FARG-01")
def test_a_fargate_pod_has_a_node_of_its_own(cluster: Cluster, model: Model, namespace: str) -> None:
    """Label, taint and name as on EKS; the node goes with its pod."""
    model.add_profile("apps", "placed", labels={"tier": "web-*"})
    cluster.make_pod(namespace, "web", {"tier": "web-1"})
    cluster.make_pod(namespace, "other", {"tier": "db"})
    assert wait_for(lambda: phase(cluster, namespace, "web") == "Running")
    assert phase(cluster, namespace, "other") == "Pending"
    (node,) = cluster.items(NODES)
    assert node["metadata"]["name"].startswith("fargate-ip-10-")
    assert node["metadata"]["name"].endswith(".ap-southeast-3.compute.internal")
    assert node["metadata"]["labels"]["eks.amazonaws.com/compute-type"] == "fargate"
    taint = {"key": "eks.amazonaws.com/compute-type", "value": "fargate", "effect": "NoSchedule"}
    assert taint in node["spec"]["taints"]
    pod = cluster.pods(namespace)["web"]
    assert pod["spec"]["nodeName"] == node["metadata"]["name"]
    assert pod["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] == "apps"
    cluster.admin.delete(f"/api/v1/namespaces/{namespace}/pods/web")
    assert wait_for(lambda: not cluster.items(NODES))


def test_a_pod_older_than_its_profile_waits(cluster: Cluster, model: Model, namespace: str) -> None:
    """As on EKS, where the profile is looked up when a pod is made."""
    cluster.make_pod(namespace, "older")
    model.add_profile("apps", "placed")
    assert not wait_for(lambda: phase(cluster, namespace, "older") == "Running", 1.5)
    cluster.make_pod(namespace, "younger")
    assert wait_for(lambda: phase(cluster, namespace, "younger") == "Running")


@pytest.mark.requirement("FARG-09")
def test_a_pod_that_fargate_refuses_says_why(cluster: Cluster, model: Model, namespace: str) -> None:
    """The selector of the system nodes keeps a pod of a Fargate namespace Pending."""
    model.add_profile("apps", "placed")
    cluster.make_pod(namespace, "astray", nodeSelector={"karpenter.sh/controller": "true"})

    def message() -> str:
        conditions = cluster.pods(namespace)["astray"]["status"].get("conditions") or [{}]
        return str(conditions[0].get("message", ""))

    assert wait_for(lambda: "Pod not supported on Fargate" in message())
    assert "NodeSelector" in message()


@pytest.mark.requirement("EKS-30")
def test_node_groups_have_their_nodes(cluster: Cluster, model: Model, namespace: str) -> None:
    """Size, labels and taints follow the group, also later; its pods run; nodes go with the group."""
    group: dict[str, Any] = {
        "nodegroupName": "system",
        "status": "ACTIVE",
        "scalingConfig": {"desiredSize": 2},
        "instanceTypes": ["t3.large"],
        "labels": {"karpenter.sh/controller": "true"},
        "taints": [{"key": "CriticalAddonsOnly", "value": "true", "effect": "NO_SCHEDULE"}],
        "subnets": ["subnet-1"],
    }
    model.group_list = [group]
    assert wait_for(lambda: len(cluster.items(NODES)) == 2)
    toleration = {"key": "CriticalAddonsOnly", "operator": "Exists"}
    cluster.make_pod(namespace, "tolerant", tolerations=[toleration], nodeSelector={"karpenter.sh/controller": "true"})
    cluster.make_pod(namespace, "plain")
    assert wait_for(lambda: phase(cluster, namespace, "tolerant") == "Running")
    assert phase(cluster, namespace, "plain") == "Pending"
    node = cluster.items(NODES)[0]
    assert node["metadata"]["labels"]["node.kubernetes.io/instance-type"] == "t3.large"
    assert node["status"]["capacity"]["memory"] == "8Gi"
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.36.")
    model.group_list = [group | {"scalingConfig": {"desiredSize": 3}, "labels": {"new": "label"}, "taints": []}]

    def labels() -> list[str | None]:
        return [item["metadata"]["labels"].get("new") for item in cluster.items(NODES)]

    assert wait_for(lambda: labels() == ["label"] * 3)
    assert not any("karpenter.sh/controller" in item["metadata"]["labels"] for item in cluster.items(NODES))
    assert wait_for(lambda: phase(cluster, namespace, "plain") == "Running")
    model.group_list = [group | {"status": "DELETING"}]
    assert wait_for(lambda: not cluster.items(NODES))


def test_foreign_nodes_are_left_alone(cluster: Cluster, model: Model) -> None:
    """Karpenter's nodes are its own."""
    cluster.admin.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "foreign"}})
    assert not wait_for(lambda: not cluster.items(NODES), 1.5)
    cluster.admin.delete(f"{NODES}/foreign")


PROFILE = {
    "fargateProfileName": "p",
    "status": "ACTIVE",
    "selectors": [{"namespace": "kube-*"}, {"namespace": "one", "labels": {"a": "b", "c": "d*"}}],
}


@pytest.mark.parametrize(
    ("pod", "namespace", "is_taken"),
    [
        ({}, "kube-system", True),
        ({}, "other", False),
        ({"metadata": {"labels": {"a": "b", "c": "de"}}}, "one", True),
        ({"metadata": {"labels": {"a": "b"}}}, "one", False),
        ({"metadata": {"annotations": EC2}}, "kube-system", False),
        ({"spec": {"nodeSelector": EC2}}, "kube-system", False),
        ({"metadata": {"annotations": {"eks.amazonaws.com/compute-type": "Fargate"}}}, "kube-system", True),
        ({"metadata": {"ownerReferences": [{"kind": "DaemonSet"}]}}, "kube-system", False),
    ],
)
def test_selectors(pod: dict[str, Any], namespace: str, is_taken: bool) -> None:
    """Namespace and labels, both with wildcards; marks for EC2 and DaemonSets stay out."""
    assert matching_profile(pod, namespace, [PROFILE]) == ("p" if is_taken else None)
    assert matching_profile(pod, namespace, [PROFILE | {"status": "CREATING"}]) is None


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"containers": []}, None),
        ({"nodeSelector": {"kubernetes.io/os": "linux"}}, None),
        ({"hostNetwork": True}, "HostNetwork"),
        ({"containers": [{"securityContext": {"privileged": True}}]}, "Privileged"),
        ({"containers": [{"ports": [{"hostPort": 80}]}]}, "HostPort"),
    ],
)
def test_what_fargate_cannot_run(spec: dict[str, Any], reason: str | None) -> None:
    """The limits of FARG-08."""
    answer = unsupported_on_fargate({"spec": spec})
    assert (answer is None) if reason is None else (reason in (answer or ""))


def test_instance_types() -> None:
    """From the emulator's own catalogue."""
    assert instance_resources("g5.xlarge") == {"cpu": "4", "memory": "16384Mi", "pods": "110"}
    assert instance_resources("x9.unknown")["cpu"] == "2"
