"""The report for the people who watch over an account: exactly what is wrong in it, and what it could not read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from end_to_end.conftest import CLUSTERS, REGION
from end_to_end.expected_results import SECURITY_CHECKS
from end_to_end.harness import Play, Run
from end_to_end.identity_rights import HUB
from piksel_sandbox.client import Sandbox

REPORT = "playbooks/security_report.yml"
CLUSTER = CLUSTERS["dev"]
ADMINISTRATORS = "arn:aws:iam::236122835646:role"
SSO = "aws-reserved/sso.amazonaws.com/ap-southeast-3/AWSReservedSSO_AdministratorAccess_1e048c7b0fa4b3a8"
# What a converged dev of the sandbox gives people to look at, date of the version's end apart.
USUAL = {
    ("trail", "high", "CloudTrail"),
    ("threat_detection", "medium", "GuardDuty"),
    ("control_plane", "medium", f"cluster {CLUSTER}"),
    ("volumes", "low", "EBS"),
    ("bindings", "medium", "clusterrolebinding cluster-reconciler-flux-system"),
    ("administrators", "info", f"{ADMINISTRATORS}/{SSO}"),
    ("administrators", "info", f"{ADMINISTRATORS}/piksel-automation"),
    ("buckets", "info", "bucket piksel-dev-public-data"),
}
STRANGER = "999999999999"
PRIVILEGED = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "digger", "namespace": "default"},
    "spec": {
        "hostNetwork": True,
        "containers": [{"name": "main", "image": "none", "securityContext": {"privileged": True}}],
        "volumes": [{"name": "files", "hostPath": {"path": "/etc"}}],
    },
}


@pytest.fixture
def report(converged: Sandbox, play: Play, tmp_path: Path) -> Callable[..., tuple[Run, dict]]:
    """Runs the report; gives the run and the file that it wrote, if it did."""
    path = tmp_path / "report.json"

    def call(*extra: str) -> tuple[Run, dict]:
        run = play(REPORT, ["dev"], "-e", f"security_report_path={path}", *extra)
        return run, json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    return call


def told(findings: list[dict]) -> set[tuple[str, str, str]]:
    """Check, severity and object of each finding but the end of the version's support, which depends on the day."""
    return {(one["check"], one["severity"], one["subject"]) for one in findings if one["check"] != "support"}


