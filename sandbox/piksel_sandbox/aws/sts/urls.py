"""Routes of STS."""

from moto.sts.urls import url_bases

from .responses import SandboxTokenResponse

url_paths = {"{0}/$": SandboxTokenResponse.dispatch}

__all__ = ["url_bases", "url_paths"]
