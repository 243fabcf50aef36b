"""Service Quotas for moto: the quotas of EKS, Fargate and EC2 that a platform looks at."""

from __future__ import annotations


def install() -> None:
    """Put this package's backend in the place of moto's for every account and region."""
    from moto.servicequotas.models import servicequotas_backends

    from .models import ServiceQuotasBackend

    servicequotas_backends.backend = ServiceQuotasBackend
    servicequotas_backends.clear()
