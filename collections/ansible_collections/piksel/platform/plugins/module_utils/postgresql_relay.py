# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to a private database: a pod in its network that passes bytes on, and a port-forward to it.

The pod sees TLS only: the session verifies the database's own certificate through it. Nothing of it stays: this run
takes it away, else its deadline ends it, and the next run uses it or clears it away.
https://kubernetes.io/docs/tasks/access-application-cluster/port-forward-access-application-cluster/
"""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
import time
import urllib.parse

from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_client, ownership, wait
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

try:
    import websocket
except ImportError:
    # `require_websocket` says so before anything here is reached.
    websocket = None

KIND, KEY = "Pod", "database-relay"
MANAGER = "piksel.platform"
LIVES_SECONDS = 900
# A run takes one over that an earlier run left no longer ago than this.
SERVES_SECONDS = 300
ENDED = ("Failed", "Succeeded", "gone")
READY_WITHIN, GONE_WITHIN = 300, 60
CONNECT_SECONDS = 15
# Seconds after each try of a port-forward that failed; together less than a session waits for.
PAUSES = (0.2, 0.5, 1, 2, 4)
PIECE = 1 << 16
# The protocol of a port-forward over WebSocket: each message begins with the number of its channel, of which the port
# has one for data and one for errors; the first message of each names the port.
# https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/#portforwardoptions-v1-core
PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1


@contextlib.contextmanager
def opened(cluster, place: dict, host: str, port: int, progress=None):
    """(address, port) on loopback that leads to ``host``:``port`` for as long as the block lasts.

    ``place``: {"scope", "namespace", "image"} of the pod. Raises PlatformError when the pod does not come to run.
    """
    require_websocket()
    pod = _Pod(cluster, place, progress)
    try:
        pod.start(host, port)
        with _Listener(cluster, pod, port) as listener:
            yield listener.address
    finally:
        pod.end()


def require_websocket() -> None:
    """Raise PlatformError when the library is missing."""
    if websocket is None:
        raise PlatformError(
            "the Python library websocket-client is missing, which a port-forward needs",
            advice="Install it for the Python of this run: pip install websocket-client.",
        )


def clear(cluster, place: dict, progress=None) -> None:
    """Take away the pod that a run left which was killed; ``place`` as for ``opened``."""
    _Pod(cluster, place, progress).end()


class _Pod:
    """The pod, under one name: one that an earlier run left serves, or is in the way and goes."""

    def __init__(self, cluster, place, progress):
        self.cluster, self.progress = cluster, progress
        self.namespace, self.image = place["namespace"], place["image"]
        self.label = ownership.label(KIND, place["scope"], KEY)
        self.path = f"/api/v1/namespaces/{self.namespace}/pods/{KEY}"
        self.what = f"{KIND} {self.namespace}/{KEY}"

    def start(self, host, port):
        """Make it, unless there is one that will do, and wait until it runs."""
        wanted = manifest(self, host, port)
        if not _serves(self.cluster.get(self.path, self.what), wanted):
            self.end()
            self.cluster.apply(self.path, self.what, wanted, MANAGER)
        wait.until(self._running, wait.Patience(self.what, 20, READY_WITHIN), self.progress)

    def end(self):
        """Take it away, whoever left it, and wait until it is gone."""
        if self.cluster.get(self.path, self.what):
            self.cluster.delete(self.path, self.what)
            wait.until(self._gone, wait.Patience(self.what, 2, GONE_WITHIN), self.progress)

    def _running(self):
        status = (self.cluster.get(self.path, self.what) or {}).get("status", {})
        phase = status.get("phase", "gone")
        conditions = status.get("conditions", [])
        if any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
            return wait.Look("Running", done=True)
        if phase in ENDED:
            return wait.Look(phase, failure=status.get("message") or _reason(status))
        return wait.Look(_reason(status))

    def _gone(self):
        return wait.Look("there", done=self.cluster.get(self.path, self.what) is None)


def _serves(found, wanted):
    """Whether a pod leads to the same place, is not ending, and has enough of its time left."""
    if not found or found["metadata"].get("deletionTimestamp") or found["status"].get("phase") in ENDED:
        return False
    commands = [pod["spec"]["containers"][0].get("command") for pod in (found, wanted)]
    made = datetime.datetime.fromisoformat(found["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    age = (datetime.datetime.now(datetime.UTC) - made).total_seconds()
    return commands[0] == commands[1] and age < SERVES_SECONDS


def _reason(status):
    """Why a pod does not run, in the kubelet's or the scheduler's words."""
    waiting = [(one.get("state") or {}).get("waiting") for one in status.get("containerStatuses", [])]
    said = [*waiting, *(one for one in status.get("conditions", []) if one.get("status") == "False")]
    reasons = [f"{one['reason']} {one.get('message', '')}".strip() for one in said if one and one.get("reason")]
    return "; ".join(reasons) or status.get("phase", "Pending")


def manifest(pod, host: str, port: int) -> dict:
    """The pod: no rights, no token, no volume; it may run wherever there is a place."""
    return {
        "apiVersion": "v1",
        "kind": KIND,
        "metadata": {"name": KEY, "namespace": pod.namespace, "labels": {ownership.MARK: pod.label}},
        "spec": {
            "activeDeadlineSeconds": LIVES_SECONDS,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "tolerations": [{"operator": "Exists"}],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "relay",
                    "image": pod.image,
                    # BusyBox: for each connection another nc, which passes on what comes.
                    "command": ["nc", "-ll", "-p", str(port), "-e", "nc", host, str(port)],
                    "ports": [{"name": "postgresql", "containerPort": port}],
                    "resources": {
                        "requests": {"cpu": "10m", "memory": "16Mi"},
                        "limits": {"memory": "32Mi"},
                    },
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": True,
                    },
                }
            ],
        },
    }


class _Listener:
    """A socket on loopback; each connection to it becomes a port-forward of its own."""

    def __init__(self, cluster, pod, port):
        self._cluster, self._pod, self._port = cluster, pod, port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = self._socket.getsockname()[:2]
        self._ends = []

    def __enter__(self):
        threading.Thread(target=self._accept, name="database-relay", daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._socket.close()
        for end in self._ends:
            with contextlib.suppress(OSError, websocket.WebSocketException):
                end.close()

    def _accept(self):
        while True:
            try:
                near, _address = self._socket.accept()
            except OSError:
                return
            far = self._forwarded()
            if far is None:
                # The session sees a connection that ended before it began, and says so.
                near.close()
                continue
            self._ends += [near, far]
            for work in (_send, _receive):
                threading.Thread(target=work, args=(near, far), daemon=True).start()

    def _forwarded(self):
        """A WebSocket to the pod's port, asked for again while the API server is busy; None when there is none."""
        for pause in PAUSES:
            with contextlib.suppress(OSError, websocket.WebSocketException, PlatformError):
                return self._forward()
            time.sleep(pause)
        return None

    def _forward(self):
        """A WebSocket to the pod's port.

        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
        """
        endpoint = urllib.parse.urlsplit(self._cluster.endpoint)
        query = urllib.parse.urlencode({"ports": self._port})
        url = f"wss://{endpoint.netloc}{endpoint.path}{self._pod.path}/portforward?{query}"
        return websocket.create_connection(
            url,
            timeout=CONNECT_SECONDS,
            header=[f"Authorization: {self._cluster.authorization()}"],
            subprotocols=[PROTOCOL],
            sslopt={"context": kubernetes_client.tls(self._cluster.authority)},
            suppress_origin=True,
            enable_multithread=True,
            **_proxy(self._cluster.endpoint),
        )


