"""Buckets: data that must not get lost, names that others have, and buckets that are there already."""

from __future__ import annotations

import boto3
import pytest
from ansible_collections.piksel.platform.plugins.module_utils import s3 as s3_module
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

from integration.estate import REGION, SOMEBODY, Platform
from integration.estate_s3 import PRIVATE, PUBLIC

FULL = "full-bucket"
EXPIRE = {"expire": {"expiration_days": 60}}


def buckets(**entry: object) -> dict:
    """Options with one bucket."""
    return {"buckets": {"one": {"name": FULL, **entry}}}


def died(*_arguments: object) -> None:
    """Stands for a run that gets no further."""
    raise PlatformError("died")


@pytest.fixture
def full(platform: Platform) -> Platform:
    """An account with a bucket of ours that keeps versions, never deletes and holds an object."""
    platform.call("s3_buckets", buckets(lifecycle_rules={}, versioning=True))
    platform.client("s3").put_object(Bucket=FULL, Key="data", Body=b"data")
    platform.cloud.clear_calls()
    return platform


@pytest.mark.requirement("S3-08")
def test_a_bucket_with_data_stays_even_with_consent(full: Platform) -> None:
    gone = {"buckets": {}, "consent": ["delete:s3_bucket/core.one"]}
    (held,) = full.call("s3_buckets", {"buckets": {}})["held"]
    assert held["consent"] == gone["consent"][0]
    result = full.call("s3_buckets", gone)
    assert result["failed"]
    assert f"s3_bucket {FULL} (account {full.account}, region {REGION}): it still holds objects" in result["msg"]
    assert "never empties a bucket" in result["msg"]
    assert full.client("s3").get_object(Bucket=FULL, Key="data")["Body"].read() == b"data"
    assert full.writes() == ["s3:DeleteBucket"]
    for version in full.client("s3").list_object_versions(Bucket=FULL)["Versions"]:
        full.client("s3").delete_object(Bucket=FULL, Key=version["Key"], VersionId=version["VersionId"])
    assert [item["action"] for item in full.call("s3_buckets", gone)["operations"]] == ["delete"]
    assert full.client("s3").list_buckets()["Buckets"] == []


def test_a_lost_answer_to_a_delete_is_no_failure(platform: Platform) -> None:
    platform.call("s3_buckets", buckets())
    platform.cloud.add_fault("reset-after", operation="s3:DeleteBucket", times=1)
    result = platform.call("s3_buckets", {"buckets": {}, "consent": ["delete:s3_bucket/core.one"]})
    assert [item["action"] for item in result["operations"]] == ["delete"]


@pytest.mark.requirement("S3-08")
@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"lifecycle_rules": EXPIRE, "versioning": True}, "lifecycle_rules.expire"),
        ({"versioning": False}, "versioning"),
    ],
)
def test_what_would_lose_data_waits_for_its_word(full: Platform, change: dict, path: str) -> None:
    """Everything else is done meanwhile, and nothing waits when the bucket is empty."""
    wanted = buckets(**change, website={"index_document": "index.html"})
    word = "discard:s3_bucket/core.one"
    plan, run = full.call("s3_buckets", wanted, check=True), full.call("s3_buckets", wanted)
    for told in (plan, run):
        assert [change["path"] for change in told["operations"][0]["changes"]] == ["website.index_document"]
        assert [(item["consent"], [one["path"] for one in item["changes"]]) for item in told["held"]] == [
            (word, [path])
        ]
    again = full.call("s3_buckets", wanted)
    assert (again["changed"], len(again["held"])) == (False, 1)
    done = full.call("s3_buckets", {**wanted, "consent": [word]})
    assert [one["path"] for one in done["operations"][0]["changes"]] == [path]
    assert full.call("s3_buckets", wanted)["held"] == []


