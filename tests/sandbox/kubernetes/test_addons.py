"""Add-ons put real objects into the cluster, and are as healthy as their pods."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from piksel_sandbox.kubernetes import addon_manifests, control_planes
from sandbox.kubernetes.support import Cluster, Model, addon, wait_for

DEPLOYMENTS = "/apis/apps/v1/namespaces/kube-system/deployments"
DAEMON_SETS = "/apis/apps/v1/namespaces/kube-system/daemonsets"
DAEMONS = {"kube-proxy": "kube-proxy", "vpc-cni": "aws-node", "eks-pod-identity-agent": "eks-pod-identity-agent"}


@pytest.fixture(autouse=True)
def _empty_afterwards(cluster: Cluster, model: Model) -> Iterator[None]:
    yield
    model.clear()
    control_planes.changed(cluster.ref)
    wait_for(lambda: not cluster.pods("kube-system") and not cluster.items(DAEMON_SETS), 20)


def codes(cluster: Cluster, name: str) -> list[str]:
    """Codes of an add-on's issues."""
    return [issue["code"] for issue in control_planes.addon_health(cluster.ref, name)]


def put(cluster: Cluster, model: Model, *rows: dict[str, Any]) -> None:
    """Makes `rows` the cluster's add-ons."""
    model.addon_list = list(rows)
    control_planes.changed(cluster.ref)


