"""Routes of Service Quotas: moto's own."""

from moto.servicequotas.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
