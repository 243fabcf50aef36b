"""Control planes come up, serve the wanted version, fail with a reason, and leave nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from piksel_sandbox.kubernetes import ClusterRef, ControlPlanes, control_planes
from piksel_sandbox.kubernetes.control_plane import ControlPlaneError, emulated_version
from piksel_sandbox.state import State
from sandbox.kubernetes.support import ACCOUNT, REGION, Cluster, Model, start, wait_for, wait_settled

ISSUER = f"https://oidc.eks.{REGION}.amazonaws.com/id/SHARED"


def children_of(pid: int) -> dict[int, str]:
    """Living children by process id."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (entry / "stat").read_text(encoding="utf-8").partition(") ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if rest.split()[1] == str(pid) and rest[0] != "Z":
            found[int(entry.name)] = name.partition("(")[2]
    return found


def components_of(ref: ClusterRef, state: State) -> dict[str, int]:
    """Process ids of a cluster's components, by name, from the pid files."""
    prefix = f"kubernetes-{ref.slug}-"
    entries = [json.loads(file.read_text(encoding="utf-8")) for file in state.pids.glob("*.json")]
    return {e["name"].removeprefix(prefix): e["pid"] for e in entries if e["name"].startswith(prefix)}


def decode(part: str) -> bytes:
    """base64url without padding."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_start_returns_at_once_with_endpoint_and_authority(model: Model) -> None:
    """What DescribeCluster shows while CREATING is known before any process runs."""
    began = time.monotonic()
    ref = start("early", "1.36")
    assert time.monotonic() - began < 1
    assert control_planes.state(ref) == "STARTING"
    assert control_planes.endpoint(ref).startswith("https://127.0.0.1:")
    assert b"BEGIN CERTIFICATE" in base64.b64decode(control_planes.certificate_authority(ref))
    control_planes.stop(ref)
    assert control_planes.state(ref) == "FAILED"


@pytest.mark.requirement("EKS-14")
def test_components_run_and_the_version_is_stamped(cluster: Cluster, state: State) -> None:
    """All processes of a control plane run; /version can be parsed."""
    names = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}
    assert set(components_of(cluster.ref, state)) == names
    version = cluster.admin.request("GET", "/version")
    assert (version["major"], version["minor"]) == ("1", "36")
    assert version["gitVersion"].startswith("v1.36.")
    assert cluster.items("/api/v1/nodes") == []


def test_service_account_tokens_are_the_issuers(cluster: Cluster) -> None:
    """A projected token verifies with the keys that the issuer publishes."""
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": ["sts.amazonaws.com"]},
    }
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    token = cluster.admin.request("POST", path, body)["status"]["token"]
    header, payload, signature = token.split(".")
    claims = json.loads(decode(payload))
    assert claims["iss"] == ISSUER
    assert claims["aud"] == ["sts.amazonaws.com"]
    assert claims["sub"] == "system:serviceaccount:default:default"
    (key,) = [key for key in control_planes.token_keys(ISSUER) if key["kid"] == json.loads(decode(header))["kid"]]
    numbers = rsa.RSAPublicNumbers(int.from_bytes(decode(key["e"]), "big"), int.from_bytes(decode(key["n"]), "big"))
    numbers.public_key().verify(decode(signature), f"{header}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert control_planes.token_keys("https://example.org") == []


@pytest.mark.requirement("EKS-02")
def test_upgrade_keeps_endpoint_and_data(model: Model, state: State) -> None:
    """1.34 is served, and becomes 1.35 with its objects, on the same address."""
    ref = start("upgraded", "1.34")
    assert wait_settled(ref) == "READY", control_planes.failure(ref)
    cluster = Cluster(ref, state.folder / "kubernetes" / ref.slug)
    assert cluster.admin.request("GET", "/version")["emulationMinor"] == "34"
    cluster.make_namespace("kept")
    control_planes.upgrade(ref, "1.35")
    assert control_planes.state(ref) == "STARTING"
    assert wait_settled(ref) == "READY", control_planes.failure(ref)
    assert control_planes.endpoint(ref) == cluster.endpoint
    assert cluster.admin.request("GET", "/version")["emulationMinor"] == "35"
    assert cluster.admin.get("/api/v1/namespaces/kept")
    cluster.make_namespace("new")
    control_planes.stop(ref)


@pytest.mark.parametrize("version", ["1.32", "1.37", "2.1", "latest"])
def test_a_version_that_cannot_be_served_fails_with_the_reason(model: Model, version: str) -> None:
    """No process hides the reason."""
    ref = start("impossible", version)
    assert wait_settled(ref) == "FAILED"
    assert version in (control_planes.failure(ref) or "")
    control_planes.stop(ref)


@pytest.mark.parametrize(
    ("version", "emulated"), [("1.36", None), ("1.36.2", None), ("1.35", "1.35"), ("1.33", "1.33")]
)
def test_emulated_version(version: str, emulated: str | None) -> None:
    """Three minors back."""
    assert emulated_version(version, (1, 36)) == emulated
    with pytest.raises(ControlPlaneError, match=r"1\.33 to 1\.36"):
        emulated_version("1.32", (1, 36))


def test_a_dead_process_fails_the_cluster_and_stop_leaves_nothing(model: Model, state: State) -> None:
    """The reason names the process; afterwards no process, folder or port is left."""
    ref = start("doomed", "1.36")
    assert wait_settled(ref) == "READY", control_planes.failure(ref)
    components = components_of(ref, state)
    os.kill(components["etcd"], signal.SIGKILL)
    wait_for(lambda: control_planes.state(ref) == "FAILED")
    assert "etcd ended with code -9" in (control_planes.failure(ref) or "")
    port = int(control_planes.endpoint(ref).rpartition(":")[2])
    began = time.monotonic()
    control_planes.stop(ref)
    assert time.monotonic() - began < 3
    assert not set(components.values()) & set(children_of(os.getpid()))
    assert components_of(ref, state) == {}
    assert not (state.folder / "kubernetes" / ref.slug).exists()
    with socket.socket() as probe:
        # connections of the past may linger in TIME_WAIT; a listener may not
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        probe.listen()


CHILD = """
import sys, time
from piksel_sandbox.kubernetes import ClusterRef, control_planes
from piksel_sandbox.state import State
state = State(sys.argv[1])
state.make()
control_planes.configure(state=state, url="http://127.0.0.1:1", fake=False)
ref = ClusterRef("1", "r", "orphan", "ab")
control_planes.start(ref, "1.36", "https://issuer.example/id/1", None)
while control_planes.state(ref) == "STARTING":
    time.sleep(0.05)
