"""A cluster's endpoint passes calls on as they came, lets watches flow, and waits for an API server that comes back."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator

import pytest
import urllib3

from piksel_sandbox.kubernetes import control_planes
from piksel_sandbox.kubernetes.http_message import Head
from piksel_sandbox.state import State
from sandbox.kubernetes.support import Cluster, Model, make_role, session_arn, start, token, wait_for, wait_settled
from sandbox.timing import fastest, seconds

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
CALLER = session_arn("relay-user")


@pytest.fixture(scope="module")
def role() -> str:
    """The role of a user with a token."""
    return make_role("relay-user")


@pytest.fixture(autouse=True)
def _entry(model: Model, role: str) -> None:
    model.add_entry(role, "AmazonEKSClusterAdminPolicy")


def connections(cluster: Cluster) -> set[object]:
    """The connections that the endpoint serves."""
    return set(control_planes._planes[cluster.ref]._relay._calls)


@pytest.fixture
def pool(cluster: Cluster) -> Iterator[urllib3.PoolManager]:
    """Connections to the endpoint that bear the user's token."""
    authority = base64.b64decode(control_planes.certificate_authority(cluster.ref)).decode()
    headers = {"Authorization": f"Bearer {token(CALLER, cluster.ref.name)}"}
    with urllib3.PoolManager(ca_cert_data=authority, headers=headers, retries=False) as made:
        yield made


def test_large_bodies_pass_whole(cluster: Cluster) -> None:
    """In both directions, by length and in chunks."""
    value = "x" * 900_000
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"key": value}}
    assert cluster.as_caller(CALLER, "POST", CONFIG_MAPS, body)[0] == 201
    assert cluster.as_caller(CALLER, "GET", f"{CONFIG_MAPS}/large")[1]["data"]["key"] == value


def test_a_chunked_request_and_compressed_answers_pass(cluster: Cluster, pool: urllib3.PoolManager) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "chunked"}, "data": {"key": "y" * 200_000}}
    text = json.dumps(body).encode()
    answer = pool.request(
        "POST", cluster.endpoint + CONFIG_MAPS, body=(text[i : i + 1000] for i in range(0, len(text), 1000)),
        headers={**pool.headers, "Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status == 201
    headers = {**pool.headers, "Accept-Encoding": "gzip"}
    answer = pool.request("GET", f"{cluster.endpoint}{CONFIG_MAPS}/chunked", headers=headers)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["data"] == body["data"]
    assert pool.request("HEAD", f"{cluster.endpoint}/version").data == b""
    assert pool.request("GET", f"{cluster.endpoint}/version").status == 200


def test_calls_do_not_wait_for_each_others_packets(cluster: Cluster, pool: urllib3.PoolManager) -> None:
    """A connection on which Nagle's algorithm is left on takes 40 ms for each call."""

    def call() -> float:
        return min(seconds(lambda: pool.request("GET", f"{cluster.endpoint}/version")) for _ in range(10))

    assert fastest(call, 0.03) < 0.03


def test_a_watch_flows_and_ends_with_its_client(cluster: Cluster, pool: urllib3.PoolManager) -> None:
    before = connections(cluster)
    answer = pool.request("GET", f"{cluster.endpoint}{CONFIG_MAPS}?watch=true", preload_content=False)
    assert answer.status == 200, answer.read()
    cluster.admin.request(
        "POST", CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "watched"}}
    )
    text = b""
    # Held by a name: a generator that nobody holds any more would end the connection by itself.
    pieces = answer.stream(65536)
    for piece in pieces:
        text += piece
        if b'"watched"' in text:
            break
    assert b'"watched"' in text
    watching = connections(cluster) - before
    assert watching
    answer.close()
    pool.clear()
    assert wait_for(lambda: not watching & connections(cluster))


def test_calls_during_an_upgrade_wait(model: Model, state: State) -> None:
    """As on EKS, where an API server stands at any time."""
    ref = start("waited", "1.34")
    assert wait_settled(ref) == "READY", control_planes.failure(ref)
    cluster = Cluster(ref, state.folder / "kubernetes" / ref.slug)
    statuses: list[int] = []
    ended = threading.Event()

    def call() -> None:
        while not ended.is_set():
            try:
                statuses.append(cluster.as_caller(CALLER, "GET", "/version")[0])
            except urllib3.exceptions.ProtocolError:
                # what was under way when the old server went
                statuses.append(0)

    caller = threading.Thread(target=call)
    caller.start()
    control_planes.upgrade(ref, "1.35")
    assert wait_settled(ref) == "READY", control_planes.failure(ref)
    ended.set()
    caller.join(30)
    assert statuses.count(0) <= 2
    assert statuses[-1] == 200
    control_planes.stop(ref)


def test_heads_are_understood() -> None:
    head = Head.of(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nWarning: 299 - a\r\nwarning: 299 - b\r\n\r\n")
    assert (head.status, head.length, head.fields["warning"]) == (200, 5, "299 - a, 299 - b")
    assert not head.ends_connection
    assert Head.of(b"HTTP/1.1 200 OK\r\n\r\n").ends_connection
    assert Head.of(b"HTTP/1.1 204 No Content\r\n\r\n").has_no_body
    assert Head.of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_chunked
    request = Head.of(b"PUT /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (request.method, request.target, request.length) == ("PUT", "/a?b=c", None)
