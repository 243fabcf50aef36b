"""What the Kubernetes side asks about a cluster; plain dicts in botocore's shapes, from any thread.

Every function takes a `ClusterRef` and answers [] or None when that incarnation of the cluster is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.eks.models import eks_backends


def cluster(ref: Any) -> dict[str, Any] | None:
    """Shape `Cluster`, or None."""
    return _read(ref, lambda model: model.to_dict(), None)


def access_entries(ref: Any) -> list[dict[str, Any]]:
    """Shapes `AccessEntry`, each with `associatedAccessPolicies` (shapes `AssociatedAccessPolicy`).

    With authentication mode CONFIG_MAP there are none, as EKS does not look at entries then.
    """

    def read(model: Any) -> list[dict[str, Any]]:
        if model.authentication_mode == "CONFIG_MAP":
            return []
        return [
            {**entry.to_dict(), "associatedAccessPolicies": list(entry.policies.values())}
            for entry in model.access_entries.values()
        ]

    return _read(ref, read, [])


def addons(ref: Any) -> list[dict[str, Any]]:
    """Shapes `Addon`, each with its last `change`: `id`, `resolveConflicts`, and the members that it is to change."""

    def read(model: Any) -> list[dict[str, Any]]:
        return [{**addon.to_dict(), "change": addon.change.to_dict()} for addon in model.addons.values()]

    return _read(ref, read, [])


def fargate_profiles(ref: Any) -> list[dict[str, Any]]:
    """Shapes `FargateProfile`."""
    return _read(ref, lambda model: _all(model.fargate_profiles), [])


def nodegroups(ref: Any) -> list[dict[str, Any]]:
    """Shapes `Nodegroup`."""
    return _read(ref, lambda model: _all(model.nodegroups), [])


def pod_identity_associations(ref: Any) -> list[dict[str, Any]]:
    """Shapes `PodIdentityAssociation`."""
    return _read(ref, lambda model: _all(model.pod_identities), [])


def _all(models: dict[str, Any]) -> list[dict[str, Any]]:
    return [model.to_dict() for model in models.values()]


def _read(ref: Any, read: Callable[[Any], Any], absent: Any) -> Any:
    # Looking up without making: a query must not create the backend of an account.
    backend = dict(eks_backends.get(ref.account_id) or {}).get(ref.region)
    if backend is None:
        return absent
    with backend.session(is_query=True):
        model = backend.clusters.get(ref.name)
        if model is None or model.ref.uid != ref.uid:
            return absent
        return read(model)
