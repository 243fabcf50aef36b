"""The recorder: every call has its row, no row holds a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from piksel_sandbox import cli, recordings
from piksel_sandbox.accounts import DEV, is_run_principal
from piksel_sandbox.audit import row_of_event
from piksel_sandbox.client import Sandbox
from piksel_sandbox.objects import identifying_members, object_of
from piksel_sandbox.sessions import Session
from piksel_sandbox.state import State

SessionOf = Callable[[str], Session]
FIELDS = ["time", "account", "caller", "api", "service", "operation", "object", "write", "status"]
OPERATOR = DEV.session_arn(DEV.sso_role, "operator")


@pytest.fixture(autouse=True)
def fresh(sandbox: Sandbox) -> Iterator[None]:
    """Begins and ends with an empty record."""
    sandbox.clear_calls()
    yield
    sandbox.clear_calls()


def test_a_row_has_exactly_its_fields(sandbox: Sandbox, session_of: SessionOf) -> None:
    before = datetime.now(UTC)
    session_of("dev-piksel").client("iam").get_role(RoleName="piksel-automation")
    (row,) = sandbox.calls()
    assert list(row) == FIELDS
    assert before <= datetime.fromisoformat(row.pop("time")) <= datetime.now(UTC)
    assert row == {
        "account": DEV.id, "caller": OPERATOR, "api": "aws", "service": "iam", "operation": "GetRole",
        "object": "piksel-automation", "write": False, "status": 200,
    }  # fmt: skip


def test_refused_and_failed_calls_have_rows_too(sandbox: Sandbox, session_of: SessionOf) -> None:
    sandbox.add_fault("error", operation="kms:*", times=1)
    for client, call in (
        (session_of("expired-piksel").client("sts", retries=0), "get_caller_identity"),
        (session_of("dev-piksel").client("kms", retries=0), "list_keys"),
    ):
        with pytest.raises(ClientError):
            getattr(client, call)()
    iam = session_of("dev-piksel").client("iam", retries=0)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="nobody")
    with pytest.raises(ClientError):
        session_of("dev-piksel").client("eks", retries=0, aws_access_key_id="ASIAUNKNOWNUNKNOWN12").list_clusters()
    sandbox.clear_faults()
    rows = [(row["service"], row["operation"], row["status"]) for row in sandbox.calls(everybody=True)]
    assert rows == [
        ("sts", "GetCallerIdentity", 403),
        ("kms", "ListKeys", 503),
        ("iam", "GetRole", 404),
        ("eks", "ListClusters", 403),
    ]
    assert ("eks", "ListClusters") not in [(row["service"], row["operation"]) for row in sandbox.calls()]


def test_s3_calls_are_recorded_by_operation(sandbox: Sandbox, session_of: SessionOf) -> None:
    s3 = session_of("dev-piksel").client("s3")
    bucket = "recorded-calls"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-southeast-3"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=bucket, Key="a/b c.txt", Body=b"the content")
    s3.head_object(Bucket=bucket, Key="a/b c.txt")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/b c.txt"}]})
    s3.delete_bucket(Bucket=bucket)
    rows = [(row["operation"], row["object"], row["write"]) for row in sandbox.calls()]
    assert rows == [
        ("CreateBucket", bucket, True),
        ("PutBucketVersioning", bucket, True),
        ("PutObject", f"{bucket}/a/b c.txt", True),
        ("HeadObject", f"{bucket}/a/b c.txt", False),
        ("DeleteObjects", bucket, True),
        ("DeleteBucket", bucket, True),
    ]


def test_objects_that_the_service_names_are_told_from_the_answer(sandbox: Sandbox, session_of: SessionOf) -> None:
    kms = session_of("dev-piksel").client("kms")
    key = kms.create_key(Description="x")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/of/it", TargetKeyId=key)
    ec2 = session_of("dev-piksel").client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    ec2.create_tags(Resources=[vpc, subnet], Tags=[{"Key": "secret-tag", "Value": "secret-value"}])
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    assert [row["object"] for row in sandbox.calls(writes=True)] == [
        key, "alias/of/it", vpc, subnet, f"{vpc},{subnet}", subnet, vpc,
    ]  # fmt: skip
    assert "secret-" not in json.dumps(sandbox.calls())
    kms.delete_alias(AliasName="alias/of/it")


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("eks", "CreateCluster", {"name": "c", "roleArn": "arn:r"}, "c"),
        ("eks", "CreateAddon", {"clusterName": "c", "addonName": "coredns"}, "c/coredns"),
        ("eks", "CreateAccessEntry", {"clusterName": "c", "principalArn": "arn:p", "username": "u"}, "c/arn:p"),
        (
            "eks",
            "AssociateAccessPolicy",
            {"clusterName": "c", "principalArn": "arn:p", "policyArn": "arn:a"},
            "c/arn:p/arn:a",
        ),
        ("eks", "CreateFargateProfile", {"clusterName": "c", "fargateProfileName": "f"}, "c/f"),
        ("eks", "TagResource", {"resourceArn": "arn:x", "tags": {"a": "b"}}, "arn:x"),
        ("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": "arn:p"}, "r/arn:p"),
        ("iam", "UpdateAssumeRolePolicy", {"RoleName": "r", "PolicyDocument": "{}"}, "r"),
        ("logs", "PutRetentionPolicy", {"logGroupName": "/g", "retentionInDays": 1}, "/g"),
        ("logs", "TagResource", {"resourceArn": "arn:g", "tags": {}}, "arn:g"),
        ("sts", "AssumeRole", {"RoleArn": "arn:r", "RoleSessionName": "s", "ExternalId": "e"}, "arn:r"),
        ("secretsmanager", "PutSecretValue", {"SecretId": "s", "SecretString": "hidden"}, "s"),
        ("secretsmanager", "CreateSecret", {"Name": "s", "SecretString": "hidden"}, "s"),
        ("ssm", "PutParameter", {"Name": "/p", "Value": "hidden"}, "/p"),
        ("rds", "CreateDBInstance", {"DBInstanceIdentifier": "d", "MasterUserPassword": "hidden"}, "d"),
        ("rds", "ModifyDBInstance", {"DBInstanceIdentifier": "d", "MasterUserPassword": "hidden"}, "d"),
        ("sqs", "CreateQueue", {"QueueName": "q"}, "q"),
        ("events", "PutRule", {"Name": "r"}, "r"),
        ("ec2", "DescribeVpcs", {}, ""),
        ("ec2", "CreateRoute", {"RouteTableId": "rtb", "DestinationCidrBlock": "0.0.0.0/0"}, "rtb/0.0.0.0/0"),
    ],
)
def test_objects_are_named(service: str, operation: str, parameters: dict[str, object], expected: str) -> None:
    assert object_of(service, operation, parameters) == expected


SERVICES = ["iam", "eks", "kms", "logs", "ec2", "s3", "sts", "ssm", "secretsmanager", "rds", "sqs", "events", "route53"]


@pytest.mark.parametrize("service", SERVICES)
def test_no_operation_names_its_object_by_a_value(service: str) -> None:
    model = get_service_model(service)
    for operation in model.operation_names:
        members = identifying_members(service, operation)
        shape = model.operation_model(operation).input_shape
        for name in members:
            lowered = name.lower()
            assert not any(word in lowered for word in ("password", "secretstring", "policydocument", "token")), (
                operation
            )
            assert lowered not in ("value", "plaintext", "ciphertextblob", "userdata", "body"), operation
            assert not shape.members[name].metadata.get("sensitive"), f"{operation}.{name}"


def test_secret_values_never_reach_the_record(sandbox: Sandbox, session_of: SessionOf) -> None:
    secrets = session_of("dev-piksel").client("secretsmanager")
    secrets.create_secret(Name="recorded", SecretString="hidden-one")
    secrets.put_secret_value(SecretId="recorded", SecretString="hidden-two")
    secrets.delete_secret(SecretId="recorded", ForceDeleteWithoutRecovery=True)
    session_of("dev-piksel").client("ssm").put_parameter(Name="/p", Value="hidden-three", Type="SecureString")
    session = session_of("dev-piksel")
    text = (sandbox.state.recorder / recordings.AWS_FILE).read_text(encoding="utf-8")
    assert "PutSecretValue" in text
    for value in ("hidden", session.secret_access_key, session.session_token):
        assert value not in text


def test_the_default_view_is_the_runs(sandbox: Sandbox, session_of: SessionOf) -> None:
    for profile in ("dev-piksel", "prod-automation", "dev-network-owner"):
        session_of(profile).client("eks").list_clusters()
    assert [row["caller"].split("/")[1] for row in sandbox.calls()] == [DEV.sso_role, "piksel-automation"]
    assert len(sandbox.calls(everybody=True)) == 3


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (OPERATOR, True),
        ("arn:aws:sts::522783511350:assumed-role/piksel-automation/run", True),
        ("arn:aws:sts::522783511350:assumed-role/KarpenterController-x/1", False),
        ("arn:aws:iam::236122835646:user/piksel-automation", False),
        ("system:serviceaccount:kube-system:piksel-automation", False),
        ("", False),
    ],
)
def test_run_principals(caller: str, expected: bool) -> None:
    assert is_run_principal(caller) is expected


def test_reset_and_fixture_leave_no_rows(sandbox: Sandbox) -> None:
    sandbox.reset()
    assert sandbox.calls(everybody=True) == []


def test_clear_forgets_and_the_command_prints_json_lines(
    sandbox: Sandbox, session_of: SessionOf, capsys: pytest.CaptureFixture[str]
) -> None:
    top = ["--state", str(sandbox.state.folder), "calls"]
    iam = session_of("dev-piksel").client("iam")
    iam.tag_role(RoleName="piksel-automation", Tags=[{"Key": "a", "Value": "b"}])
    iam.get_role(RoleName="piksel-automation")
    cli.main([*top, "--writes"])
    assert [json.loads(line)["operation"] for line in capsys.readouterr().out.splitlines()] == ["TagRole"]
    cli.main([*top, "--clear"])
    cli.main(top)
    assert capsys.readouterr().out == ""
    iam.get_role(RoleName="piksel-automation")
    cli.main(top)
    assert [json.loads(line)["operation"] for line in capsys.readouterr().out.splitlines()] == ["GetRole"]


def event(verb: str, uri: str, reference: dict[str, str] | None, **more: object) -> dict[str, object]:
    """An audit event as kube-apiserver writes it."""
    return {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete",
        "verb": verb, "requestURI": uri, "objectRef": reference, "user": {"username": OPERATOR, "groups": ["g"]},
        "responseStatus": {"code": 200}, "requestReceivedTimestamp": "2026-11-23T18:00:00.000001Z",
        **more,
    }  # fmt: skip


NAMESPACE = {"resource": "namespaces", "namespace": "odc", "name": "odc", "apiVersion": "v1"}
DEPLOYMENT = {
    "resource": "deployments", "namespace": "odc", "name": "ows", "apiGroup": "apps", "apiVersion": "v1",
}  # fmt: skip
REVIEW = {"resource": "selfsubjectaccessreviews", "apiGroup": "authorization.k8s.io", "apiVersion": "v1"}


@pytest.mark.parametrize(
    ("given", "service", "operation", "name", "write"),
    [
        (event("patch", "/api/v1/namespaces/odc", NAMESPACE), "core/v1", "patch:namespaces", "odc", True),
        (event("patch", "/api/v1/namespaces/odc?dryRun=All", NAMESPACE), "core/v1", "patch:namespaces", "odc", False),
        (event("get", "/x", DEPLOYMENT), "apps/v1", "get:deployments", "odc/ows", False),
        (
            event("update", "/x", {**DEPLOYMENT, "subresource": "status"}),
            "apps/v1", "update:deployments/status", "odc/ows", True,
        ),
        (event("create", "/x", REVIEW), "authorization.k8s.io/v1", "create:selfsubjectaccessreviews", "", False),
        (event("get", "/openapi/v3?timeout=32s", None), "", "get", "/openapi/v3", False),
        (event("deletecollection", "/x", NAMESPACE | {"name": ""}), "core/v1", "deletecollection:namespaces", "", True),
    ],
)  # fmt: skip
def test_audit_events_become_rows(
    given: dict[str, object], service: str, operation: str, name: str, write: bool
) -> None:
    row = row_of_event(given, DEV.id)
    assert list(row) == FIELDS
    assert (row["service"], row["operation"], row["object"], row["write"]) == (service, operation, name, write)
    assert (row["api"], row["account"], row["caller"], row["status"]) == ("kubernetes", DEV.id, OPERATOR, 200)


def test_audit_events_that_are_not_the_end_are_left_out() -> None:
    assert row_of_event(event("get", "/x", NAMESPACE, stage="RequestReceived"), DEV.id) is None
    named = event("get", "/x", NAMESPACE, user={"username": "u", "extra": {"arn": [OPERATOR]}})
    assert row_of_event(named, DEV.id)["caller"] == OPERATOR


def test_both_apis_are_merged_by_time(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.make()
    aws = {"time": "2026-11-23T18:00:00.000002Z", "caller": OPERATOR, "write": True, "api": "aws"}
    (state.recorder / "aws.jsonl").write_text(json.dumps(aws) + "\n", encoding="utf-8")
    audit = state.recorder / f"kubernetes-{DEV.id}-piksel-dev-0a1b.jsonl"
    events = [event("create", "/x", NAMESPACE), event("list", "/x", NAMESPACE)]
    half = '{"half a li'
    audit.write_text("\n".join([*map(json.dumps, events), half]), encoding="utf-8")
    assert [row["api"] for row in recordings.read(state)] == ["kubernetes", "kubernetes", "aws"]
    assert [row["api"] for row in recordings.read(state, writes=True)] == ["kubernetes", "aws"]
    recordings.clear(state)
    assert recordings.read(state, everybody=True) == []


@pytest.mark.parametrize("half", [1, 40, -1])
def test_a_row_that_was_half_written_when_the_record_was_cleared_is_forgotten_whole(tmp_path: Path, half: int) -> None:
    state = State(tmp_path)
    state.make()
    first, second = ({"time": time, "caller": OPERATOR, "write": True} for time in ("1", "2"))
    line = json.dumps(first).encode() + b"\n"
    file = state.recorder / recordings.AWS_FILE
    file.write_bytes(line[:half])
    recordings.clear(state)
    assert recordings.read(state) == []
    file.write_bytes(line + json.dumps(second).encode() + b"\n")
    assert recordings.read(state) == [second]
