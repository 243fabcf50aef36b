"""Real Kubernetes control planes behind the EKS clusters of the sandbox."""

from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.registry import ControlPlanes, control_planes
from piksel_sandbox.state import State

__all__ = ["ClusterRef", "ControlPlanes", "control_planes", "install"]


def install(state: State) -> None:
    """Joins the control planes to the server's paths and callbacks; called once by the server."""
    control_planes.configure(state=state)
