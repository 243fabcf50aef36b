"""Routes of SSM: moto's own."""

from moto.ssm.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
