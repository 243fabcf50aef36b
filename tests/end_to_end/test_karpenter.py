"""Karpenter itself, in a sandbox that runs it: what the platform gives it makes nodes, and lets them go."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from end_to_end.harness import ROOT, Cluster, Play
from end_to_end.karpenter_rights import DANGEROUS, Calls, documents
from iam_evaluator import allows
from piksel_sandbox.client import Sandbox
from piksel_sandbox.sessions import Session

POOL = "karpenter.sh/nodepool"
GPU = "nvidia.com/gpu"
GPUS = 30
# Pools let go of empty nodes after minutes; here they need not wait.
POOLS = yaml.safe_load((ROOT / "group_vars/all/node_pools.yml").read_text("utf-8"))["piksel_node_pools"]
SOON = {"consolidation_policy": "WhenEmpty", "consolidate_after": "5s", "budgets": [{"nodes": "100%"}]}
OVERRIDES = {"piksel_node_pool_overrides": dict.fromkeys(POOLS, SOON)}
pytestmark = pytest.mark.usefixtures("converged")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of its own, in which Karpenter runs."""
    running = Sandbox(tmp_path_factory.mktemp("karpenter"), bound=True, karpenter=True)
    running.up()
    yield running
    running.down()


@pytest.fixture(scope="module")
def converged(sandbox: Sandbox, env_of: Callable) -> None:
    """Dev, converged from empty."""
    Play(env_of(sandbox))("site.yml", ("dev",), "-e", json.dumps(OVERRIDES)).ok()


@pytest.fixture(scope="module")
def cluster(sandbox: Sandbox, env_of: Callable) -> Cluster:
    """kubectl in dev."""
    return Cluster(env_of(sandbox), "piksel-dev")


@pytest.fixture(scope="module")
def ec2(sandbox: Sandbox) -> Any:
    """EC2 of dev, for who looks."""
    return Session(sandbox, "dev-network-owner").client("ec2")


@pytest.fixture
def workload(cluster: Cluster) -> Iterator[Callable]:
    """`workload(name, pool, ...)` makes a Deployment; all of them go after the test."""
    made = []

    def make(name: str, pool: str | None = None, replicas: int = 1, gpus: int = 0, **annotations: str) -> None:
        taints = cluster.get("nodepool", pool)["spec"]["template"]["spec"].get("taints", []) if pool else []
        manifest = deployment(name, pool, taints, replicas, {GPU: str(gpus)} if gpus else {})
        manifest["spec"]["template"]["metadata"]["annotations"] = annotations
        cluster.apply(manifest)
        made.append(name)

    yield make
    cluster.run("delete", "deployment", "--ignore-not-found", *made)


def deployment(name: str, pool: str | None, taints: list[dict], replicas: int, limits: dict) -> dict[str, Any]:
    """Pods that tolerate these taints, in a pool if one is named."""
    resources = {"requests": {"cpu": "500m"}, "limits": limits}
    pod = {
        "nodeSelector": {POOL: pool} if pool else {},
        "tolerations": [{"key": taint["key"], "operator": "Exists"} for taint in taints],
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "work", "image": "work", "resources": resources}],
    }
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def until(what: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 120.0) -> Any:
    """What `what()` gives once it is as wanted; fails with the last of it."""
    end = time.monotonic() + seconds
    while not wanted(found := what()):
        assert time.monotonic() < end, f"after {seconds:.0f} s: {found}"
        time.sleep(0.5)
    return found


def condition(thing: dict[str, Any], name: str) -> str | None:
    """The status of a condition, None where it has none."""
    return next((one["status"] for one in thing["status"].get("conditions", []) if one["type"] == name), None)


def places(cluster: Cluster, name: str) -> list[str]:
    """The nodes on which pods of a Deployment run."""
    pods = cluster.get("pods", "-n", "default", "-l", f"app={name}")["items"]
    return [pod["spec"]["nodeName"] for pod in pods if pod["status"]["phase"] == "Running"]


def place(cluster: Cluster, name: str) -> dict[str, Any]:
    """The node of a Deployment's only pod, once it runs."""
    return cluster.get("node", until(lambda: places(cluster, name), lambda found: len(found) == 1)[0])


def instance_of(ec2: Any, node: dict[str, Any]) -> dict[str, Any]:
    """The instance behind a node."""
    name = node["spec"]["providerID"].rpartition("/")[2]
    return ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]


