"""Faults act on the Kubernetes calls of a run: once per write, on reads, and on connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from piksel_sandbox.accounts import AUTOMATION_ROLE
from piksel_sandbox.faults import registry
from piksel_sandbox.kubernetes import fault_relay
from piksel_sandbox.kubernetes.http_message import Head
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
    """The status that a real API server would answer; the sandbox's own writes are not concerned."""
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


def read(cluster: Cluster, path: str = CONFIG_MAPS) -> int:
    """Status of a read by the run."""
    return cluster.as_caller(session_arn(AUTOMATION_ROLE), "GET", path)[0]


def acted() -> list[int]:
    """On how many calls each fault acted."""
    return [fault["acted"] for fault in registry.list()]


def test_reads_are_throttled_and_fail(cluster: Cluster) -> None:
    """By their own names; a write is not asked about twice."""
    registry.add(action="throttle", operation="core/v1:list:configmaps", times=1)
    registry.add(action="error", operation="core/v1:get:configmaps", object="default/kube-root-ca.crt", status=500)
    assert read(cluster) == 429
    assert read(cluster) == 200
    assert read(cluster, f"{CONFIG_MAPS}/kube-root-ca.crt") == 500
    assert read(cluster, f"{CONFIG_MAPS}/nothing") == 404
    assert write(cluster, "written")[0] == 201
    assert acted() == [1, 1]
    registry.clear()
    registry.add(action="latency", operation="*:list:*", seconds=0.4)
    started = time.monotonic()
    assert read(cluster) == 200
    assert time.monotonic() - started > 0.4
    registry.add(action="throttle", operation="url:get:/version")
    assert read(cluster, "/version") == 429
    assert cluster.admin.get("/version")


@pytest.mark.parametrize("action", ["reset-before", "reset-after"])
def test_the_connection_of_a_read_is_lost(cluster: Cluster, action: str) -> None:
    registry.add(action=action, operation="*:list:*", times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        read(cluster)
    assert read(cluster) == 200
    assert acted() == [1]


def test_the_answer_of_a_write_is_lost(cluster: Cluster) -> None:
    """Once per operation; an apply that creates is a create, the next one an update."""
    registry.add(action="reset-after", times_per_operation=1, writes=True)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        write(cluster, "lost")
    assert cluster.admin.get(f"{CONFIG_MAPS}/lost")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        write(cluster, "lost")
    assert write(cluster, "lost")[0] == 200
    assert acted() == [2]


def test_a_write_is_lost_before_it_is_stored(cluster: Cluster) -> None:
    registry.add(action="reset-before", operation="*:create:configmaps", times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        write(cluster, "never")
    assert cluster.admin.get(f"{CONFIG_MAPS}/never") is None
    assert write(cluster, "never")[0] == 201


def test_a_refused_create_does_not_use_up_a_lost_answer(cluster: Cluster) -> None:
    assert write(cluster, "there")[0] == 201
    registry.add(action="reset-after", operation="*:create:*", times=1)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "there"}}
    assert cluster.as_caller(session_arn(AUTOMATION_ROLE), "POST", CONFIG_MAPS, body)[0] == 409
    assert acted() == [0]


@pytest.mark.parametrize(
    ("method", "target", "operation", "name", "is_write"),
    [
        ("GET", "/api/v1/namespaces", "core/v1:list:namespaces", "", False),
        ("GET", "/api/v1/namespaces/odc", "core/v1:get:namespaces", "odc", False),
        ("PUT", "/api/v1/namespaces/odc/finalize", "core/v1:update:namespaces", "odc", True),
        ("GET", "/api/v1/namespaces/odc/pods?watch=true", "core/v1:watch:pods", "odc", False),
        ("PATCH", "/apis/apps/v1/namespaces/odc/deployments/a?force=true", "apps/v1:patch:deployments", "odc/a", True),
        ("PATCH", "/api/v1/namespaces/odc?dryRun=All", "core/v1:patch:namespaces", "odc", False),
        ("DELETE", "/api/v1/nodes/a", "core/v1:delete:nodes", "a", True),
        (
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            "authorization.k8s.io/v1:create:selfsubjectaccessreviews", "", False,
        ),
        ("GET", "/apis/apps/v1", "url:get:/apis/apps/v1", "/apis/apps/v1", False),
        ("GET", "/readyz", "url:get:/readyz", "/readyz", False),
    ],
)  # fmt: skip
def test_calls_have_the_names_of_the_kubernetes_api(
    method: str, target: str, operation: str, name: str, is_write: bool
) -> None:
    request = Head.of(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert fault_relay.Call.of(request) == fault_relay.Call(operation, name, is_write)
