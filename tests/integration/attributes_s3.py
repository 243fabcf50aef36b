"""How somebody changes each attribute of the buckets behind our back, a bucket opened among them."""

from __future__ import annotations

import json
from collections.abc import Callable

from integration.estate import TAGS, Platform
from integration.estate_s3 import PRIVATE, PUBLIC, policy, specification, tls_only
from integration.tampering import MARK, Tampering

KIND = "s3_bucket"
NOTHING_BLOCKED = {
    "BlockPublicAcls": False,
    "IgnorePublicAcls": False,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}
ABORT = {
    "ID": "abort",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
TIER = {
    "ID": "tier",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Transitions": [{"Days": 60, "StorageClass": "INTELLIGENT_TIERING"}],
}
OTHER_CORS = {"AllowedOrigins": ["https://example.org"], "AllowedMethods": ["GET"]}
FLAGS = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")


def s3(bucket: str, operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of S3 on one of the buckets."""
    return lambda platform: getattr(platform.client("s3"), operation)(Bucket=bucket, **arguments)


def rules(*wanted: dict) -> Callable[[Platform], object]:
    """Other lifecycle rules on the public bucket."""
    return s3(PUBLIC, "put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": list(wanted)})


def tags(bucket: str, change: dict[str, str | None]) -> Callable[[Platform], None]:
    """Set tags, or take off those that are None, and leave the others."""

    def call(platform: Platform) -> None:
        client = platform.client("s3")
        found = {tag["Key"]: tag["Value"] for tag in client.get_bucket_tagging(Bucket=bucket)["TagSet"]}
        left = {key: value for key, value in {**found, **change}.items() if value is not None}
        client.put_bucket_tagging(
            Bucket=bucket, Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in left.items()]}
        )

    return call


def block(bucket: str, **flags: bool) -> Callable[[Platform], object]:
    """Another public access block."""
    return s3(bucket, "put_public_access_block", PublicAccessBlockConfiguration={**NOTHING_BLOCKED, **flags})


def public_policy(platform: Platform) -> None:
    """Let everybody read the private bucket."""
    read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{PRIVATE}/*"}
    block(PRIVATE)(platform)
    platform.client("s3").put_bucket_policy(Bucket=PRIVATE, Policy=json.dumps(policy(tls_only(PRIVATE), read)))


def own(bucket: str, how: str) -> Callable[[Platform], object]:
    """Another ownership of objects."""
    return s3(bucket, "put_bucket_ownership_controls", OwnershipControls={"Rules": [{"ObjectOwnership": how}]})


def public_acl(platform: Platform) -> None:
    """Let everybody write the private bucket by its ACL."""
    block(PRIVATE)(platform)
    own(PRIVATE, "ObjectWriter")(platform)
    platform.client("s3").put_bucket_acl(Bucket=PRIVATE, ACL="public-read-write")


def encryption(platform: Platform) -> None:
    """Encrypt new objects by another key."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    platform.client("s3").put_bucket_encryption(Bucket=PRIVATE, ServerSideEncryptionConfiguration={"Rules": [rule]})


def deleted(platform: Platform) -> None:
    """Delete the private bucket."""
    platform.client("s3").delete_bucket(Bucket=PRIVATE)


def block_paths(*flags: str) -> tuple[str, ...]:
    """The paths of flags of the block, in their order."""
    return tuple(f"public_access_block.{flag}" for flag in sorted(flags))


def created() -> tuple[str, ...]:
    """Every path of a new private bucket, in the order in which a plan shows them."""
    return (
        "ownership",
        *block_paths(*FLAGS),
        "encryption",
        "versioning",
        "lifecycle_rules.expire",
        "cors_rules",
        "policy",
        *(f"tags.{key}" for key in sorted([*TAGS, MARK])),
    )


TAMPERINGS = (
    Tampering(KIND, "ownership", own(PRIVATE, "BucketOwnerPreferred"), ("ownership",)),
    Tampering(KIND, "ownership gone", s3(PRIVATE, "delete_bucket_ownership_controls"), ("ownership",)),
    Tampering(KIND, "opened: block gone", s3(PRIVATE, "delete_public_access_block"), block_paths(*FLAGS)),
    Tampering(
        KIND,
        "opened: a flag",
        block(PRIVATE, BlockPublicAcls=True, IgnorePublicAcls=True, BlockPublicPolicy=True),
        block_paths("restrict_public_buckets"),
    ),
    Tampering(KIND, "opened: public policy", public_policy, (*block_paths(*FLAGS), "policy")),
    Tampering(KIND, "opened: public ACL", public_acl, ("ownership", *block_paths(*FLAGS))),
    Tampering(
        KIND,
        "closed",
        block(PUBLIC, **dict.fromkeys(NOTHING_BLOCKED, True)),
        block_paths("block_public_policy", "restrict_public_buckets"),
    ),
    Tampering(KIND, "policy gone", s3(PRIVATE, "delete_bucket_policy"), ("policy",)),
    Tampering(
        KIND, "policy other", s3(PUBLIC, "put_bucket_policy", Policy=json.dumps(policy(tls_only(PUBLIC)))), ("policy",)
    ),
    Tampering(KIND, "encryption", encryption, ("encryption",)),
    Tampering(
        KIND,
        "versioning off",
        s3(PRIVATE, "put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        ("versioning",),
    ),
    Tampering(
        KIND,
        "versioning on",
        s3(PUBLIC, "put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"}),
        ("versioning",),
    ),
    Tampering(KIND, "a rule gone", rules(ABORT), ("lifecycle_rules.tier",)),
    Tampering(KIND, "another rule gone", rules(TIER), ("lifecycle_rules.abort",)),
    Tampering(
        KIND,
        "a rule more",
        rules(ABORT, TIER, {**ABORT, "ID": "theirs", "Status": "Disabled"}),
        ("lifecycle_rules.theirs",),
    ),
    Tampering(KIND, "a rule off", rules(ABORT, {**TIER, "Status": "Disabled"}), ("lifecycle_rules.tier",)),
    Tampering(
        KIND,
        "a rule that deletes public data",
        rules(ABORT, {**TIER, "Expiration": {"Days": 90}}),
        ("lifecycle_rules.tier",),
    ),
    Tampering(KIND, "expiry gone", s3(PRIVATE, "delete_bucket_lifecycle"), ("lifecycle_rules.expire",)),
    Tampering(KIND, "CORS gone", s3(PUBLIC, "delete_bucket_cors"), ("cors_rules",)),
    Tampering(
        KIND,
        "CORS more",
        s3(PRIVATE, "put_bucket_cors", CORSConfiguration={"CORSRules": [OTHER_CORS]}),
        ("cors_rules",),
    ),
    Tampering(
        KIND,
        "website gone",
        s3(PUBLIC, "delete_bucket_website"),
        ("website.error_document", "website.index_document"),
    ),
    Tampering(
        KIND,
        "website more",
        s3(PRIVATE, "put_bucket_website", WebsiteConfiguration={"IndexDocument": {"Suffix": "x.html"}}),
        ("website.index_document",),
    ),
    Tampering(
        KIND,
        "website elsewhere",
        s3(PUBLIC, "put_bucket_website", WebsiteConfiguration={"RedirectAllRequestsTo": {"HostName": "example.org"}}),
        ("website.RedirectAllRequestsTo", "website.error_document", "website.index_document"),
    ),
    Tampering(KIND, "tag other", tags(PRIVATE, {"Owner": "somebody"}), ("tags.Owner",)),
    Tampering(KIND, "tags gone", s3(PUBLIC, "delete_bucket_tagging"), created()[-3:]),
    Tampering(KIND, "mark gone", tags(PRIVATE, {MARK: None}), (f"tags.{MARK}",)),
    Tampering(KIND, "bucket gone", deleted, created(), "create"),
)

# What others do that means nothing to us: a tag, the same rules by other ids, the same CORS and policy put otherwise.
FOREIGN = {
    KIND: tags(PRIVATE, {"billing": "42"}),
    "rules by other ids": rules({**TIER, "ID": "theirs", "Filter": {}}, {**ABORT, "ID": "also-theirs"}),
    "CORS in another order": s3(
        PUBLIC,
        "put_bucket_cors",
        CORSConfiguration={
            "CORSRules": [
                {
                    "ID": "theirs",
                    "AllowedOrigins": ["*"],
                    "AllowedMethods": ["GET", "HEAD"],
                    "AllowedHeaders": ["*"],
                    "ExposeHeaders": ["Content-Range", "ETag"],
                    "MaxAgeSeconds": 3600,
                }
            ]
        },
    ),
    "policy in another order": s3(
        PUBLIC,
        "put_bucket_policy",
        Policy=json.dumps(policy(*reversed(specification({})["buckets"]["public"]["policy"]["Statement"]))),
    ),
    "an object": s3(PUBLIC, "put_object", Key="theirs", Body=b"data"),
}
