"""Clusters inside the sandbox's process: their calls are recorded, and they end with reset, down and a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from piksel_sandbox import processes
from piksel_sandbox.accounts import DEV
from piksel_sandbox.client import Sandbox
from piksel_sandbox.sessions import Session
from piksel_sandbox.state import read_json
from sandbox.timing import fastest, seconds

ROLE = "cluster-of-the-test"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox with Kubernetes for one test."""
    made = Sandbox(tmp_path, bound=True)
    made.up()
    yield made
    made.down()


def make_cluster(sandbox: Sandbox, name: str = "piksel-dev", status: str = "ACTIVE") -> dict[str, object]:
    """A cluster in dev's network that has come to `status`; its creator administers it."""
    session = Session(sandbox, "dev-piksel")
    iam, eks = session.client("iam"), session.client("eks")
    arn = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
    eks.create_cluster(
        name=name,
        version="1.34",
        roleArn=arn,
        resourcesVpcConfig={"subnetIds": sandbox.status()["networks"]["dev"]["private"]},
        accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
    )
    limit = time.monotonic() + 120
    while True:
        cluster = eks.describe_cluster(name=name)["cluster"]
        if cluster["status"] != "CREATING":
            assert cluster["status"] == status, cluster
            return cluster
        assert time.monotonic() < limit
        time.sleep(0.5)


def children(sandbox: Sandbox) -> list[tuple[int, str]]:
    """Pid and start of the cluster's processes."""
    return [(entry["pid"], entry["start"]) for entry in map(read_json, sandbox.state.pids.glob("*.json")) if entry]


def kubectl(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs kubectl with a kubeconfig that `aws eks update-kubeconfig` wrote."""
    env = sandbox.environment()
    if not sandbox.state.kubeconfig.exists():
        command = ["aws", "eks", "update-kubeconfig", "--name", "piksel-dev", "--profile", DEV.profile]
        subprocess.run(command, env=env, check=True, capture_output=True)
    return subprocess.run(["kubectl", *arguments], env=env, capture_output=True, text=True, check=False, timeout=60)


def assume_as_pod(sandbox: Sandbox, issuer: str) -> str:
    """The ARN that a service account's token gets from STS, by a provider and a role made for it."""
    session = Session(sandbox, "dev-piksel")
    iam = session.client("iam")
    provider = issuer.removeprefix("https://")
    arn = iam.create_open_id_connect_provider(
        Url=issuer, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
    )["OpenIDConnectProviderArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{provider}:sub": "system:serviceaccount:odc:default"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="pod", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    token = kubectl(sandbox, "create", "token", "default", "-n", "odc", "--audience", "sts.amazonaws.com").stdout
    answer = session.client("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="try", WebIdentityToken=token.strip()
    )
    return answer["AssumedRoleUser"]["Arn"]


def test_calls_of_both_apis_are_recorded(own: Sandbox) -> None:
    cluster = make_cluster(own)
    eks = Session(own, "dev-piksel").client("eks")
    (entry,) = eks.list_access_entries(clusterName="piksel-dev")["accessEntries"]
    # An ARN in a path: encoded twice in what is signed.
    eks.describe_access_entry(clusterName="piksel-dev", principalArn=entry)
    answer = kubectl(own, "create", "namespace", "odc")
    assert answer.returncode == 0, answer.stderr
    kubectl(own, "get", "namespaces")
    rows = own.calls(writes=True)
    assert [(row["api"], row["service"], row["operation"], row["object"]) for row in rows] == [
        ("aws", "iam", "CreateRole", ROLE),
        ("aws", "iam", "AttachRolePolicy", f"{ROLE}/arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"),
        ("aws", "eks", "CreateCluster", "piksel-dev"),
        ("kubernetes", "core/v1", "create:namespaces", "odc"),
    ]
    assert {row["caller"] for row in rows} == {DEV.session_arn(DEV.sso_role, "operator")}
    assert {row["account"] for row in rows} == {DEV.id}
    everybody = {row["caller"] for row in own.calls(everybody=True)}
    assert "system:kube-controller-manager" in everybody
    assert ("list:namespaces", False) in [(row["operation"], row["write"]) for row in own.calls()]

    assert assume_as_pod(own, cluster["identity"]["oidc"]["issuer"]) == DEV.session_arn("pod", "try")


def test_a_reset_stops_clusters_within_five_seconds(own: Sandbox) -> None:
    eks = Session(own, "dev-piksel").client("eks")

    def reset() -> float:
        make_cluster(own)
        assert kubectl(own, "get", "namespaces").returncode == 0
        running = children(own)
        assert len(running) >= 4
        took = seconds(own.reset)
        assert eks.list_clusters()["clusters"] == []
        for pid, start in running:
            assert processes.wait_gone(pid, start, 5)
        return took

    assert fastest(reset, 5) < 5
    assert children(own) == []
    # The contexts of clusters that are gone go with them.
    assert not own.state.kubeconfig.exists()


def test_a_crash_and_down_leave_no_process(own: Sandbox) -> None:
    make_cluster(own)
    running = children(own)
    assert len(running) >= 4
    os.kill(own.status()["pid"], signal.SIGKILL)
    for pid, start in running:
        assert processes.wait_gone(pid, start, 10)
    own.down()
    assert children(own) == []
    own.up()
    make_cluster(own)
    running = children(own)
    assert own.down() is True
    for pid, start in running:
        assert processes.wait_gone(pid, start, 1)
    assert list(own.state.pids.iterdir()) == []


def test_a_cluster_can_be_made_to_fail(sandbox: Sandbox, session_of: Callable[[str], Session]) -> None:
    sandbox.reset()
    sandbox.add_fault("fail", operation="eks:CreateCluster", object="piksel-dev", reason="no capacity in the zone")
    try:
        cluster = make_cluster(sandbox, status="FAILED")
        assert [issue["message"] for issue in cluster["health"]["issues"]] == ["no capacity in the zone"]
    finally:
        sandbox.clear_faults()
        sandbox.reset()
