"""Defaults of new buckets, the public parameters with the images of EKS nodes, quotas."""

from __future__ import annotations

import json

import pytest

from sandbox.aws.support import REGION, Account, refused


@pytest.fixture
def bucket(account: Account) -> Account:
    """An account with the new bucket `b-ucket`."""
    account.s3.create_bucket(Bucket="b-ucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    return account


def test_a_new_bucket_is_encrypted_private_and_without_acls(bucket: Account) -> None:
    rules = bucket.s3.get_bucket_encryption(Bucket="b-ucket")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules == [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
    block = bucket.s3.get_public_access_block(Bucket="b-ucket")["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4
    controls = bucket.s3.get_bucket_ownership_controls(Bucket="b-ucket")["OwnershipControls"]
    assert controls == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_the_encryption_can_be_changed_but_not_taken_away(bucket: Account) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    bucket.s3.put_bucket_encryption(Bucket="b-ucket", ServerSideEncryptionConfiguration={"Rules": [rule]})
    read = bucket.s3.get_bucket_encryption(Bucket="b-ucket")["ServerSideEncryptionConfiguration"]["Rules"]
    assert read == [rule]
    bucket.s3.delete_bucket_encryption(Bucket="b-ucket")
    (rule,) = bucket.s3.get_bucket_encryption(Bucket="b-ucket")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    bucket.s3.put_object(Bucket="b-ucket", Key="k", Body=b"v")
    assert bucket.s3.head_object(Bucket="b-ucket", Key="k")["ServerSideEncryption"] == "AES256"


def test_an_ownership_named_at_creation_is_kept(account: Account) -> None:
    account.s3.create_bucket(
        Bucket="b-other",
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectOwnership="BucketOwnerPreferred",
    )
    controls = account.s3.get_bucket_ownership_controls(Bucket="b-other")["OwnershipControls"]
    assert controls == {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}


@pytest.mark.parametrize("variant", ["standard", "nvidia"])
@pytest.mark.parametrize("version", ["1.32", "1.34", "1.36"])
def test_the_recommended_image_exists(account: Account, version: str, variant: str) -> None:
    base = f"/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/x86_64/{variant}/recommended"
    whole = json.loads(account.ssm.get_parameter(Name=base)["Parameter"]["Value"])
    image_id = account.ssm.get_parameter(Name=f"{base}/image_id")["Parameter"]["Value"]
    assert whole["image_id"] == image_id
    assert whole["release_version"].startswith(f"{version}.")
    (image,) = account.ec2.describe_images(ImageIds=[image_id])["Images"]
    assert image["Architecture"] == "x86_64"
    assert image["Name"] == whole["image_name"]
    assert image["State"] == "available"


def test_parameters_are_found_by_path_and_only_by_it(account: Account) -> None:
    path = "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/x86_64/standard"
    pages = account.ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    names = [item["Name"] for page in pages for item in page["Parameters"]]
    assert f"{path}/recommended/image_id" in names
    account.ssm.put_parameter(Name="/piksel/x", Value="1", Type="String")
    assert [item["Name"] for item in account.ssm.describe_parameters()["Parameters"]] == ["/piksel/x"]
    with refused("ParameterNotFound", "not found"):
        account.ssm.get_parameter(Name="/aws/service/eks/optimized-ami/1.20/amazon-linux-2/recommended/image_id")


def test_the_quotas_that_a_platform_looks_at(account: Account) -> None:
    quotas = getattr(account, "service-quotas")
    assert quotas.get_service_quota(ServiceCode="eks", QuotaCode="L-1194D53C")["Quota"]["Value"] == 100
    names = [item["QuotaName"] for item in quotas.list_aws_default_service_quotas(ServiceCode="ec2")["Quotas"]]
    assert "Running On-Demand G and VT instances" in names
    assert quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]
    with refused("NoSuchResourceException", ""):
        quotas.get_service_quota(ServiceCode="eks", QuotaCode="L-00000000")
