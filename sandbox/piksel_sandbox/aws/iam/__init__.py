"""IAM with every AWS managed policy in every account at no cost per account, with quotas and audiences of providers."""

from __future__ import annotations


def install() -> None:
    """Makes moto build its IAM backends from this package; call it before the first request."""
    from moto.iam.models import iam_backends

    from .models import SandboxIAMBackend

    iam_backends.backend = SandboxIAMBackend
