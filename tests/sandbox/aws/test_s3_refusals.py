"""S3: what it refuses, tags at creation, and accounts kept apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.aws.support import ACCOUNT, REGION, Account, refused

NAME = "piksel-bucket"
OTHER = "999999999999"
ARN = f"arn:aws:s3:::{NAME}"
OPEN = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
INSECURE = {"Bool": {"aws:SecureTransport": "false"}}
TRANSITION = {"Days": 60, "StorageClass": "INTELLIGENT_TIERING"}


def make(account: Account, name: str = NAME, **more: object) -> None:
    """A new bucket."""
    account.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION, **more})


def statement(**change: object) -> dict:
    """A statement that lets everybody read and list."""
    actions = ["s3:GetObject", "s3:ListBucket"]
    return {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": [ARN, f"{ARN}/*"], **change}


def put_policy(account: Account, *statements: dict) -> None:
    """Put a policy on the bucket."""
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    account.s3.put_bucket_policy(Bucket=NAME, Policy=document)


@pytest.fixture
def bucket(account: Account) -> Account:
    """The account with a bucket."""
    make(account)
    return account


@pytest.fixture
def opened(bucket: Account) -> Account:
    """The account with a bucket that its block does not protect."""
    bucket.s3.put_public_access_block(Bucket=NAME, PublicAccessBlockConfiguration=OPEN)
    return bucket


@pytest.fixture
def other(account: Account) -> Account:
    """Another account's clients."""

    def as_other(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = OTHER

    visitor = Account(account.url)
    visitor.s3.meta.events.register("before-sign.s3", as_other)
    return visitor


def rule(**change: object) -> dict:
    """A lifecycle rule that S3 takes."""
    return {"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 90}, **change}


def test_tags_of_the_creation_are_the_buckets_and_go_with_it(account: Account) -> None:
    make(account, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    tags = account.s3.get_bucket_tagging(Bucket=NAME)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"a": "1", "b": ""}
    account.s3.delete_bucket(Bucket=NAME)
    make(account)
    with refused("NoSuchTagSet", "does not exist"):
        account.s3.get_bucket_tagging(Bucket=NAME)


@pytest.mark.parametrize("name", ["Big", "xn--a", "a..b", "192.168.5.4", "a-", "sthree-a", "a--ol-s3", "a_b"])
def test_a_name_against_the_rules_is_refused(account: Account, name: str) -> None:
    with refused("InvalidBucketName", "not valid"):
        make(account, name)


def test_a_name_is_taken_once(bucket: Account) -> None:
    with refused("BucketAlreadyOwnedByYou", "you already own it"):
        make(bucket)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Resource": "arn:aws:s3:::other/*"}, "invalid resource"),
        ({"Action": "ec2:RunInstances"}, "invalid action"),
        ({"Effect": "Perhaps"}, "Invalid effect"),
    ],
)
def test_a_malformed_policy_is_refused(opened: Account, change: dict, words: str) -> None:
    with refused("MalformedPolicy", words):
        put_policy(opened, statement(**change))
    with refused("NoSuchBucketPolicy", "does not exist"):
        opened.s3.get_bucket_policy(Bucket=NAME)


def test_a_public_policy_needs_a_block_that_lets_it_pass(bucket: Account) -> None:
    put_policy(bucket, statement(Effect="Deny", Action="s3:*", Condition=INSECURE))
    with refused("AccessDenied", "BlockPublicPolicy"):
        put_policy(bucket, statement())
    bucket.s3.put_public_access_block(Bucket=NAME, PublicAccessBlockConfiguration=OPEN)
    put_policy(bucket, statement())
    assert bucket.s3.get_bucket_policy_status(Bucket=NAME)["PolicyStatus"]["IsPublic"] is True


def test_acls_are_off_until_the_ownership_lets_them(bucket: Account) -> None:
    def own(how: str) -> None:
        bucket.s3.put_bucket_ownership_controls(Bucket=NAME, OwnershipControls={"Rules": [{"ObjectOwnership": how}]})

    with refused("AccessControlListNotSupported", "does not allow ACLs"):
        bucket.s3.put_bucket_acl(Bucket=NAME, ACL="public-read")
    own("ObjectWriter")
    with refused("AccessDenied", "Access Denied"):
        bucket.s3.put_bucket_acl(Bucket=NAME, ACL="public-read")
    bucket.s3.put_public_access_block(Bucket=NAME, PublicAccessBlockConfiguration=OPEN)
    bucket.s3.put_bucket_acl(Bucket=NAME, ACL="public-read")
    assert len(bucket.s3.get_bucket_acl(Bucket=NAME)["Grants"]) == 2
    with refused("InvalidBucketAclWithObjectOwnership", "BucketOwnerEnforced"):
        own("BucketOwnerEnforced")
    bucket.s3.put_bucket_acl(Bucket=NAME, ACL="private")
    own("BucketOwnerEnforced")
    assert len(bucket.s3.get_bucket_acl(Bucket=NAME)["Grants"]) == 1


@pytest.mark.parametrize(
    ("rules", "code", "words"),
    [
        ([rule(), rule()], "InvalidArgument", "unique"),
        ([rule(Expiration={"Days": 0})], "InvalidArgument", "positive"),
        ([rule(Expiration={"Days": 60}, Transitions=[TRANSITION])], "InvalidArgument", "greater"),
        ([rule(Transitions=[{"Days": 5, "StorageClass": "STANDARD_IA"}])], "InvalidArgument", "30"),
        ([{"ID": "a", "Status": "Enabled", "Filter": {}}], "InvalidRequest", "At least one action"),
        ([rule(), {"ID": "b", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 9}}], "InvalidRequest", "V2"),
        ([], "MalformedXML", ""),
    ],
)
def test_a_lifecycle_that_makes_no_sense_is_refused(bucket: Account, rules: list, code: str, words: str) -> None:
    with refused(code, words):
        bucket.s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration={"Rules": rules})


def test_lifecycle_and_cors_come_back_as_they_were_put(bucket: Account) -> None:
    abort = {"DaysAfterInitiation": 7}
    rules = [rule(Transitions=[TRANSITION]), {**rule(ID="b", AbortIncompleteMultipartUpload=abort)}]
    bucket.s3.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration={"Rules": rules})
    assert bucket.s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"] == rules
    cors = [
        {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 3600}
    ]
    bucket.s3.put_bucket_cors(Bucket=NAME, CORSConfiguration={"CORSRules": cors})
    assert bucket.s3.get_bucket_cors(Bucket=NAME)["CORSRules"] == cors


def test_another_account_gets_in_by_policy_only(opened: Account, other: Account) -> None:
    opened.s3.put_object(Bucket=NAME, Key="k", Body=b"v")
    for call in (
        lambda: other.s3.get_object(Bucket=NAME, Key="k"),
        lambda: other.s3.list_objects_v2(Bucket=NAME),
        lambda: other.s3.get_bucket_tagging(Bucket=NAME),
        lambda: other.s3.get_bucket_encryption(Bucket=NAME),
        lambda: other.s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"}),
        lambda: other.s3.delete_bucket(Bucket=NAME),
    ):
        with refused("AccessDenied", ""):
            call()
    with refused("403", ""):
        other.s3.head_bucket(Bucket=NAME)
    with refused("BucketAlreadyExists", "not available"):
        make(other)
    put_policy(opened, statement(), statement(Effect="Deny", Action="s3:*", Condition=INSECURE))
    assert other.s3.get_object(Bucket=NAME, Key="k")["Body"].read() == b"v"
    assert other.s3.list_objects_v2(Bucket=NAME)["KeyCount"] == 1
    assert other.s3.head_bucket(Bucket=NAME)["BucketRegion"] == REGION
    with refused("AccessDenied", ""):
        other.s3.put_object(Bucket=NAME, Key="k", Body=b"w")
    with refused("403", ""):
        other.s3.head_bucket(Bucket=NAME, ExpectedBucketOwner=OTHER)
    assert opened.s3.head_bucket(Bucket=NAME, ExpectedBucketOwner=ACCOUNT)["BucketRegion"] == REGION


def test_a_bucket_with_anything_in_it_stays(bucket: Account) -> None:
    bucket.s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    bucket.s3.put_object(Bucket=NAME, Key="k", Body=b"v")
    bucket.s3.delete_object(Bucket=NAME, Key="k")
    with refused("BucketNotEmpty", "not empty"):
        bucket.s3.delete_bucket(Bucket=NAME)
