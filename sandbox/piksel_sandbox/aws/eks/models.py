"""The EKS backend of one account and region, put together from the models of each kind of object."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.eks.models import EKSBackend as MotoEKSBackend
from moto.eks.models import eks_backends

from piksel_sandbox.aws.lifecycle import register

from . import seams
from .addon_catalogue import CatalogueBackend
from .models_access import AccessBackend
from .models_addons import AddonBackend
from .models_base import MODEL_NAMES
from .models_cluster import Cluster, ClusterBackend
from .models_fargate import FargateBackend
from .models_identity_provider import IdentityProviderBackend
from .models_insights import InsightBackend
from .models_nodegroups import NodegroupBackend
from .models_pod_identity import PodIdentityBackend
from .models_tags import TagBackend
from .models_updates import UpdateBackend
from .models_versions import VersionBackend

# One lock for all accounts: a request is a few milliseconds, and other services' models are read under it.
LOCK = threading.RLock()
STOP_SECONDS = 10


class EKSBackend(
    ClusterBackend,
    UpdateBackend,
    AccessBackend,
    NodegroupBackend,
    FargateBackend,
    AddonBackend,
    CatalogueBackend,
    PodIdentityBackend,
    IdentityProviderBackend,
    InsightBackend,
    TagBackend,
    VersionBackend,
    MotoEKSBackend,
):
    """moto's EKS backend, completed. All use goes through `session`, which moves states on first."""

    clusters: dict[str, Cluster]

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.requests: dict[tuple[str, str], tuple[str, Any]] = {}
        self._later: list[Callable[[], None]] = []
        register(*MODEL_NAMES)

    def reset(self) -> None:
        """Stop the clusters' processes and forget everything."""
        with LOCK:
            clusters = [cluster for cluster in self.clusters.values() if not cluster.stopped]
            super().reset()
        threads = [self.in_background(lambda c=cluster: self._stop(c)) for cluster in clusters]
        for thread in threads:
            thread.join(STOP_SECONDS)

    @contextmanager
    def session(self, addons_of: str | None = None, is_query: bool = False) -> Iterator[None]:
        """Move all states on, hold the lock for the body, then do what the body put off by `later`.

        addons_of: cluster whose add-ons' health the request is about. is_query: the Kubernetes side itself asks.
        The Kubernetes side is only spoken to without the lock, since it calls back for entries and add-ons.
        """
        seen = {} if is_query else self.observe_clusters()
        health = self.observe_addons(addons_of) if addons_of else {}
        with LOCK:
            self.settle_clusters(seen)
            for cluster in self.clusters.values():
                self.settle_nodegroups(cluster)
                self.settle_fargate_profiles(cluster)
                self.settle_addons(cluster, health)
            try:
                yield
            finally:
                self.place_interfaces()
                put_off, self._later = self._later, []
        for call in put_off:
            call()

    def later(self, call: Callable[[], None]) -> None:
        """Do this after the request, without the lock."""
        self._later.append(call)

    def announce(self, cluster: Cluster) -> None:
        """Tell the Kubernetes side, after the request, that what is installed or runs pods has changed."""
        self.later(lambda: seams.control_planes().changed(cluster.ref))

    def in_background(self, call: Callable[[], None]) -> threading.Thread:
        """Do this in a thread of its own."""
        thread = threading.Thread(target=call, daemon=True, name="eks-background")
        thread.start()
        return thread


__all__ = ["LOCK", "EKSBackend", "eks_backends"]