def _proxy(endpoint):
    """The options for the proxy that the environment names for an endpoint."""
    proxy = kubernetes_client.proxy_of(endpoint)
    if not proxy:
        # The library would look by itself, and by other rules.
        return {"http_no_proxy": ["*"]}
    parts = urllib.parse.urlsplit(proxy)
    user = {"http_proxy_auth": (parts.username, parts.password)} if parts.username else {}
    return {"http_proxy_host": parts.hostname, "http_proxy_port": parts.port, "proxy_type": "http", **user}


def _send(near, far):
    """Pass on what the session sends."""
    with contextlib.suppress(OSError, websocket.WebSocketException):
        while piece := near.recv(PIECE):
            far.send_binary(bytes([DATA]) + piece)
    with contextlib.suppress(OSError, websocket.WebSocketException):
        far.close()


def _receive(near, far):
    """Pass on what the pod sends, but for the first message of each channel; an error ends the connection."""
    begun = set()
    far.settimeout(None)
    with contextlib.suppress(OSError, websocket.WebSocketException, ssl.SSLError):
        while message := far.recv():
            channel, content = message[0], message[1:]
            if channel not in begun:
                begun.add(channel)
            elif channel == DATA:
                near.sendall(content)
            elif channel == ERROR and content:
                break
    with contextlib.suppress(OSError):
        near.close()
