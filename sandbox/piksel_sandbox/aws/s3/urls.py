"""Routes of S3: moto's own, to our answers."""

from moto.s3.urls import url_bases
from moto.s3.urls import url_paths as moto_paths

from .responses import S3Response

url_paths = {path: getattr(S3Response, handler.__name__) for path, handler in moto_paths.items()}

__all__ = ["url_bases", "url_paths"]
