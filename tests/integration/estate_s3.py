"""The buckets of the small platform: one that everybody reads, one whose objects expire."""

from __future__ import annotations

from typing import Any

PUBLIC, PRIVATE = "core-test-public", "core-test-private"
SECURE = {"Bool": {"aws:SecureTransport": "false"}}


def tls_only(name: str) -> dict:
    """The statement that refuses plain HTTP."""
    resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    return {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources, "Condition": SECURE}


def policy(*statements: dict) -> dict:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def specification(tags: dict[str, str]) -> dict[str, Any]:
    """The options of the step s3_buckets."""
    read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{PUBLIC}/*"}
    return {
        "tags": tags,
        "buckets": {
            "public": {
                "name": PUBLIC,
                "public_access_block": {"block_public_policy": False, "restrict_public_buckets": False},
                "policy": policy(tls_only(PUBLIC), read),
                "lifecycle_rules": {
                    "abort": {"abort_multipart_days": 7},
                    "tier": {"transitions": {"INTELLIGENT_TIERING": 60}},
                },
                "cors_rules": [
                    {
                        "allowed_origins": ["*"],
                        "allowed_methods": ["HEAD", "GET"],
                        "allowed_headers": ["*"],
                        "expose_headers": ["ETag", "Content-Range"],
                        "max_age_seconds": 3600,
                    }
                ],
                "website": {"index_document": "index.html", "error_document": "error.html"},
                "versioning": False,
            },
            "private": {
                "name": PRIVATE,
                "policy": policy(tls_only(PRIVATE)),
                "lifecycle_rules": {"expire": {"expiration_days": 60}},
                "cors_rules": [],
                "website": {},
                "versioning": True,
            },
        },
    }
