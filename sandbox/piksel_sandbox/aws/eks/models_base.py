"""Update records of EKS objects, and what they share with other services' models."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from piksel_sandbox.aws.lifecycle import DELETED, Lifecycle

from .utils import new_uuid

MODEL_NAMES = (
    "eks::cluster",
    "eks::update",
    "eks::addon",
    "eks::fargate_profile",
    "eks::nodegroup",
    "eks::identity_provider",
)


class Update(Lifecycle):
    """One update of a cluster, node group or add-on (API_Update of the EKS API reference).

    apply: carries the change out, when the update succeeds.
    finish: called at the end in any case with true for success; puts the object back to a settled status.
    failure: text of a failure that this update is to end with, or None.
    """

    def __init__(
        self,
        kind: str,
        params: dict[str, Any],
        apply: Callable[[], None] | None = None,
        finish: Callable[[bool], None] | None = None,
        failure: str | None = None,
    ):
        super().__init__("eks::update", "InProgress", "Failed" if failure else "Successful")
        self.id = new_uuid()
        self.kind = kind
        self.params = params
        self.errors: list[dict[str, Any]] = []
        self.failure = failure
        self._apply = apply
        self._finish = finish

    @property
    def in_progress(self) -> bool:
        """Whether the update still runs."""
        return self.current == "InProgress"

    def fail(self, message: str, code: str = "Unknown") -> None:
        """End the update as failed, now."""
        self._status = "Failed"
        self.errors = [{"errorCode": code, "errorMessage": message, "resourceIds": []}]
        if self._finish:
            self._finish(False)

    def on_settled(self, before: str) -> None:
        """Apply the change, or tell the failure."""
        if self.current == "Failed":
            self.fail(self.failure or "")
            return
        if self._apply:
            self._apply()
        if self._finish:
            self._finish(True)

    def to_dict(self) -> dict[str, Any]:
        """Shape `Update`."""
        return {
            "id": self.id,
            "status": self.current,
            "type": self.kind,
            "params": [{"type": key, "value": _text(value)} for key, value in self.params.items()],
            "createdAt": self.created_at,
            "errors": self.errors,
        }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


__all__ = ["DELETED", "MODEL_NAMES", "Lifecycle", "Update"]
