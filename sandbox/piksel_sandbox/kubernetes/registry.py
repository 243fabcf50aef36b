"""All control planes of the sandbox, as the EKS model drives them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from piksel_sandbox import internal
from piksel_sandbox.kubernetes import addon_manifests, admission, webhooks
from piksel_sandbox.kubernetes.addons import INSUFFICIENT
from piksel_sandbox.kubernetes.client import ApiError, Client
from piksel_sandbox.kubernetes.control_plane import FAILED, ControlPlane
from piksel_sandbox.kubernetes.fake import FakeControlPlane
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import CallerOfToken, Queries, settings
from piksel_sandbox.state import State


class ControlPlanes:
    """Starts, watches and ends control planes; every call returns at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planes: dict[ClusterRef, ControlPlane | FakeControlPlane] = {}
        # (endpoint, certificate authority), also of clusters that are being deleted: EKS shows them to the end
        self._addresses: dict[ClusterRef, tuple[str, str]] = {}
        self._fake: bool | None = None

    def configure(
        self,
        state: State | None = None,
        url: str | None = None,
        queries: Queries | None = None,
        caller_of_token: CallerOfToken | None = None,
        fake: bool | None = None,
    ) -> None:
        """Tells where the sandbox runs, and registers the webhooks and the callbacks of reset and shutdown.

        `fake` gives clusters without processes; default is whether PIKSEL_SANDBOX_NO_KUBERNETES is set.
        """
        settings.set(state, url, queries, caller_of_token)
        self._fake = self._fake if fake is None else fake
        if not self._planes:
            # what a sandbox left that was killed; its processes died with it
            shutil.rmtree(settings.state.folder / "kubernetes", ignore_errors=True)
        internal.route("kubernetes", webhooks.handle)
        internal.on_reset(self.stop_all)
        internal.on_shutdown(self.stop_all)

    @property
    def is_fake(self) -> bool:
        """Whether new clusters have no processes."""
        if self._fake is None:
            return os.environ.get("PIKSEL_SANDBOX_NO_KUBERNETES", "0") not in ("", "0")
        return self._fake

    def start(
        self,
        ref: ClusterRef,
        version: str,
        issuer: str,
        service_cidr: str | None = None,
        self_managed: list[dict[str, Any]] | None = None,
    ) -> None:
        """Starts the control plane of a new cluster; `version` is its minor ("1.34"), `issuer` its OIDC issuer URL.

        self_managed: add-ons (`addonName`, `addonVersion`) whose objects are there when it is READY.
        """
        make = FakeControlPlane if self.is_fake else ControlPlane
        plane = make(ref, version, issuer, service_cidr, self_managed or [])
        with self._lock:
            self._planes[ref] = plane
            self._addresses[ref] = (plane.endpoint, plane.certificate_authority)
        plane.start()

    def state(self, ref: ClusterRef) -> str:
        """STARTING, READY or FAILED; FAILED for a cluster that was never started."""
        plane = self._planes.get(ref)
        return plane.state if plane else FAILED

    def failure(self, ref: ClusterRef) -> str | None:
        """Why a control plane failed: what died and the end of its log."""
        plane = self._planes.get(ref)
        return plane.failure if plane else "no control plane was started"

    def endpoint(self, ref: ClusterRef) -> str:
        """`https://127.0.0.1:<port>`, from start on, across upgrades. Raises KeyError when it was never started."""
        return self._addresses[ref][0]

    def server(self, ref: ClusterRef) -> str:
        """Where kube-apiserver itself serves, for client certificates. Raises KeyError when it does not run."""
        return self._planes[ref].server

    def certificate_authority(self, ref: ClusterRef) -> str:
        """base64 of the PEM certificate. Raises KeyError when the cluster was never started."""
        return self._addresses[ref][1]

    def pod_arguments(self, ref: ClusterRef) -> list[str]:
        """Commands and arguments of the containers that run in a cluster."""
        plane = self._planes.get(ref)
        return plane.agent.arguments() if plane and plane.agent else []

    def upgrade(self, ref: ClusterRef, version: str) -> None:
        """Restarts a control plane as another minor; STARTING until it serves again. Raises KeyError."""
        self._planes[ref].upgrade(version)

    def stop(self, ref: ClusterRef) -> None:
        """Kills a control plane and removes its data; an unknown cluster is no error."""
        with self._lock:
            plane = self._planes.pop(ref, None)
        if plane:
            plane.stop()

    def stop_all(self) -> None:
        """Ends every control plane, side by side, and the admission server."""
        with self._lock:
            planes, self._planes, self._addresses = list(self._planes.values()), {}, {}
        if planes:
            with ThreadPoolExecutor(len(planes)) as pool:
                list(pool.map(lambda plane: plane.stop(), planes))
        admission.server.stop()

    def token_keys(self, issuer: str) -> list[dict[str, Any]]:
        """JSON web keys that sign the service account tokens of an issuer, [] for an unknown one (RFC 7517)."""
        return [plane.token_key.jwk() for plane in list(self._planes.values()) if plane.issuer == issuer]

    def addon_health(self, ref: ClusterRef, addon_name: str) -> list[dict[str, Any]]:
        """Issues of an add-on as DescribeAddon has them, [] when it is healthy."""
        plane = self._planes.get(ref)
        if isinstance(plane, FakeControlPlane) or not addon_manifests.deployments_of(addon_name):
            return []
        # EKS upgrades a control plane without touching pods, so during an upgrade what was last seen still holds
        if plane is None or plane.agent is None or plane.state == FAILED:
            return [INSUFFICIENT]
        return plane.agent.addon_health(addon_name)

    def addon_outcome(self, ref: ClusterRef, addon_name: str, change_id: str) -> list[dict[str, Any]] | None:
        """How a creation or update of an add-on went: [] well, else the issues that ended it; None not known yet.

        Without a cluster that could object everything goes well.
        """
        plane = self._planes.get(ref)
        if plane is None or plane.agent is None or plane.state == FAILED:
            return []
        return plane.agent.addon_outcome(addon_name, change_id)

    def changed(self, ref: ClusterRef) -> None:
        """Says that a cluster's add-ons, profiles or node groups changed; its agent looks at once."""
        plane = self._planes.get(ref)
        if plane and plane.agent:
            plane.agent.changed()

    def preserve_addon(self, ref: ClusterRef, addon_name: str) -> None:
        """Says, before an add-on's row goes, that its objects stay (DeleteAddon with `preserve`)."""
        plane = self._planes.get(ref)
        if plane and plane.agent:
            plane.agent.preserve_addon(addon_name)

    def config_map(self, ref: ClusterRef, namespace: str, name: str) -> dict[str, str]:
        """Data of a ConfigMap, {} when there is none or the API server does not answer."""
        with self._client(ref) as client:
            try:
                found = client.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}") if client else None
            except ApiError:
                found = None
        return (found or {}).get("data") or {}

    @contextmanager
    def _client(self, ref: ClusterRef) -> Iterator[Client | None]:
        plane = self._planes.get(ref)
        yield plane.agent.client if plane and plane.agent else None


control_planes = ControlPlanes()
