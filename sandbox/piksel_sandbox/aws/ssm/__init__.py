"""SSM for moto: the public parameters with the images of EKS nodes."""

from __future__ import annotations


def install() -> None:
    """Put this package's backend in the place of moto's for every account and region."""
    from moto.ssm.models import ssm_backends

    from .models import SimpleSystemManagerBackend

    ssm_backends.backend = SimpleSystemManagerBackend
    ssm_backends.clear()
