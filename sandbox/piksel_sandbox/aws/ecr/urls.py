"""Routes of ECR."""

from moto.ecr.urls import url_bases

from .responses import SandboxECRResponse

url_paths = {"{0}/$": SandboxECRResponse.dispatch}

__all__ = ["url_bases", "url_paths"]