print(control_planes.state(ref), flush=True)
time.sleep(600)
"""


def test_killing_the_sandbox_kills_the_components(tmp_path: Path) -> None:
    """`kill -9` of the daemon leaves no process."""
    with subprocess.Popen([sys.executable, "-c", CHILD, tmp_path], stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout
        assert daemon.stdout.readline().strip() == "READY"
        children = children_of(daemon.pid)
        assert len(children) == 5
        daemon.kill()
    assert wait_for(lambda: not [pid for pid in children if Path(f"/proc/{pid}").exists()], 5)


def test_without_kubernetes_clusters_are_ready_at_once() -> None:
    """What tests of the AWS side use."""
    planes = ControlPlanes()
    planes._fake = True
    ref = ClusterRef(ACCOUNT, REGION, "fake", "00")
    planes.start(ref, "1.36", "https://issuer.example/id/2", None)
    assert planes.state(ref) == "READY"
    assert planes.failure(ref) is None
    assert planes.addon_health(ref, "coredns") == []
    assert b"BEGIN CERTIFICATE" in base64.b64decode(planes.certificate_authority(ref))
    assert [key["kty"] for key in planes.token_keys("https://issuer.example/id/2")] == ["RSA"]
    planes.upgrade(ref, "1.36")
    planes.stop(ref)


def test_the_audit_log_is_written_at_once_and_may_be_truncated(cluster: Cluster, state: State) -> None:
    """A call stands in the log when it is answered; no secret value does; emptying the file loses nothing later."""
    log = state.recorder / f"kubernetes-{cluster.ref.slug}.jsonl"
    value = hashlib.sha256(b"canary").hexdigest()
    for name in ("one", "two"):
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"key": value}}
        cluster.admin.request("POST", "/api/v1/namespaces/default/secrets", body)
        text = log.read_text(encoding="utf-8")
        events = [json.loads(line) for line in text.splitlines()]
        made = [event for event in events if event["verb"] == "create" and event["objectRef"]["resource"] == "secrets"]
        assert [event["objectRef"]["name"] for event in made] == [name]
        assert value not in text
        assert "\0" not in text
        os.truncate(log, 0)
