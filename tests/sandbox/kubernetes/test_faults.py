"""Faults act on the Kubernetes writes of a run, once per write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from piksel_sandbox.accounts import AUTOMATION_ROLE
from piksel_sandbox.faults import registry
from sandbox.kubernetes.support import Cluster, Model, make_role, session_arn

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def role() -> str:
    """The automation role of the run."""
    return make_role(AUTOMATION_ROLE)


@pytest.fixture(autouse=True)
def _faults_end(model: Model, role: str) -> Iterator[None]:
    model.add_entry(role, "AmazonEKSClusterAdminPolicy")
    yield
    registry.clear()


def write(cluster: Cluster, name: str, query: str = "") -> tuple[int, dict[str, Any]]:
    """Server-side apply of a ConfigMap as the run does it."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return cluster.as_caller(
        session_arn(AUTOMATION_ROLE), "PATCH", f"{CONFIG_MAPS}/{name}?fieldManager=test{query}", body,
        **{"Content-Type": "application/apply-patch+yaml"},
    )  # fmt: skip


def test_throttling_and_errors(cluster: Cluster) -> None:
    """The status that a real API server would answer; reads and the sandbox's own writes are not concerned."""
    registry.add(action="throttle", times=1)
    status, answer = write(cluster, "throttled")
    assert (status, answer["reason"]) == (429, "TooManyRequests")
    assert answer["details"]["retryAfterSeconds"] == 1
    assert write(cluster, "throttled")[0] == 201
    registry.add(action="error", status=503, operation="core/v1:create:configmaps")
    assert cluster.as_caller(session_arn(AUTOMATION_ROLE), "GET", CONFIG_MAPS)[0] == 200
    assert write(cluster, "broken")[0] == 503
    assert write(cluster, "throttled")[0] == 200
    cluster.make_namespace("unconcerned")


def test_a_stall_holds_the_write_after_k(cluster: Cluster) -> None:
    """Each write counts once, dry runs not at all; the held one is never stored."""
    registry.add(action="stall", after_writes=2)
    assert write(cluster, "first")[0] == 201
    assert write(cluster, "dry", "&dryRun=All")[0] == 201
    assert write(cluster, "second")[0] == 201
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(write(cluster, "third")[0]))
    thread.start()
    thread.join(1)
    assert thread.is_alive()
    registry.clear()
    thread.join(10)
    assert answers == [503]
    assert cluster.admin.get(f"{CONFIG_MAPS}/third") is None
