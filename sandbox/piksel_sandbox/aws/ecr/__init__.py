"""ECR for moto: pulls from a repository of another account ask its policy."""

from __future__ import annotations


def install() -> None:
    """Put this package's backend in the place of moto's for every account and region."""
    from moto.ecr.models import ecr_backends

    from .models import SandboxECRBackend

    ecr_backends.backend = SandboxECRBackend
    ecr_backends.clear()
