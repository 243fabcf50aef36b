"""S3 for moto: the defaults that AWS gives new buckets, accounts kept apart, and what S3 refuses."""

from __future__ import annotations


def install() -> None:
    """Put this package's backend in the place of moto's for every account and partition."""
    from moto.s3.models import s3_backends

    from .models import S3Backend

    s3_backends.backend = S3Backend
    s3_backends.clear()
