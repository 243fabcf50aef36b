"""moto finds the routes of a backend beside its models; IAM's are unchanged."""

from moto.iam.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
