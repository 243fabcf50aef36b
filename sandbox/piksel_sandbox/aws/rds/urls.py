"""Routes of RDS."""

from moto.rds.urls import url_bases

from .responses import SandboxRDSResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": SandboxRDSResponse.dispatch}
