"""EventBridge whose rules bear tags as the service gives them, and that refuses names which the service refuses."""

from __future__ import annotations


def install() -> None:
    """Put this package's backend in the place of moto's for every account and region."""
    from moto.events.models import events_backends

    from .models import SandboxEventsBackend

    events_backends.backend = SandboxEventsBackend
    events_backends.clear()
