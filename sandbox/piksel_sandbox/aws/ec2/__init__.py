"""EC2 with launch templates whose tags and client tokens count as at AWS, and which keeps what interfaces are in."""

from __future__ import annotations


def install() -> None:
    """Makes moto build its EC2 backends from this package; call it before the first request."""
    from moto.ec2.models import ec2_backends

    from .models import SandboxEC2Backend

    ec2_backends.backend = SandboxEC2Backend
    ec2_backends.clear()