def trust(**principal: str) -> str:
    """A trust policy for somebody."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.requirement("SECU-19")
def test_what_a_converged_account_gives_to_look_at(converged: Sandbox, report, tmp_path: Path) -> None:
    """Everything was read, nothing was written but the file, which is for its owner only."""
    converged.clear_calls()
    run, written = report()
    assert run.ok().done == []
    assert converged.calls(writes=True) == []
    assert written["checks"] == SECURITY_CHECKS
    assert written["unread"] == []
    assert told(written["findings"]) == USUAL
    assert sum(written["counts"].values()) == len(written["findings"])
    assert (tmp_path / "report.json").stat().st_mode & 0o777 == 0o600
    for one in written["findings"]:
        assert one["subject"] in run.output


@pytest.fixture
def wrongs(converged: Sandbox, aws: Callable, kubectl: Callable, tmp_path: Path) -> Iterator[set[tuple[str, str, str]]]:
    """One thing wrong for each check that can have one; gives what the report must add, and takes all away again."""
    iam, ec2, s3, rds = aws("iam"), aws("ec2"), aws("s3"), aws("rds")
    iam.create_user(UserName="forgotten")
    key = iam.create_access_key(UserName="forgotten")["AccessKey"]["AccessKeyId"]
    iam.create_role(RoleName="open", AssumeRolePolicyDocument=trust(AWS="*"))
    iam.create_role(RoleName="foreign", AssumeRolePolicyDocument=trust(AWS=STRANGER))
    iam.create_role(RoleName="hub", AssumeRolePolicyDocument=trust(AWS=HUB))
    subnet = ec2.describe_subnets(Filters=[{"Name": "tag:SubnetType", "Values": ["Private"]}])["Subnets"][0]
    group = ec2.create_security_group(GroupName="open", Description="open", VpcId=subnet["VpcId"])["GroupId"]
    for port, cidr in ((22, "0.0.0.0/0"), (443, "0.0.0.0/0"), (5432, "10.1.0.0/16")):
        ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=cidr)
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    where = {"Bucket": "piksel-forgotten"}
    s3.create_bucket(**where, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_public_access_block(**where, PublicAccessBlockConfiguration={"BlockPublicPolicy": False})
    readers = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::piksel-forgotten/*",
    }
    s3.put_bucket_policy(**where, Policy=json.dumps({"Version": "2012-10-17", "Statement": [readers]}))
    rds.create_db_instance(
        DBInstanceIdentifier="forgotten",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="owner",
        MasterUserPassword="not-a-secret-1",
        PubliclyAccessible=True,
    )
    binding = ("create", "clusterrolebinding")
    assert kubectl(*binding, "everybody", "--clusterrole=view", "--group=system:unauthenticated").returncode == 0
    assert kubectl(*binding, "mighty", "--clusterrole=cluster-admin", "--user=somebody").returncode == 0
    (tmp_path / "pod.json").write_text(json.dumps(PRIVILEGED), encoding="utf-8")
    assert kubectl("create", "-f", str(tmp_path / "pod.json")).returncode == 0
    yield {
        ("access_keys", "medium", "user forgotten"),
        ("foreign_trust", "high", "role open"),
        ("foreign_trust", "medium", "role foreign"),
        ("security_groups", "high", f"security group {group}"),
        ("volumes", "high", f"volume {volume}"),
        ("buckets", "high", "bucket piksel-forgotten"),
        ("databases", "high", "database forgotten"),
        ("databases", "medium", "database forgotten"),
        ("bindings", "high", "clusterrolebinding everybody"),
        ("bindings", "medium", "clusterrolebinding mighty"),
        ("pods", "medium", "pod default/digger"),
    }
    iam.delete_access_key(UserName="forgotten", AccessKeyId=key)
    iam.delete_user(UserName="forgotten")
    for name in ("open", "foreign", "hub"):
        iam.delete_role(RoleName=name)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_volume(VolumeId=volume)
    s3.delete_bucket(**where)
    rds.delete_db_instance(DBInstanceIdentifier="forgotten", SkipFinalSnapshot=True)
    kubectl("delete", "clusterrolebinding", "everybody", "mighty")
    kubectl("delete", "pod", "digger", "--force")


@pytest.mark.requirement("SECU-19", "ACC-06")
def test_each_wrong_thing_is_told_and_nothing_else(wrongs: set, report: Callable) -> None:
    run, written = report()
    run.ok()
    assert told(written["findings"]) - USUAL == wrongs
    gravest_first = [one["severity"] for one in written["findings"]]
    assert gravest_first == sorted(gravest_first, key=["high", "medium", "low", "info"].index)


def test_a_scheduled_run_fails_from_the_severity_that_was_asked_for(converged: Sandbox, report: Callable) -> None:
    failed, written = report("-e", "security_report_fail_on=high")
    assert failed.rc != 0
    assert written["counts"]["high"] == 1
    assert "security_report_fail_on is high" in " ".join(failed.output.split())


def test_check_mode_writes_no_file(converged: Sandbox, play: Play, tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    play(REPORT, ["dev"], "--check", "-e", f"security_report_path={path}").ok()
    assert not path.exists()


def test_an_account_without_a_cluster(empty: Sandbox, play: Play) -> None:
    """What is in the account is told, and that nothing was read in the cluster: silence would not be the same."""
    run = play(REPORT, ["dev"], "-e", "security_report_fail_on=unread")
    assert run.rc != 0
    assert "cluster piksel-dev: there is none that can be used" in run.output
    assert "CloudTrail" in run.output
    assert empty.calls(writes=True) == []
