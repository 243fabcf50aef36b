"""What the Kubernetes side is to do for an add-on, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .utils import new_uuid

# Issues with which the service gives a change up; with every other the add-on lives on, degraded.
FATAL_ISSUES = ("ConfigurationConflict", "AdmissionRequestDenied")


@dataclass
class Change:
    """A creation or update of an add-on.

    resolve_conflicts: NONE, PRESERVE or OVERWRITE, what happens to fields that somebody else changed.
    values: members of the shape `Addon` that differ from the add-on until the change has succeeded.
    outcome: None until the cluster was seen to have tried; then the issues that ended the change, [] for success.
    """

    resolve_conflicts: str
    values: dict[str, Any] = field(default_factory=dict)
    outcome: list[dict[str, Any]] | None = None
    id: str = field(default_factory=new_uuid)

    def to_dict(self) -> dict[str, Any]:
        """What the Kubernetes side reads of it."""
        return {"id": self.id, "resolveConflicts": self.resolve_conflicts, **self.values}
