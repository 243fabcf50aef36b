"""Routes of Secrets Manager."""

from moto.secretsmanager.urls import url_bases

from .responses import SandboxSecretsManagerResponse

url_paths = {"{0}/$": SandboxSecretsManagerResponse.dispatch}

__all__ = ["url_bases", "url_paths"]
