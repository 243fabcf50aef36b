"""RDS for moto: instances have states, changes wait or take time, downgrades and shrinks are refused."""

from __future__ import annotations


def install() -> None:
    """Put this package's backend in the place of moto's for every account and region."""
    from moto.rds.models import rds_backends

    from .models import RDSBackend

    rds_backends.backend = RDSBackend
    rds_backends.clear()
