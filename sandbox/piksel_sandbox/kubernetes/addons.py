"""EKS add-ons inside a cluster: their objects come and go with the rows of the EKS model.

A row (shape `Addon`) has its last change beside it: `change`, with `id`, `resolveConflicts`, and the members that are
to differ from the row once the change has succeeded. Each change is carried out once.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

from piksel_sandbox.kubernetes import addon_manifests, bootstrap
from piksel_sandbox.kubernetes.addon_conflicts import conflict_issue, told, without
from piksel_sandbox.kubernetes.client import ApiError, Client, object_path
from piksel_sandbox.kubernetes.mirror import Mirror
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

logger = logging.getLogger(__name__)
INSUFFICIENT = {
    "code": "InsufficientNumberOfReplicas",
    "message": "The add-on is unhealthy because it doesn't have the desired number of replicas.",
    "resourceIds": [],
}
# the API server or a webhook does not take the object as it is, however often it is sent
REFUSALS = (400, 403, 422)
# a 500 of the API server for a value that is of no use for its field, a quantity for one
UNREADABLE = "failed to convert new object"


@dataclass
class Applied:
    """What stands in the cluster for an add-on: paths in the order of making, and its Deployments' generations."""

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
        # by add-on: the last change that was tried, and the issues that ended it
        self._outcomes: dict[str, tuple[str, list[dict[str, Any]]]] = {}
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
            change = row["change"]
            if self.outcome(name, change["id"]) is None:
                issues = self._carry_out({**row, **change})
                self._outcomes[name] = change["id"], issues
                logger.info("add-on %s of %s: %s", name, self._ref.slug, issues or "applied")
        with self._lock:
            self._done_round = this_round

    def preserve(self, name: str) -> None:
        """DeleteAddon with `preserve`: its objects stay when its row goes."""
        self._preserved.add(name)

    def outcome(self, name: str, change_id: str) -> list[dict[str, Any]] | None:
        """Issues that ended a change of an add-on, [] when it was applied, None when it was not tried yet."""
        tried, issues = self._outcomes.get(name, (None, []))
        return issues if tried == change_id else None

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
            and status.get("replicas", 0) <= status.get("updatedReplicas", 0)
            and status.get("availableReplicas", 0) >= replicas
        )

    def _carry_out(self, addon: dict[str, Any]) -> list[dict[str, Any]]:
        """Applies an add-on by its conflict policy; the issues that ended it. Raises ApiError for what may pass."""
        manifests = addon_manifests.manifests(addon, self._ref.region)
        try:
            if addon["resolveConflicts"] == "NONE":
                conflicts = [line for manifest in manifests for line in self._conflicts(manifest)]
                if conflicts:
                    return [conflict_issue(conflicts)]
            answers = [self._apply(manifest, addon["resolveConflicts"]) for manifest in manifests]
        except ApiError as error:
            if error.status not in REFUSALS and UNREADABLE not in str(error):
                raise
            return [{"code": "AdmissionRequestDenied", "message": str(error), "resourceIds": []}]
        self._replace(addon["addonName"], manifests, answers)
        return []

    def _conflicts(self, manifest: dict[str, Any]) -> list[str]:
        """What an apply of an object would take from others; nothing is written."""
        try:
            self._client.apply(manifest, force=False, dry_run=True)
        except ApiError as error:
            if not error.conflicts:
                raise
            return told(manifest, error.conflicts)
        return []

    def _apply(self, manifest: dict[str, Any], policy: str) -> dict[str, Any]:
        """One object as it is after the apply, and after what bootstrapped it gave its fields away."""
        try:
            answer = self._client.apply(manifest, force=policy == "OVERWRITE")
        except ApiError as error:
            if policy != "PRESERVE" or not error.conflicts:
                raise
            answer = self._client.apply(without(manifest, error.conflicts), force=False)
        managers = {entry["manager"] for entry in answer["metadata"].get("managedFields") or []}
        if bootstrap.SELF_MANAGED not in managers:
            return answer
        metadata = {key: manifest["metadata"][key] for key in ("name", "namespace") if key in manifest["metadata"]}
        nothing = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": metadata}
        return self._client.apply(nothing, manager=bootstrap.SELF_MANAGED)

    def _replace(self, name: str, manifests: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
        """Remembers what stands for an add-on now, and takes away what stood only before."""
        paths = [object_path(manifest) for manifest in manifests]
        before = self._applied.get(name)
        for path in before.paths if before else []:
            if path not in paths:
                self._client.delete(path)
        generations = {
            answer["metadata"]["name"]: answer["metadata"]["generation"]
            for manifest, answer in zip(manifests, answers, strict=True)
            if manifest["kind"] == "Deployment"
        }
        self._applied[name] = Applied(paths, generations)

    def _remove(self, name: str) -> None:
        if name not in self._preserved:
            for path in reversed(self._applied[name].paths):
                self._client.delete(path)
        self._preserved.discard(name)
        del self._applied[name]
        self._outcomes.pop(name, None)
