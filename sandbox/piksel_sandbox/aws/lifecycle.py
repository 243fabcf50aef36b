"""States that move on by time, for the models of every service that this package completes."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from moto.core.utils import utcnow
from moto.moto_api import state_manager
from moto.moto_api._internal.managed_state_model import ManagedState

DEFAULT_TRANSITION_SECONDS = 0.3
# Status of an object that its backend may remove; no answer ever shows it.
DELETED = "DELETED"


def transition_seconds() -> float:
    """Seconds that a change of an object takes; `PIKSEL_SANDBOX_TRANSITION_SECONDS` overrides."""
    return float(os.environ.get("PIKSEL_SANDBOX_TRANSITION_SECONDS", DEFAULT_TRANSITION_SECONDS))


def register(*model_names: str) -> None:
    """Let the models of these names move on by time, unless moto's state manager is told otherwise."""
    for name in model_names:
        state_manager.register_default_transition(name, {"progression": "time", "seconds": transition_seconds()})


def now() -> datetime:
    """UTC now in milliseconds, the precision AWS answers with."""
    moment = utcnow()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Lifecycle(ManagedState):
    """A state that moves on by moto's state manager: by default after some time, never by the number of describes.

    `begin` starts a transition; `settle` carries it out when it is due and calls `on_settled` once.
    """

    def __init__(self, model_name: str, status: str, then: str):
        super().__init__(model_name, [(status, then)])
        self.created_at = now()
        self.modified_at = self.created_at

    def begin(self, status: str, *then: str) -> None:
        """Go to `status` now, and from each of `then` to the next when a transition is due."""
        self._transitions = list(zip((status, *then), then, strict=False))
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
        """Carry out all transitions that are due by now; true if there was one."""
        has_moved = False
        while True:
            before, since = self._status, self._time_progressed
            if self.status == before:
                return has_moved
            # The next transition counts from when this one was due, not from when somebody looked.
            seconds = state_manager.get_transition(self.model_name).get("seconds", 0)
            self._time_progressed = since + timedelta(seconds=seconds)
            self.modified_at = now()
            has_moved = True
            self.on_settled(str(before))

    def on_settled(self, before: str) -> None:
        """Called once after a transition from `before`; for subclasses."""
