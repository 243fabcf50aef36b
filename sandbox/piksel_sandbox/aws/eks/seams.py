"""Where the EKS model meets the rest of the sandbox: Kubernetes processes and chosen failures."""

from __future__ import annotations

from typing import Any


def cluster_ref(account_id: str, region: str, name: str, uid: str) -> Any:
    """The `ClusterRef` by which the Kubernetes side knows one incarnation of a cluster."""
    from piksel_sandbox.kubernetes import ClusterRef

    return ClusterRef(account_id=account_id, region=region, name=name, uid=uid)


def control_planes() -> Any:
    """The object that starts, upgrades and stops the clusters' processes."""
    from piksel_sandbox.kubernetes import control_planes

    return control_planes


def failure_for(operation: str, name: str, account_id: str) -> str | None:
    """The reason with which the object of this call is to end in a failed state, or None.

    operation: "CreateCluster", "UpdateAddon", ...; name: the object's name as the API has it.
    """
    from piksel_sandbox import faults

    return faults.failure_for("eks", operation, name, account_id)
