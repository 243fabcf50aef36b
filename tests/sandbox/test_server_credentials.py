"""Who may call: credentials are judged as AWS does, in the shape of each protocol."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from urllib.error import HTTPError

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from piksel_sandbox.accounts import ACCOUNTS, HUB
from piksel_sandbox.client import Sandbox
from piksel_sandbox.sessions import Session

SessionOf = Callable[[str], Session]
# service, a read of it
READS = {
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "ec2": "describe_vpcs",
    "eks": "list_clusters",
    "kms": "list_keys",
    "logs": "describe_log_groups",
    "ssm": "describe_parameters",
    "s3": "list_buckets",
}
QUERY_UNKNOWN = "InvalidClientTokenId"
UNKNOWN_KEY = {"ec2": "AuthFailure", "s3": "InvalidAccessKeyId", "sts": QUERY_UNKNOWN, "iam": QUERY_UNKNOWN}
EXPIRED = {"ec2": "RequestExpired", "s3": "ExpiredToken", "sts": "ExpiredToken", "iam": "ExpiredToken"}
MISMATCH = "SignatureDoesNotMatch"
SIGNATURE = {"ec2": "AuthFailure", "s3": MISMATCH, "sts": MISMATCH, "iam": MISMATCH}


def code_of(client: object, service: str) -> str:
    """The error code with which a read is refused, "" when it succeeds."""
    try:
        getattr(client, READS[service])()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


@pytest.mark.requirement("ACC-04", "ENV-01", "ENV-03")
@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.key)
def test_profiles_are_sessions_of_their_accounts(session_of: SessionOf, account: object) -> None:
    administrator = session_of(account.profile).client("sts").get_caller_identity()
    assert administrator["Account"] == account.id
    assert administrator["Arn"] == f"arn:aws:sts::{account.id}:assumed-role/{account.sso_role}/operator"
    automation = session_of(f"{account.key}-automation").client("sts").get_caller_identity()
    assert automation["Arn"] == f"arn:aws:sts::{account.id}:assumed-role/piksel-automation/automation"
    role = session_of(account.profile).client("iam").get_role(RoleName=account.sso_role)["Role"]
    assert administrator["UserId"] == f"{role['RoleId']}:operator"


@pytest.mark.parametrize("service", READS)
def test_an_unknown_key_is_refused(session_of: SessionOf, service: str) -> None:
    client = session_of("dev-piksel").client(service, retries=0, aws_access_key_id="ASIAUNKNOWNUNKNOWN12")
    assert code_of(client, service) == UNKNOWN_KEY.get(service, "UnrecognizedClientException")


@pytest.mark.parametrize("service", READS)
def test_an_expired_session_is_refused(session_of: SessionOf, service: str) -> None:
    client = session_of("expired-piksel").client(service, retries=0)
    assert code_of(client, service) == EXPIRED.get(service, "ExpiredTokenException")


@pytest.mark.parametrize("service", READS)
def test_a_wrong_signature_is_refused(session_of: SessionOf, service: str) -> None:
    client = session_of("dev-piksel").client(service, retries=0, aws_secret_access_key="not-the-secret-of-this-key")
    assert code_of(client, service) == SIGNATURE.get(service, "InvalidSignatureException")


@pytest.mark.parametrize("service", ["sts", "ec2", "eks"])
@pytest.mark.parametrize("token", [None, "the-token-of-another-session"])
def test_a_session_needs_its_own_token(session_of: SessionOf, service: str, token: str | None) -> None:
    client = session_of("dev-piksel").client(service, retries=0, aws_session_token=token)
    assert code_of(client, service) == UNKNOWN_KEY.get(service, "UnrecognizedClientException")


@pytest.mark.parametrize("service", READS)
def test_no_credentials_are_refused(sandbox: Sandbox, service: str) -> None:
    config = Config(signature_version=UNSIGNED, retries={"max_attempts": 0})
    client = boto3.client(service, region_name="ap-southeast-3", endpoint_url=sandbox.url, config=config)
    with pytest.raises(ClientError) as refused:
        getattr(client, READS[service])()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_account_cannot_be_chosen_by_header(session_of: SessionOf) -> None:
    client = session_of("dev-piksel").client("sts")
    header = "x-moto-account-id"
    client.meta.events.register("before-sign.sts", lambda request, **_: request.headers.add_header(header, HUB.id))
    assert client.get_caller_identity()["Account"] == "236122835646"


def test_a_users_key_works_until_it_is_made_inactive(session_of: SessionOf) -> None:
    iam = session_of("dev-network-owner").client("iam")
    iam.create_user(UserName="machine")
    try:
        key = iam.create_access_key(UserName="machine")["AccessKey"]
        given = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
            "aws_session_token": None,
        }
        user = session_of("dev-piksel").client("sts", retries=0, **given)
        assert user.get_caller_identity()["Arn"] == "arn:aws:iam::236122835646:user/machine"
        iam.update_access_key(UserName="machine", AccessKeyId=key["AccessKeyId"], Status="Inactive")
        assert code_of(user, "sts") == "InvalidClientTokenId"
        iam.delete_access_key(UserName="machine", AccessKeyId=key["AccessKeyId"])
        assert code_of(user, "sts") == "InvalidClientTokenId"
    finally:
        iam.delete_user(UserName="machine")


def fetch(url: str) -> tuple[int, bytes]:
    """Status and body of a GET."""
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize("key", ["plain.txt", "a b/c+d é&=?.txt", "double//slash"])
def test_presigned_urls_of_s3_hold_and_cannot_be_changed(session_of: SessionOf, key: str) -> None:
    s3 = session_of("dev-network-owner").client("s3")
    bucket = "presigned-by-the-network-owner"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-southeast-3"})
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=b"content")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
        assert fetch(url) == (200, b"content")
        assert fetch(url + "&response-content-type=text/html")[0] == 403
        s3.delete_object(Bucket=bucket, Key=key)
    finally:
        s3.delete_bucket(Bucket=bucket)


def test_presigned_urls_of_sts_reach_sts(session_of: SessionOf) -> None:
    sts = session_of("prod-automation").client("sts")
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    status, body = fetch(url)
    assert status == 200
    assert b"assumed-role/piksel-automation/automation" in body


def test_what_moto_lacks_is_said_and_not_retried(session_of: SessionOf) -> None:
    client = session_of("dev-network-owner").client("iam")
    with pytest.raises(ClientError) as missing:
        client.generate_service_last_accessed_details(Arn="arn:aws:iam::236122835646:role/piksel-automation")
    assert missing.value.response["Error"]["Code"] == "NotImplemented"
    assert missing.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_the_sandboxs_own_paths_answer_json(sandbox: Sandbox) -> None:
    assert json.loads(fetch(f"{sandbox.url}/_sandbox/status")[1])["url"] == sandbox.url
    status, body = fetch(f"{sandbox.url}/_sandbox/nothing/here")
    assert (status, json.loads(body)["error"]) == (404, "no handler for /_sandbox/nothing/here")
