"""Routes of EventBridge: moto's own."""

from moto.events.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
