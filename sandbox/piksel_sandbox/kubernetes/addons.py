"""EKS add-ons inside a cluster: their objects come and go with the rows of the EKS model."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from typing import Any

from piksel_sandbox.kubernetes import addon_manifests
from piksel_sandbox.kubernetes.client import Client, object_path
from piksel_sandbox.kubernetes.mirror import Mirror
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

logger = logging.getLogger(__name__)
INSUFFICIENT = {
    "code": "InsufficientNumberOfReplicas",
    "message": "The add-on is unhealthy because it doesn't have the desired number of replicas.",
    "resourceIds": [],
}


@dataclass
class Applied:
    """What stands in the cluster for an add-on: paths in the order of making, and its Deployments' generations."""

    signature: str
    paths: list[str]
    deployments: dict[str, int]


class AddonController:
    """Applies, updates and removes the objects of a cluster's add-ons, and judges their health."""

    def __init__(self, ref: ClusterRef, client: Client, deployments: Mirror) -> None:
        self._ref = ref
        self._client = client
        self._deployments = deployments
        self._applied: dict[str, Applied] = {}
        self._preserved: set[str] = set()
        self._lock = threading.Lock()
        self._wanted_round = 0
        self._done_round = 0

    def changed(self) -> None:
        """Says that the EKS model changed: until the next round add-ons with a Deployment are unhealthy."""
        with self._lock:
            self._wanted_round += 1

    def reconcile(self) -> None:
        """Brings the objects in line with the add-ons of the EKS model. Raises ApiError; the next round tries again."""
        with self._lock:
            this_round = self._wanted_round
        rows = {row["addonName"]: row for row in settings.queries.addons(self._ref) if row["status"] != "DELETING"}
        for name in [name for name in self._applied if name not in rows]:
            self._remove(name)
        for name, row in rows.items():
            self._apply(name, row)
        with self._lock:
            self._done_round = this_round

    def preserve(self, name: str) -> None:
        """DeleteAddon with `preserve`: its objects stay when its row goes."""
        self._preserved.add(name)

    def health(self, name: str) -> list[dict[str, Any]]:
        """Issues of an add-on, [] when its Deployments have all replicas; DaemonSets are healthy without nodes."""
        if not addon_manifests.deployments_of(name):
            return []
        applied = self._applied.get(name)
        with self._lock:
            is_behind = self._wanted_round != self._done_round
        if applied is None or is_behind:
            return [INSUFFICIENT]
        if all(self._is_available(deployment, generation) for deployment, generation in applied.deployments.items()):
            return []
        return [INSUFFICIENT]

    def _is_available(self, name: str, generation: int) -> bool:
        deployment = self._deployments.by_name(name)
        if deployment is None or deployment["metadata"]["generation"] < generation:
            return False
        status, replicas = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
        return (
            status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
            and status.get("updatedReplicas", 0) >= replicas
            and status.get("availableReplicas", 0) >= replicas
        )

    def _apply(self, name: str, row: dict[str, Any]) -> None:
        parts = [row.get(key) for key in ("addonVersion", "configurationValues", "serviceAccountRoleArn")]
        signature = json.dumps(parts)
        before = self._applied.get(name)
        if before and before.signature == signature:
            return
        manifests = addon_manifests.manifests(row, self._ref.region)
        generations = {}
        for manifest in manifests:
            answer = self._client.apply(manifest)
            if manifest["kind"] == "Deployment":
                generations[manifest["metadata"]["name"]] = answer["metadata"]["generation"]
        paths = [object_path(manifest) for manifest in manifests]
        for path in before.paths if before else []:
            if path not in paths:
                self._client.delete(path)
        self._applied[name] = Applied(signature, paths, generations)
        logger.info("add-on %s of %s applied", name, self._ref.slug)

    def _remove(self, name: str) -> None:
        if name not in self._preserved:
            for path in reversed(self._applied[name].paths):
                self._client.delete(path)
        self._preserved.discard(name)
        del self._applied[name]
