"""What works inside a cluster: add-ons, nodes and the Fargate scheduler for EKS, Flux and Karpenter."""

from __future__ import annotations

import logging
import threading
from typing import Any

from piksel_sandbox.gitops.flux import FluxController
from piksel_sandbox.karpenter.controller import KarpenterController
from piksel_sandbox.kubernetes.addons import AddonController
from piksel_sandbox.kubernetes.client import ApiError, Client
from piksel_sandbox.kubernetes.instances import InstanceController
from piksel_sandbox.kubernetes.mirror import Mirror
from piksel_sandbox.kubernetes.nodes import NodeController
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

logger = logging.getLogger(__name__)
POLL_SECONDS = 0.4


class Agent:
    """A worker thread per cluster and a watch for each kind; works on events, looks at the EKS model every 0.4 s."""

    def __init__(self, ref: ClusterRef, client: Client, version: str, kubelet: str) -> None:
        self.ref = ref
        self.client = client
        self._stopped = threading.Event()
        self._wake = threading.Event()
        pods, nodes, deployments = (
            Mirror(client, path, self._wake.set)
            for path in ("/api/v1/pods", "/api/v1/nodes", "/apis/apps/v1/namespaces/kube-system/deployments")
        )
        self._flux = FluxController(ref, client, self._wake.set)
        self._karpenter = KarpenterController(ref, client, self._wake.set)
        self._mirrors = (pods, nodes, deployments, *self._flux.mirrors, *self._karpenter.mirrors)
        self._addons = AddonController(ref, client, deployments)
        self._nodes = NodeController(ref, client, pods, nodes, version, kubelet)
        self._instances = InstanceController(ref, client, nodes, version, kubelet)
        self._pods = pods

    def start(self) -> None:
        """Starts the threads."""
        for mirror in self._mirrors:
            mirror.start()
        threading.Thread(target=self._run, name=f"agent-{self.ref.slug}", daemon=True).start()

    def stop(self) -> None:
        """Lets the threads end."""
        self._stopped.set()
        for mirror in self._mirrors:
            mirror.stop()
        self._flux.stop()
        self._karpenter.stop()
        self._wake.set()

    def changed(self) -> None:
        """Says that the EKS model changed: add-ons count as unhealthy until the change has reached the cluster."""
        self._addons.changed()
        self._wake.set()

    def preserve_addon(self, addon_name: str) -> None:
        """Leaves an add-on's objects in the cluster when its row goes."""
        self._addons.preserve(addon_name)

    def arguments(self) -> list[str]:
        """The commands and arguments of the containers of all running pods, for who looks where they lead."""
        running = [pod for pod in self._pods.objects() if (pod.get("status") or {}).get("phase") == "Running"]
        containers = [container for pod in running for container in pod["spec"]["containers"]]
        return [one for container in containers for key in ("command", "args") for one in container.get(key) or []]

    def set_version(self, version: str) -> None:
        """The version that new nodes report."""
        self._nodes.version = self._instances.version = version

    def addon_health(self, addon_name: str) -> list[dict[str, Any]]:
        """Issues of an add-on from what was last seen; asks nobody, so it may be called under a lock."""
        return self._addons.health(addon_name)

    def addon_outcome(self, addon_name: str, change_id: str) -> list[dict[str, Any]] | None:
        """How a change of an add-on went: the issues that ended it, None until it was tried."""
        return self._addons.outcome(addon_name, change_id)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            if self._stopped.is_set() or not all(mirror.synced for mirror in self._mirrors):
                continue
            for reconcile in (
                self._addons.reconcile,
                self._nodes.reconcile,
                self._instances.reconcile,
                self._flux.reconcile,
                *((self._karpenter.reconcile,) if settings.karpenter else ()),
            ):
                try:
                    reconcile()
                except ApiError as error:
                    if not self._stopped.is_set():
                        logger.warning("%s: %s", self.ref.slug, error)
                except Exception:
                    logger.exception("%s", self.ref.slug)
