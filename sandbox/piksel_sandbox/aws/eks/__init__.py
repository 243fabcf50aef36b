"""Amazon EKS for moto: every operation the platform uses, with states, validation and error texts of the service."""

from __future__ import annotations


def install() -> None:
    """Put this package's backend in the place of moto's for every account and region."""
    from moto.eks.models import eks_backends

    from .models import EKSBackend

    eks_backends.backend = EKSBackend
    eks_backends.clear()