def running(ec2: Any) -> list[str]:
    """The types of the instances that run for a pool."""
    filters = [{"Name": "tag-key", "Values": [POOL]}, {"Name": "instance-state-name", "Values": ["running"]}]
    reservations = ec2.describe_instances(Filters=filters)["Reservations"]
    return [instance["InstanceType"] for one in reservations for instance in one["Instances"]]


def with_gpu(ec2: Any) -> list[str]:
    """Those of them with a GPU; nodes of other tests may be on their way out."""
    return [name for name in running(ec2) if name.startswith("g5.")]


@pytest.mark.requirement("KARP-10", "KARP-11", "KARP-20")
def test_every_class_and_pool_is_ready(cluster: Cluster) -> None:
    for kind, least in (("ec2nodeclasses", 5), ("nodepools", 11)):
        found = until(
            lambda kind=kind: {one["metadata"]["name"]: condition(one, "Ready") for one in cluster.get(kind)["items"]},
            lambda states: set(states.values()) == {"True"},
        )
        assert len(found) == least


@pytest.mark.requirement("KARP-12", "KARP-13", "KARP-21", "SECU-04")
def test_a_pod_gets_a_node_that_is_as_its_pool_says(cluster: Cluster, ec2: Any, workload: Callable) -> None:
    pools = {pool["metadata"]["name"]: pool["spec"]["template"] for pool in cluster.get("nodepools")["items"]}
    workload("anywhere")
    for pool in pools:
        workload(pool, pool, gpus=int(pool == "gpu"))
    anywhere = place(cluster, "anywhere")
    assert anywhere["metadata"]["labels"][POOL] == "default"
    assert anywhere["metadata"]["labels"]["karpenter.k8s.aws/instance-category"] in ("c", "m", "r", "t")
    for name, template in pools.items():
        node = place(cluster, name)
        labels = node["metadata"]["labels"]
        assert {**template.get("metadata", {}).get("labels", {}), POOL: name}.items() <= labels.items()
        assert node["spec"].get("taints", []) == template["spec"].get("taints", [])
        assert_as_the_class_says(cluster.get("ec2nodeclass", template["spec"]["nodeClassRef"]["name"]), node, ec2)
    assert place(cluster, "gpu")["metadata"]["labels"]["node.kubernetes.io/instance-type"] in (
        "g5.xlarge",
        "g5.2xlarge",
        "g5.4xlarge",
    )
    claims = cluster.get("nodeclaims")["items"]
    assert len(claims) >= len(pools)
    assert {condition(claim, "Ready") for claim in claims} == {"True"}
    assert {condition(claim, "Drifted") for claim in claims} == {None}


def assert_as_the_class_says(node_class: dict[str, Any], node: dict[str, Any], ec2: Any) -> None:
    """The instance has the class's image, group, role, disk and metadata options, whatever Karpenter made of them."""
    spec, status = node_class["spec"], node_class["status"]
    instance = instance_of(ec2, node)
    assert instance["ImageId"] in [image["id"] for image in status["amis"]]
    assert [one["GroupId"] for one in instance["SecurityGroups"]] == [one["id"] for one in status["securityGroups"]]
    assert instance["SubnetId"] in [subnet["id"] for subnet in status["subnets"]]
    assert instance["IamInstanceProfile"]["Arn"].endswith(f"/{status['instanceProfile']}")
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert spec["tags"].items() <= {tag["Key"]: tag["Value"] for tag in instance["Tags"]}.items()
    (wanted,) = spec["blockDeviceMappings"]
    (disk,) = instance["BlockDeviceMappings"]
    (volume,) = ec2.describe_volumes(VolumeIds=[disk["Ebs"]["VolumeId"]])["Volumes"]
    assert disk["DeviceName"] == wanted["deviceName"]
    assert (volume["VolumeType"], volume["Encrypted"], f"{volume['Size']}Gi") == (
        wanted["ebs"]["volumeType"],
        wanted["ebs"]["encrypted"],
        wanted["ebs"]["volumeSize"],
    )


