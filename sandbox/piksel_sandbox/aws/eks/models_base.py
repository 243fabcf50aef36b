"""States over time and update records, shared by all EKS objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.moto_api._internal.managed_state_model import ManagedState

from .utils import new_uuid, now

# Status of an object that settle() may remove; the service never answers it.
DELETED = "DELETED"

MODEL_NAMES = (
    "eks::cluster",
    "eks::update",
    "eks::addon",
    "eks::fargate_profile",
    "eks::nodegroup",
    "eks::identity_provider",
)


class Lifecycle(ManagedState):
    """A state that moves on by moto's state manager: by default after some time, never by the number of describes.

    `begin` starts a transition; `settle` carries it out when it is due and calls `on_settled` once.
    """

    def __init__(self, model_name: str, status: str, then: str):
        super().__init__(model_name, [(status, then)])
        self.created_at = now()
        self.modified_at = self.created_at

    def begin(self, status: str, then: str) -> None:
        """Go to `status` now, and to `then` when the transition is due."""
        self._transitions = [(status, then)]
        self._status = status
        self._time_progressed = datetime.now()
        self._tick = 0
        self.modified_at = now()

    @property
    def current(self) -> str:
        """The status, without moving it on."""
        return str(self._status)

    @property
    def is_changing(self) -> bool:
        """Whether a transition is under way."""
        return self._get_next_status(self._status) != self._status

    def settle(self) -> bool:
        """Carry out the transition if it is due; true if it was."""
        before = self._status
        if self.status == before:
            return False
        self.modified_at = now()
        self.on_settled(str(before))
        return True

    def on_settled(self, before: str) -> None:
        """Called once after a transition from `before`; for subclasses."""


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
