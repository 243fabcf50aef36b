"""Routes of EC2."""

from moto.ec2.urls import url_bases

from .responses import SandboxEC2Response

url_paths = {"{0}/": SandboxEC2Response.dispatch}

__all__ = ["url_bases", "url_paths"]
