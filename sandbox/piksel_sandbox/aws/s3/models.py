"""Buckets as AWS makes them today, and what S3 refuses.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html (since January 2023),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html (since April 2023).
"""

from __future__ import annotations

import re
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import InvalidBucketName
from moto.s3.models import FakeAcl, FakeBucket, PublicAccessBlock, get_canned_acl, s3_backends
from moto.s3.models import S3Backend as MotoS3Backend

from . import lifecycle, policy
from .exceptions import AccessDenied, AclsNotSupported, AclWithOwnership

DEFAULT_OWNERSHIP = "BucketOwnerEnforced"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def default_encryption() -> dict[str, Any]:
    """SSE-S3, in the form in which moto keeps an encryption configuration."""
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}}


def lets_others_in(acl: FakeAcl | None) -> bool:
    """Whether an ACL grants something to anybody but the owner."""
    return acl is not None and len(acl.grants) > 1


class Bucket(FakeBucket):
    """A bucket of moto with AWS's defaults."""

    def __init__(self, name: str, account_id: str, region_name: str, bucket_namespace: str | None = None) -> None:
        super().__init__(name, account_id, region_name, bucket_namespace)
        self.encryption = default_encryption()
        self.public_access_block = PublicAccessBlock("true", "true", "true", "true")
        # Kept as the request's header has it; moto's annotation says otherwise.
        self.ownership_rule = DEFAULT_OWNERSHIP
        self.policy_document: dict[str, Any] | None = None

    def get_permission(self, action: str, resource: str) -> Any:
        """What the policy says to an owner's call on an object: denied or nothing; conditions count here."""
        if policy.denies(self.policy_document, action, resource, self.account_id):
            return PermissionResult.DENIED
        return PermissionResult.NEUTRAL


class S3Backend(MotoS3Backend):
    """moto's S3 backend with today's defaults and refusals."""

    @property
    def _url_module(self) -> Any:
        # moto's S3 names its own module here, where other backends find the one beside them.
        from . import urls

        return urls

    def known_bucket(self, bucket_name: str | None) -> FakeBucket | None:
        """The bucket of that name, whosever it is."""
        partition, account_id = s3_backends.bucket_accounts.get(bucket_name, (None, None))
        return s3_backends[account_id][partition].buckets.get(bucket_name) if account_id else None

    def create_bucket(self, bucket_name: str, region_name: str, bucket_namespace: str | None = None) -> FakeBucket:
        """CreateBucket: encrypted by SSE-S3, all public access blocked, ACLs off."""
        if not NAME.fullmatch(bucket_name) or bucket_name.endswith(RESERVED_ENDS):
            raise InvalidBucketName()
        super().create_bucket(bucket_name, region_name, bucket_namespace)
        bucket = Bucket(bucket_name, self.account_id, region_name, bucket_namespace)
        self.buckets[bucket_name] = bucket
        return bucket

    def delete_bucket(self, bucket_name: str) -> FakeBucket | None:
        """DeleteBucket: the next bucket of that name has no tags."""
        gone = super().delete_bucket(bucket_name)
        if gone:
            self.tagger.delete_all_tags_for_resource(gone.arn)
        return gone

    def delete_bucket_encryption(self, bucket_name: str) -> None:
        """DeleteBucketEncryption: back to SSE-S3, since no bucket is without encryption."""
        self.get_bucket(bucket_name).encryption = default_encryption()

    def put_bucket_policy(self, bucket_name: str, policy_text: bytes) -> None:
        """PutBucketPolicy: refused when malformed, or public against the bucket's block."""
        bucket = self.get_bucket(bucket_name)
        document = policy.parsed(policy_text, bucket.arn)
        block = bucket.public_access_block
        if block and block.block_public_policy and policy.is_public(document):
            raise AccessDenied(
                "User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the "
                "BlockPublicPolicy setting in S3 Block Public Access."
            )
        super().put_bucket_policy(bucket_name, policy_text)
        bucket.policy_document = document

    def delete_bucket_policy(self, bucket_name: str) -> None:
        """DeleteBucketPolicy."""
        super().delete_bucket_policy(bucket_name)
        self.get_bucket(bucket_name).policy_document = None

    def put_bucket_acl(self, bucket_name: str, acl: FakeAcl | None) -> None:
        """PutBucketAcl: refused where ACLs are off, and for public ones against the bucket's block."""
        bucket = self.get_bucket(bucket_name)
        if bucket.ownership_rule == DEFAULT_OWNERSHIP:
            raise AclsNotSupported()
        block = bucket.public_access_block
        if block and block.block_public_acls and lets_others_in(acl):
            raise AccessDenied()
        super().put_bucket_acl(bucket_name, acl)

    def get_bucket_acl(self, bucket_name: str) -> FakeAcl | None:
        """GetBucketAcl: where ACLs are off, the owner's grant and no other."""
        bucket = self.get_bucket(bucket_name)
        return get_canned_acl("private") if bucket.ownership_rule == DEFAULT_OWNERSHIP else bucket.acl

    def put_bucket_ownership_controls(self, bucket_name: str, ownership: Any) -> None:
        """PutBucketOwnershipControls: ACLs cannot be turned off while the bucket's own one lets others in."""
        if ownership == DEFAULT_OWNERSHIP and lets_others_in(self.get_bucket(bucket_name).acl):
            raise AclWithOwnership()
        super().put_bucket_ownership_controls(bucket_name, ownership)

    def put_bucket_lifecycle_configuration(self, bucket_name: str, rules: list[dict[str, Any]]) -> None:
        """PutBucketLifecycleConfiguration, refused as S3 refuses it."""
        lifecycle.refuse(rules)
        super().put_bucket_lifecycle_configuration(bucket_name, rules)
