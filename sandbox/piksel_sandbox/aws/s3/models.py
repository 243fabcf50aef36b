"""Defaults of new buckets.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html (since January 2023),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html (since April 2023).
"""

from __future__ import annotations

from typing import Any

from moto.s3.models import FakeBucket, PublicAccessBlock
from moto.s3.models import S3Backend as MotoS3Backend

DEFAULT_OWNERSHIP = "BucketOwnerEnforced"


def default_encryption() -> dict[str, Any]:
    """SSE-S3, in the form in which moto keeps an encryption configuration."""
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}}


class S3Backend(MotoS3Backend):
    """moto's S3 backend with today's defaults."""

    def create_bucket(self, bucket_name: str, region_name: str, bucket_namespace: str | None = None) -> FakeBucket:
        """CreateBucket: encrypted by SSE-S3, all public access blocked, ACLs off."""
        bucket = super().create_bucket(bucket_name, region_name, bucket_namespace)
        bucket.encryption = default_encryption()
        bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")
        # Kept as the request's header has it; moto's annotation says otherwise.
        bucket.ownership_rule = DEFAULT_OWNERSHIP
        return bucket

    def delete_bucket_encryption(self, bucket_name: str) -> None:
        """DeleteBucketEncryption: back to SSE-S3, since no bucket is without encryption."""
        self.get_bucket(bucket_name).encryption = default_encryption()
