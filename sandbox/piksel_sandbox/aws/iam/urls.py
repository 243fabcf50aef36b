"""Routes of IAM."""

from moto.iam.urls import url_bases

from .responses import SandboxIamResponse

url_paths = {"{0}/$": SandboxIamResponse.dispatch}

__all__ = ["url_bases", "url_paths"]
