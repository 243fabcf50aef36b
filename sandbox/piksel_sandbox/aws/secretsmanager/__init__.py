"""Secrets Manager that refuses what it refuses of secrets which wait for their deletion."""

from __future__ import annotations


def install() -> None:
    """Makes moto build its Secrets Manager backends from this package; call it before the first request."""
    from moto.secretsmanager.models import secretsmanager_backends

    from .models import SandboxSecretsManagerBackend

    secretsmanager_backends.backend = SandboxSecretsManagerBackend
    secretsmanager_backends.clear()
