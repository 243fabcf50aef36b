"""RDS for moto: instances have states, changes wait or take time, downgrades and shrinks are refused, versions, classes
and parameters are those that there are."""

from __future__ import annotations


def install() -> None:
    """Put this package's backend in the place of moto's for every account and region."""
    from moto.rds import models

    from . import windows
    from .models import RDSBackend

    models.valid_preferred_maintenance_window = windows.problem
    models.rds_backends.backend = RDSBackend
    models.rds_backends.clear()
