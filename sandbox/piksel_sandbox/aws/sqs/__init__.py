"""SQS that refuses what it refuses: attributes out of range, policies that are none, a name that was just deleted."""

from __future__ import annotations


def install() -> None:
    """Put this package's backend in the place of moto's for every account and region."""
    from moto.sqs.models import sqs_backends

    from .models import SandboxSQSBackend

    sqs_backends.backend = SandboxSQSBackend
    sqs_backends.clear()
