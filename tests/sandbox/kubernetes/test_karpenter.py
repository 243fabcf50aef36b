"""The process of Karpenter's controller: what it gets, and when it runs. What it does is tried from end to end."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from piksel_sandbox import processes
from piksel_sandbox.karpenter import controller
from piksel_sandbox.kubernetes import build
from sandbox.kubernetes.support import REGION, Cluster

ROLE = "arn:aws:iam::111122223333:role/karpenter"


class Child:
    """A process that runs until it is stopped or dies."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.command, self.environment = command, environment
        self.code: int | None = None

    def poll(self) -> int | None:
        """None while it runs."""
        return self.code


class Deployments:
    """The watch of deployments."""

    def __init__(self) -> None:
        self.one: dict[str, Any] | None = None

    def by_name(self, _name: str) -> dict[str, Any] | None:
        """The only one."""
        return self.one

    def has(self, available: int, **env: str) -> None:
        """A deployment with so many pods."""
        container = {"args": ["--one"], "env": [{"name": name, "value": value} for name, value in env.items()]}
        pod = {"serviceAccountName": "karpenter", "containers": [container]}
        self.one = {"spec": {"template": {"spec": pod}}, "status": {"availableReplicas": available}}


@pytest.fixture(scope="module")
def account(shared_cluster: Cluster) -> None:
    """The service account, as the chart makes it."""
    shared_cluster.make_namespace("karpenter")
    metadata = {"name": "karpenter", "annotations": {"eks.amazonaws.com/role-arn": ROLE}}
    manifest = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    shared_cluster.admin.request("POST", "/api/v1/namespaces/karpenter/serviceaccounts", manifest)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    """The processes that were started."""
    children: list[Child] = []

    def spawn(_state: Any, _name: str, command: list[str], env: dict[str, str]) -> Child:
        children.append(Child(command, env))
        return children[-1]

    monkeypatch.setattr(processes, "spawn", spawn)
    monkeypatch.setattr(processes, "stop", lambda _state, child: setattr(child, "code", -15))
    monkeypatch.setattr(build, "ensure", lambda: {"karpenter": Path("/bin/karpenter")})
    return children


@pytest.fixture
def karpenter(cluster: Cluster, account: None, started: list[Child]) -> controller.KarpenterController:
    """A controller of the shared cluster, with a watch that the test feeds."""
    made = controller.KarpenterController(cluster.ref, cluster.admin, lambda: None)
    made._deployments = Deployments()
    return made


def claims(token: str) -> dict[str, Any]:
    """What a token says of itself."""
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


def test_it_has_what_its_pod_would_have(karpenter: Any, cluster: Cluster, started: list[Child]) -> None:
    karpenter._deployments.has(1, CLUSTER_NAME="shared", METRICS_PORT="8080")
    karpenter.reconcile()
    (child,) = started
    assert child.command == ["/bin/karpenter", "--one"]
    env = child.environment
    assert (env["CLUSTER_NAME"], env["AWS_ROLE_ARN"], env["AWS_REGION"]) == ("shared", ROLE, REGION)
    # A port of the machine is not the pod's to choose.
    assert env["METRICS_PORT"] == "0"
    web = Path(env["AWS_WEB_IDENTITY_TOKEN_FILE"])
    assert claims(web.read_text())["aud"] == ["sts.amazonaws.com"]
    assert claims(web.read_text())["sub"] == "system:serviceaccount:karpenter:karpenter"
    kubeconfig = json.loads(Path(env["KUBECONFIG"]).read_text())
    assert claims(kubeconfig["users"][0]["user"]["token"])["sub"] == "system:serviceaccount:karpenter:karpenter"
    assert {path.stat().st_mode & 0o777 for path in (web, Path(env["KUBECONFIG"]))} == {0o600}
    assert not any(name.startswith(("AWS_ACCESS", "AWS_SECRET", "AWS_SESSION")) for name in env)


def test_it_runs_while_its_deployment_has_a_pod(karpenter: Any, started: list[Child]) -> None:
    karpenter.reconcile()
    karpenter._deployments.has(0)
    karpenter.reconcile()
    assert started == []
    karpenter._deployments.has(1)
    for _ in range(2):
        karpenter.reconcile()
    assert [child.code for child in started] == [None]
    karpenter._deployments.has(0)
    karpenter.reconcile()
    assert [child.code for child in started] == [-15]


def test_another_pod_is_another_process(karpenter: Any, started: list[Child]) -> None:
    for value in ("one", "two"):
        karpenter._deployments.has(1, SETTING=value)
        karpenter.reconcile()
    assert [(child.code, child.environment["SETTING"]) for child in started] == [(-15, "one"), (None, "two")]


def test_one_that_dies_is_started_again_after_a_while(
    karpenter: Any, started: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    karpenter._deployments.has(1)
    karpenter.reconcile()
    started[0].code = 1
    karpenter.reconcile()
    assert len(started) == 1
    monkeypatch.setattr(controller, "RESTART_SECONDS", 0.0)
    karpenter._next_start = 0.0
    karpenter.reconcile()
    assert len(started) == 2
