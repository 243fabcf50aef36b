"""Routes of RDS: moto's own."""

from moto.rds.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