def test_a_held_rule_does_not_keep_the_others_from_their_turn(full: Platform) -> None:
    """S3 replaces all rules at once: what is held stays as it was, what is not held comes."""
    before = {"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 90}}
    full.client("s3").put_bucket_lifecycle_configuration(Bucket=FULL, LifecycleConfiguration={"Rules": [before]})
    result = full.call("s3_buckets", buckets(lifecycle_rules={**EXPIRE, "abort": {"abort_multipart_days": 7}}))
    assert [one["path"] for one in result["operations"][0]["changes"]] == ["lifecycle_rules.abort"]
    assert [one["path"] for one in result["held"][0]["changes"]] == ["lifecycle_rules.expire"]
    found = full.client("s3").get_bucket_lifecycle_configuration(Bucket=FULL)["Rules"]
    assert {rule["ID"]: rule.get("Expiration") for rule in found} == {"abort": None, "expire": {"Days": 90}}


def test_a_rule_of_the_older_form_stands_in_nobodys_way(full: Platform) -> None:
    """Its prefix lies beside a filter's place; S3 takes no mixture of both forms."""
    old = {"ID": "expire", "Status": "Enabled", "Prefix": "tmp/", "Expiration": {"Days": 90}}
    full.client("s3").put_bucket_lifecycle_configuration(Bucket=FULL, LifecycleConfiguration={"Rules": [old]})
    wanted = {"expire": {"expiration_days": 90, "prefix": "tmp/"}, "abort": {"abort_multipart_days": 7}}
    result = full.call("s3_buckets", buckets(lifecycle_rules=wanted))
    assert not result.get("failed"), result["msg"]
    assert [one["path"] for one in result["operations"][0]["changes"]] == ["lifecycle_rules.abort"]
    assert not full.call("s3_buckets", buckets(lifecycle_rules=wanted))["changed"]


def test_an_expiry_that_comes_later_needs_no_word(full: Platform) -> None:
    full.call("s3_buckets", {**buckets(lifecycle_rules=EXPIRE), "consent": ["discard:s3_bucket/core.one"]})
    result = full.call("s3_buckets", buckets(lifecycle_rules={"expire": {"expiration_days": 90}}))
    assert (len(result["operations"]), result["held"]) == (1, [])


@pytest.mark.requirement("S3-13")
def test_names_that_are_not_ours_to_have(platform: Platform) -> None:
    """Another account's bucket and one in another region are both told before any write."""
    elsewhere = boto3.Session(profile_name="staging-network-owner").client("s3", endpoint_url=platform.cloud.url)
    elsewhere.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": REGION})
    ours = boto3.Session(profile_name=SOMEBODY, region_name="us-east-1").client("s3", endpoint_url=platform.cloud.url)
    ours.create_bucket(Bucket="far-away")
    wanted = {"buckets": {"a": {"name": "theirs"}, "b": {"name": "far-away"}, "c": {"name": "fine-name"}}}
    for check in (True, False):
        message = platform.call("s3_buckets", wanted, check=check)["msg"]
        assert "2 findings" in message
        assert "s3_bucket theirs" in message
        assert "another account's" in message
        assert "lies in us-east-1" in message
    assert platform.writes() == []


def test_what_s3_would_refuse_is_told_before_any_call(platform: Platform) -> None:
    wanted = {
        "a": {"name": "Not_A_Name"},
        "b": {"name": "b-ucket", "lifecycle_rules": {"empty": {}, "soon": {"transitions": {"STANDARD_IA": 3}}}},
        "c": {"name": "c-ucket", "lifecycle_rules": {"x": {"expiration_days": 5, "transitions": {"GLACIER": 60}}}},
    }
    message = platform.call("s3_buckets", {"buckets": wanted}, check=True)["msg"]
    assert "4 findings" in message
    for words in ("`buckets.a.name`", "without an action", "S3 wants 30 or more", "expire after 5 days"):
        assert words in message
    assert platform.cloud.calls() == []


def test_two_entries_of_one_name_are_refused(platform: Platform) -> None:
    message = platform.call("s3_buckets", {"buckets": {"a": {"name": FULL}, "b": {"name": FULL}}})["msg"]
    assert f"s3_bucket {FULL}: both core.a and core.b mean this object" in message


@pytest.mark.requirement("OPS-14", "S3-13")
def test_a_bucket_of_today_is_adopted_with_its_data(platform: Platform) -> None:
    """As the estate of today has them: ACLs, no block, rules by other ids. Data and foreign tags stay."""
    s3 = platform.client("s3")
    s3.create_bucket(
        Bucket=PUBLIC,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectOwnership="BucketOwnerPreferred",
    )
    s3.delete_public_access_block(Bucket=PUBLIC)
    s3.put_bucket_acl(Bucket=PUBLIC, ACL="public-read")
    s3.put_bucket_tagging(Bucket=PUBLIC, Tagging={"TagSet": [{"Key": "billing", "Value": "42"}]})
    s3.put_object(Bucket=PUBLIC, Key="data", Body=b"data")
    platform.cloud.clear_calls()
    wanted = {"buckets": {"public": platform.wanted["s3_buckets"]["buckets"]["public"]}}
    result = platform.call("s3_buckets", wanted)
    assert [item["action"] for item in result["operations"]] == ["update"]
    writes = platform.writes()
    assert writes.index("s3:PutPublicAccessBlock") < writes.index("s3:PutBucketPolicy")
    assert writes.index("s3:PutBucketAcl") < writes.index("s3:PutBucketOwnershipControls")
    assert len(s3.get_bucket_acl(Bucket=PUBLIC)["Grants"]) == 1
    assert {"Key": "billing", "Value": "42"} in s3.get_bucket_tagging(Bucket=PUBLIC)["TagSet"]
    assert s3.get_object(Bucket=PUBLIC, Key="data")["Body"].read() == b"data"
    assert not platform.call("s3_buckets", wanted)["changed"]


def test_a_bucket_is_born_private_and_marked(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that gets no further than its first call leaves nothing open, and nothing that is not found again."""
    entry = {"public": platform.wanted["s3_buckets"]["buckets"]["public"]}
    monkeypatch.setattr(s3_module.Bucket, "update", died)
    assert "died" in platform.call("s3_buckets", {"buckets": entry})["msg"]
    s3 = platform.client("s3")
    assert set(s3.get_public_access_block(Bucket=PUBLIC)["PublicAccessBlockConfiguration"].values()) == {True}
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=PUBLIC)["TagSet"]}
    assert tags["piksel-platform/key"] == "s3_bucket/core.public"
    (held,) = platform.call("s3_buckets", {"buckets": {}})["held"]
    assert held["object"] == PUBLIC


def test_an_option_that_is_left_out_is_not_ours(platform: Platform) -> None:
    s3 = platform.client("s3")
    platform.call("s3_buckets", buckets())
    s3.put_bucket_cors(
        Bucket=FULL, CORSConfiguration={"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]}
    )
    s3.put_bucket_versioning(Bucket=FULL, VersioningConfiguration={"Status": "Enabled"})
    platform.cloud.clear_calls()
    assert not platform.call("s3_buckets", buckets())["changed"]
    assert "s3:GetBucketCors" not in [f"{row['service']}:{row['operation']}" for row in platform.cloud.calls()]


@pytest.mark.parametrize("region", ["us-east-1"])
def test_the_region_that_has_no_name_in_requests(platform: Platform, region: str) -> None:
    result = platform.call("s3_buckets", {**buckets(), "region": region})
    assert result["resources"]["one"] == {"name": FULL, "arn": f"arn:aws:s3:::{FULL}", "region": region}
    assert not platform.call("s3_buckets", {**buckets(), "region": region})["changed"]


def test_who_may_not_open_a_bucket_is_told_why(platform: Platform) -> None:
    """The block of the account, or a policy of the organization, answers as a missing permission would."""
    entry = dict(platform.wanted["s3_buckets"]["buckets"]["public"])
    entry["public_access_block"] = {}
    message = platform.call("s3_buckets", {"buckets": {"public": entry}})["msg"]
    assert f"s3:PutBucketPolicy on s3_bucket {PUBLIC}" in message
    assert "Block Public Access of the account" in message


def test_the_private_bucket_has_no_other_name(platform: Platform) -> None:
    """ARNs are known before anything exists."""
    result = platform.call("s3_buckets", platform.wanted["s3_buckets"], check=True)
    assert result["resources"]["private"]["arn"] == f"arn:aws:s3:::{PRIVATE}"