@pytest.mark.requirement("KARP-05", "KARP-06")
def test_an_interruption_moves_a_pod_before_its_instance_ends(
    cluster: Cluster, ec2: Any, workload: Callable, sandbox: Sandbox
) -> None:
    workload("moved", "data-production-r4xlarge")
    before = place(cluster, "moved")
    instance = instance_of(ec2, before)
    assert instance["InstanceLifecycle"] == "spot"
    assert sandbox.interrupt(instance["InstanceId"])["rules"] >= 4
    name = before["metadata"]["name"]
    (after,) = until(lambda: places(cluster, "moved"), lambda nodes: len(nodes) == 1 and name not in nodes)
    assert after != name
    until(lambda: instance_of(ec2, before)["State"]["Name"], lambda state: state == "terminated")
    until(lambda: [node["metadata"]["name"] for node in cluster.get("nodes")["items"]], lambda left: name not in left)


@pytest.mark.requirement("KARP-33")
def test_a_pod_that_must_not_be_disrupted_keeps_its_node(cluster: Cluster, workload: Callable) -> None:
    pool = "jupyter-standard"
    workload("kept", pool, **{"karpenter.sh/do-not-disrupt": "true"})
    name = place(cluster, "kept")["metadata"]["name"]
    before = cluster.get("nodepool", pool)["spec"]["template"]["metadata"]["labels"]
    relabel(cluster, pool, {**before, "another": "label"})
    until(lambda: drifted(cluster, name), lambda found: found == "True")
    until(lambda: blocked(cluster), lambda told: any("karpenter.sh/do-not-disrupt" in message for message in told))
    assert places(cluster, "kept") == [name]
    relabel(cluster, pool, {**before, "another": None})
    until(lambda: drifted(cluster, name), lambda found: found is None)


def drifted(cluster: Cluster, node: str) -> str | None:
    """Whether the claim of a node is drifted."""
    (claim,) = [one for one in cluster.get("nodeclaims")["items"] if one["status"].get("nodeName") == node]
    return condition(claim, "Drifted")


def blocked(cluster: Cluster) -> list[str]:
    """Why Karpenter leaves nodes alone that it would take away."""
    return [one["message"] for one in cluster.get("events", "-A")["items"] if one["reason"] == "DisruptionBlocked"]


def relabel(cluster: Cluster, pool: str, labels: dict[str, str | None]) -> None:
    """Give a pool other labels for its nodes: those that it has are as they were meant no more."""
    patch = {"spec": {"template": {"metadata": {"labels": labels}}}}
    answer = cluster.run("patch", "nodepool", pool, "--type", "merge", "-p", json.dumps(patch))
    assert answer.returncode == 0, answer.stderr


@pytest.mark.requirement("KARP-12", "KARP-31")
def test_the_limit_holds_the_gpu_after_the_last_one_back(cluster: Cluster, ec2: Any, workload: Callable) -> None:
    until(lambda: with_gpu(ec2), lambda types: not types)
    workload("many", "gpu", GPUS + 1, gpus=1)
    until(lambda: places(cluster, "many"), lambda nodes: len(set(nodes)) == GPUS, 240.0)
    pods = cluster.get("pods", "-n", "default", "-l", "app=many")["items"]
    (left,) = [pod for pod in pods if not pod["spec"].get("nodeName")]
    field = f"involvedObject.name={left['metadata']['name']},reportingComponent=karpenter"
    told = until(
        lambda: [one["message"] for one in cluster.get("events", "-n", "default", "--field-selector", field)["items"]],
        lambda messages: any("limit" in message for message in messages),
    )
    assert any("gpu" in message for message in told)
    assert len(with_gpu(ec2)) == GPUS
    used = cluster.get("nodepool", "gpu")["status"]["resources"][GPU]
    assert used == str(GPUS)


def test_nodes_go_when_the_pods_are_gone(cluster: Cluster, ec2: Any) -> None:
    until(lambda: (running(ec2), cluster.get("nodes", "-l", POOL)["items"]), lambda left: left == ([], []), 240.0)


@pytest.mark.requirement("IAM-12", "KARP-03", "KARP-04")
def test_each_call_that_karpenter_made_is_allowed_and_dangerous_ones_are_not(sandbox: Sandbox) -> None:
    session = Session(sandbox, "dev-network-owner")
    policies = documents(session, "KarpenterController-piksel-dev")
    calls = Calls(session, sandbox)
    assert {"CreateFleet", "TerminateInstances", "CreateInstanceProfile", "ReceiveMessage"} <= set(calls.operations)
    refused = [one for one in calls.demands() if not allows(policies, one.action, one.resource, **one.context)]
    assert refused == []
    assert [one for one in DANGEROUS if allows(policies, one.action, one.resource, **one.context)] == []
