"""Real Kubernetes control planes behind the EKS clusters of the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piksel_sandbox.kubernetes.refs import ClusterRef

if TYPE_CHECKING:
    from piksel_sandbox.kubernetes.registry import ControlPlanes, control_planes

__all__ = ["ClusterRef", "ControlPlanes", "control_planes"]


def __getattr__(name: str) -> Any:
    """Loads the registry when it is first asked for: a command that only looks for kubectl need not load moto."""
    if name in ("ControlPlanes", "control_planes"):
        from piksel_sandbox.kubernetes import registry

        return getattr(registry, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
