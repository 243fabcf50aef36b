"""STS that asks a role's trust policy and a web identity's signature before it gives credentials."""

from __future__ import annotations


def install() -> None:
    """Makes moto build its STS backends from this package; call it before the first request."""
    from moto.sts.models import sts_backends

    from .models import SandboxSTSBackend

    sts_backends.backend = SandboxSTSBackend
