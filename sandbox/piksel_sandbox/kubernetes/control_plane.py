"""One control plane: its processes from the first certificate to the last kill."""

from __future__ import annotations

import base64
import logging
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from piksel_sandbox import processes
from piksel_sandbox.kubernetes import bootstrap, build, components
from piksel_sandbox.kubernetes.agent import Agent
from piksel_sandbox.kubernetes.certificates import Authority, TokenKey
from piksel_sandbox.kubernetes.client import ApiError, Client
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.relay import Relay
from piksel_sandbox.kubernetes.settings import settings
from piksel_sandbox.postgresql.addresses import free_address

logger = logging.getLogger(__name__)
STARTING, READY, FAILED = "STARTING", "READY", "FAILED"
START_LIMIT = 90.0
POLL = 0.05
LOG_TAIL_LINES = 12


class ControlPlaneError(Exception):
    """The control plane cannot run; the text is the reason that EKS would show."""


class Stopped(Exception):
    """The cluster was deleted while its control plane was being started."""


def reserve_port() -> socket.socket:
    """Binds a free loopback port without listening; kube-apiserver shares it, so that no other process can take it."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, the relay and the agent of one cluster."""

    def __init__(
        self,
        ref: ClusterRef,
        version: str,
        issuer: str,
        service_cidr: str | None,
        self_managed: list[dict[str, Any]],
    ) -> None:
        self.ref = ref
        self.issuer = issuer
        self.state = STARTING
        self.failure: str | None = None
        self.folder = settings.state.folder / "kubernetes" / ref.slug
        self.folder.mkdir(mode=0o700, parents=True)
        self.token_key = TokenKey()
        self._version = version
        self._self_managed = self_managed
        self._service_cidr = service_cidr or components.DEFAULT_SERVICE_CIDR
        self._authority = Authority(f"kubernetes/{ref.name}", self.folder)
        self._port = reserve_port()
        self._kubelet = free_address(f"kubelet-{ref.slug}", components.KUBELET_PORT)
        self._relay = Relay(ref, lambda: self.state != FAILED and not self._stopping.is_set())
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._layout: components.Layout | None = None
        self.agent: Agent | None = None

    @property
    def endpoint(self) -> str:
        """Where clients of the cluster are served, or will be."""
        return self._relay.url

    @property
    def server(self) -> str:
        """Where kube-apiserver itself serves, for who has a client certificate."""
        return f"https://127.0.0.1:{self._port.getsockname()[1]}"

    @property
    def certificate_authority(self) -> str:
        """The authority's certificate as DescribeCluster has it: base64 of PEM."""
        return base64.b64encode(self._authority.pem).decode()

    def start(self) -> None:
        """Starts all processes in a thread; `state` tells when they serve."""
        self._in_thread("start", self._start)

    def upgrade(self, version: str) -> None:
        """Restarts everything but etcd as another version, in a thread, on the same endpoint."""
        self.state, self._version = STARTING, version
        self._in_thread("upgrade", self._upgrade)

    def stop(self) -> None:
        """Kills the processes, removes data and logs; the audit log stays, and the logs of what failed."""
        self._stopping.set()
        with self._lock:
            if self.agent:
                self.agent.stop()
            names = list(self._children)
            self._kill(names)
            self._relay.stop()
            self._port.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in names if self.state != FAILED else ():
            (settings.state.logs / f"{self._log_name(name)}.log").unlink(missing_ok=True)

    def _in_thread(self, name: str, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except Stopped:
                logger.info("control plane of %s was stopped while it started", self.ref.slug)
            except (ControlPlaneError, build.BuildError, ApiError, OSError) as error:
                self._fail(str(error))
            except Exception as error:
                logger.exception("control plane of %s", self.ref.slug)
                self._fail(f"{type(error).__name__}: {error}")

        threading.Thread(target=run, name=f"{name}-{self.ref.slug}", daemon=True).start()

    def _start(self) -> None:
        binaries = build.ensure(lambda line: logger.info("%s", line))
        self._layout = self._make_layout(binaries)
        self.token_key.save(self.folder)
        components.write_configuration(self._layout)
        self._relay.start(self.folder, self._layout.port)
        (self.folder / "kwok.yaml").write_text(self._kwok_configuration(), encoding="utf-8")
        self._spawn("etcd", components.etcd(self._layout))
        self._start_kubernetes()

    def _make_layout(self, binaries: build.Binaries) -> components.Layout:
        return components.Layout(
            folder=self.folder,
            binaries=binaries,
            authority=self._authority,
            port=self._port.getsockname()[1],
            issuer=self.issuer,
            service_cidr=self._service_cidr,
            audit_log=settings.state.recorder / f"kubernetes-{self.ref.slug}.jsonl",
            webhook_url=f"{settings.url}/_sandbox/kubernetes/{self.ref.path}",
            emulated=emulated_version(self._version, binaries.kubernetes_version),
            kubelet=self._kubelet,
        )

    def _kwok_configuration(self) -> str:
        return bootstrap.kwok_configuration(f"{settings.url}/_sandbox/kubernetes/{self.ref.path}/forward")

    def _upgrade(self) -> None:
        if self._layout is None:
            raise ControlPlaneError("the control plane never started, so it cannot be upgraded")
        self._layout = self._make_layout(build.ensure(lambda line: logger.info("%s", line)))
        with self._lock:
            self._kill([name for name in self._children if name != "etcd"])
        self._start_kubernetes()

    def _start_kubernetes(self) -> None:
        layout = self._layout
        assert layout is not None
        started = time.monotonic()
        self._spawn("kube-apiserver", components.kube_apiserver(layout))
        client = Client(layout.endpoint, self.folder)
        self._wait(client, "/readyz", started)
        self._spawn("kube-controller-manager", components.kube_controller_manager(layout))
        self._spawn("kube-scheduler", components.kube_scheduler(layout))
        self._spawn("kwok", components.kwok(layout))
        bootstrap.install(client, self.ref)
        if self.agent is None:
            # while the controllers start; EKS never touches self-managed add-ons again, also not in an upgrade
            bootstrap.install_self_managed(client, self.ref, self._self_managed)
        # a pod can be made only once the controllers have given the namespace its service account and root CA
        self._wait(client, "/api/v1/namespaces/default/serviceaccounts/default", started)
        self._wait(client, "/api/v1/namespaces/default/configmaps/kube-root-ca.crt", started)
        with self._lock:
            if self._stopping.is_set():
                raise Stopped
            if self.agent is None:
                self.agent = Agent(self.ref, Client(layout.endpoint, self.folder), self._version, self._kubelet)
                self.agent.start()
            self.agent.set_version(self._version)
            if self.state == STARTING:
                self.state = READY
        logger.info("control plane of %s ready after %.1f s", self.ref.slug, time.monotonic() - started)

    def _wait(self, client: Client, path: str, started: float) -> None:
        while True:
            if self._stopping.is_set():
                raise Stopped
            if self.state == FAILED:
                raise ControlPlaneError(self.failure or "a process ended")
            try:
                client.request("GET", path)
                return
            except ApiError as error:
                if time.monotonic() - started > START_LIMIT:
                    raise ControlPlaneError(f"not ready after {START_LIMIT:.0f} s: {error}") from error
            time.sleep(POLL)

    def _log_name(self, component: str) -> str:
        return f"kubernetes-{self.ref.slug}-{component}"

    def _spawn(self, component: str, argv: list[str]) -> None:
        with self._lock:
            if self._stopping.is_set():
                raise Stopped
            child = processes.spawn(settings.state, self._log_name(component), argv, cwd=self.folder)
            self._children[component] = child
        threading.Thread(
            target=self._watch, args=(component, child), name=f"wait-{component}-{self.ref.slug}", daemon=True
        ).start()

    def _watch(self, component: str, child: subprocess.Popen[bytes]) -> None:
        code = child.wait()
        if self._stopping.is_set() or self._children.get(component) is not child:
            return
        self._fail(f"{component} ended with code {code}: {log_tail(settings.state.logs, self._log_name(component))}")

    def _kill(self, names: list[str]) -> None:
        children = [self._children.pop(name) for name in names]
        for child in children:
            if child.poll() is None:
                child.kill()
        for child in children:
            processes.stop(settings.state, child)

    def _fail(self, reason: str) -> None:
        with self._lock:
            if self._stopping.is_set() or self.state == FAILED:
                return
            logger.error("control plane of %s failed: %s", self.ref.slug, reason)
            self.failure, self.state = reason, FAILED


def emulated_version(version: str, binary: tuple[int, int]) -> str | None:
    """The minor that the binaries must emulate to serve `version` ("1.34"), None when they are that version.

    Kubernetes emulates up to three minors back
    (https://kubernetes.io/docs/concepts/cluster-administration/compatibility-version/). Raises ControlPlaneError.
    """
    try:
        major, minor = (int(part) for part in version.split(".")[:2])
    except ValueError:
        raise ControlPlaneError(f"{version!r} is no Kubernetes version") from None
    oldest = binary[1] - 3
    if major != binary[0] or not oldest <= minor <= binary[1]:
        raise ControlPlaneError(
            f"the sandbox's Kubernetes {binary[0]}.{binary[1]} serves 1.{oldest} to 1.{binary[1]}, not {version}"
        )
    return None if minor == binary[1] else f"{major}.{minor}"


def log_tail(logs: Path, name: str) -> str:
    """The last lines of a process's log, on one line."""
    try:
        lines = (logs / f"{name}.log").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return " | ".join(line.strip() for line in lines[-LOG_TAIL_LINES:])