def phases(cluster: Cluster) -> list[str]:
    """Phases of the pods in kube-system that are not being deleted."""
    pods = cluster.pods("kube-system").values()
    return [pod["status"]["phase"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]


@pytest.mark.requirement("EKS-20", "EKS-25")
def test_coredns_is_degraded_until_a_profile_takes_its_pods(cluster: Cluster, model: Model) -> None:
    """Add-on before profile: visibly wrong; the profile alone does not help, new pods do."""
    put(cluster, model, addon("coredns", computeType="Fargate"))
    assert codes(cluster, "coredns") == ["InsufficientNumberOfReplicas"]
    assert wait_for(lambda: phases(cluster) == ["Pending", "Pending"])
    assert codes(cluster, "coredns") == ["InsufficientNumberOfReplicas"]
    model.add_profile("kube_system", "kube-system")
    assert not wait_for(lambda: "Running" in phases(cluster), 1.5)
    for name in cluster.pods("kube-system"):
        cluster.admin.delete(f"/api/v1/namespaces/kube-system/pods/{name}")
    assert wait_for(lambda: codes(cluster, "coredns") == [])
    pods = cluster.pods("kube-system").values()
    assert {pod["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] for pod in pods} == {"kube_system"}
    assert all(pod["spec"]["nodeName"].startswith("fargate-ip-") for pod in pods)
    for path in ("serviceaccounts/coredns", "services/kube-dns", "configmaps/coredns"):
        assert cluster.admin.get(f"/api/v1/namespaces/kube-system/{path}"), path


def test_pods_go_with_their_profile(cluster: Cluster, model: Model) -> None:
    """Profile deleted: its pods and nodes go, their successors stay Pending, and coredns is not healthy any more."""
    model.add_profile("kube_system", "kube-system")
    put(cluster, model, addon("coredns", computeType="Fargate"))
    assert wait_for(lambda: codes(cluster, "coredns") == [], 20)
    before = set(cluster.pods("kube-system"))
    model.profile_list = [profile | {"status": "DELETING"} for profile in model.profile_list]
    assert wait_for(lambda: not before & set(cluster.pods("kube-system")))
    assert wait_for(lambda: phases(cluster) == ["Pending", "Pending"])
    assert wait_for(lambda: not cluster.items("/api/v1/nodes"))
    assert wait_for(lambda: codes(cluster, "coredns") == ["InsufficientNumberOfReplicas"])


def test_an_add_on_without_a_control_plane_is_not_healthy(cluster: Cluster, model: Model) -> None:
    """Nothing is known of its pods; one without a Deployment has no pods to miss."""
    gone = dataclasses.replace(cluster.ref, uid="none")
    assert [issue["code"] for issue in control_planes.addon_health(gone, "coredns")] == ["InsufficientNumberOfReplicas"]
    assert control_planes.addon_health(gone, "vpc-cni") == []


@pytest.mark.requirement("EKS-21")
def test_the_compute_type_decides_and_a_change_repairs(cluster: Cluster, model: Model) -> None:
    """Without computeType the pods are marked for EC2, and Fargate leaves them; the right configuration rolls out."""
    model.add_profile("kube_system", "kube-system")
    put(cluster, model, addon("coredns"))
    assert wait_for(lambda: phases(cluster) == ["Pending", "Pending"])
    assert not wait_for(lambda: "Running" in phases(cluster), 1.5)
    put(cluster, model, addon("coredns", computeType="Fargate", autoScaling={"enabled": True, "minReplicas": 4}))
    assert codes(cluster, "coredns") == ["InsufficientNumberOfReplicas"]
    assert wait_for(lambda: codes(cluster, "coredns") == [], 20)
    assert (cluster.admin.get(f"{DEPLOYMENTS}/coredns") or {})["spec"]["replicas"] == 4


def test_the_ebs_driver_needs_its_controller(cluster: Cluster, model: Model) -> None:
    """Its controller runs on Fargate without further configuration; the role stands on its service account."""
    put(cluster, model, {**addon("aws-ebs-csi-driver"), "serviceAccountRoleArn": "arn:aws:iam::1:role/ebs"})
    assert wait_for(lambda: phases(cluster) == ["Pending", "Pending"])
    assert codes(cluster, "aws-ebs-csi-driver") == ["InsufficientNumberOfReplicas"]
    model.add_profile("kube_system", "kube-system")
    for name in cluster.pods("kube-system"):
        cluster.admin.delete(f"/api/v1/namespaces/kube-system/pods/{name}")
    assert wait_for(lambda: codes(cluster, "aws-ebs-csi-driver") == [])
    account = cluster.admin.get("/api/v1/namespaces/kube-system/serviceaccounts/ebs-csi-controller-sa")
    assert (account or {})["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == "arn:aws:iam::1:role/ebs"


def test_daemons_are_healthy_without_nodes_and_shun_fargate(cluster: Cluster, model: Model) -> None:
    """FARG-08: DaemonSets never run on Fargate."""
    model.add_profile("kube_system", "kube-system")
    put(cluster, model, addon("coredns", computeType="Fargate"), *(addon(name) for name in DAEMONS))
    assert wait_for(lambda: codes(cluster, "coredns") == [])
    sets = {item["metadata"]["name"]: item["status"] for item in cluster.items(DAEMON_SETS)}
    assert set(sets) == set(DAEMONS.values())
    assert {status["desiredNumberScheduled"] for status in sets.values()} == {0}
    assert all(codes(cluster, name) == [] for name in DAEMONS)


def test_an_add_on_takes_its_objects_away_unless_they_are_preserved(cluster: Cluster, model: Model) -> None:
    """DeleteAddon, with and without `preserve`."""
    put(cluster, model, addon("kube-proxy"), addon("vpc-cni"))
    assert wait_for(lambda: len(cluster.items(DAEMON_SETS)) == 2)
    control_planes.preserve_addon(cluster.ref, "vpc-cni")
    put(cluster, model)
    assert wait_for(lambda: len(cluster.items(DAEMON_SETS)) == 1)
    assert not wait_for(lambda: not cluster.items(DAEMON_SETS), 1)
    assert not cluster.admin.get("/api/v1/namespaces/kube-system/serviceaccounts/kube-proxy")
    cluster.admin.delete(f"{DAEMON_SETS}/aws-node")


def test_configuration_reaches_the_manifests() -> None:
    """JSON and YAML, as the API takes both; unknown add-ons are rows only."""
    yaml_row = {**addon("vpc-cni"), "configurationValues": "env:\n  ENABLE_PREFIX_DELEGATION: 'true'\n"}
    (daemon,) = [item for item in addon_manifests.manifests(yaml_row, "r") if item["kind"] == "DaemonSet"]
    environment = daemon["spec"]["template"]["spec"]["containers"][0]["env"]
    assert environment == [{"name": "ENABLE_PREFIX_DELEGATION", "value": "true"}]
    row = addon("coredns", resources={"requests": {"cpu": "500m"}}, replicaCount=3)
    (deployment,) = [item for item in addon_manifests.manifests(row, "r") if item["kind"] == "Deployment"]
    assert deployment["spec"]["replicas"] == 3
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "500m"}}
    assert addon_manifests.manifests(addon("adot"), "r") == []
    assert addon_manifests.deployments_of("adot") == ()
