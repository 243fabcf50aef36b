"""Flux in a cluster: source-controller is played, kustomize-controller is a process while its Deployment exists."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Callable

from piksel_sandbox import gitops, processes
from piksel_sandbox.gitops import source
from piksel_sandbox.gitops.manifests import NAMESPACE
from piksel_sandbox.kubernetes import build
from piksel_sandbox.kubernetes.client import Client
from piksel_sandbox.kubernetes.mirror import Mirror
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

logger = logging.getLogger(__name__)
KUSTOMIZE = "kustomize-controller"
LOOK_SECONDS = 1.0
RESTART_SECONDS = 2.0


class FluxController:
    """What works for Flux in one cluster; `reconcile` is called by the cluster's agent."""

    def __init__(self, ref: ClusterRef, client: Client, on_change: Callable[[], None]) -> None:
        self._ref = ref
        self._client = client
        self._deployments = Mirror(client, f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", on_change)
        self._sources = Mirror(client, source.PATH, on_change)
        self._child: subprocess.Popen[bytes] | None = None
        self._next_start = self._next_look = 0.0
        self._sources_started = False
        self.mirrors = (self._deployments,)

    def reconcile(self) -> None:
        """Starts and stops what the Deployments of Flux ask for, and looks at the sources. Raises ApiError."""
        self._run_kustomize()
        if self._wants("source-controller"):
            self._look_at_sources()

    def stop(self) -> None:
        """Ends the process."""
        self._sources.stop()
        self._end()

    def _wants(self, name: str) -> bool:
        """Whether a Deployment has pods that run."""
        found = self._deployments.by_name(name)
        return found is not None and found.get("status", {}).get("availableReplicas", 0) > 0

    def _look_at_sources(self) -> None:
        if not self._sources_started:
            # Only now the cluster serves the kind.
            self._sources_started = True
            self._sources.start()
        if self._sources.synced and gitops.served and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_SECONDS
            url = f"{settings.url}/_sandbox/artifacts"
            source.SourceController(self._client, gitops.served[-1], url).reconcile(self._sources.objects())

    def _run_kustomize(self) -> None:
        if not self._wants(KUSTOMIZE):
            self._end()
        elif (self._child is None or self._child.poll() is not None) and time.monotonic() >= self._next_start:
            self._next_start = time.monotonic() + RESTART_SECONDS
            self._child = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        binaries = build.present()
        if binaries is None:
            raise FileNotFoundError(f"no program {KUSTOMIZE}")
        folder = settings.state.folder / "kubernetes" / self._ref.slug
        temporary = folder / KUSTOMIZE
        temporary.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "KUBECONFIG": str(folder / f"{KUSTOMIZE}.kubeconfig"),
            "RUNTIME_NAMESPACE": NAMESPACE,
        }
        logger.info("starting %s of %s", KUSTOMIZE, self._ref.slug)
        return processes.spawn(settings.state, self._log_name(), kustomize(str(binaries[KUSTOMIZE])), env=environment)

    def _end(self) -> None:
        if self._child is not None:
            processes.stop(settings.state, self._child)
            self._child = None

    def _log_name(self) -> str:
        return f"kubernetes-{self._ref.slug}-{KUSTOMIZE}"


def kustomize(program: str) -> list[str]:
    """The command line of kustomize-controller; it serves nothing, since nobody asks.

    https://fluxcd.io/flux/components/kustomize/options/
    """
    return [
        program,
        "--watch-all-namespaces=true",
        "--log-level=info",
        "--log-encoding=json",
        "--metrics-addr=0",
        "--health-addr=0",
        "--requeue-dependency=1s",
        "--http-retry=2",
    ]
