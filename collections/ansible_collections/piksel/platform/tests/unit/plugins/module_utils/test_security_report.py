# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report: what is grave, what is only told, and what was not read."""

from __future__ import annotations

import datetime
import types
from typing import Any

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import (
    kubernetes_client,
    security_account,
    security_cluster,
    security_report,
)
from ansible_collections.piksel.platform.plugins.module_utils.security_finding import Finding
from botocore.exceptions import ClientError

NOW = datetime.datetime.now(datetime.UTC)
PARAMS = {
    "cluster_name": "example",
    "trusted_accounts": ["222222222222"],
    "public_buckets": [],
    "access_key_days": 90,
    "secret_days": 365,
}


class Service:
    """A client whose operations answer with what is given: operation name -> answer, the same on each page."""

    def __init__(self, **answers: Any):
        self.answers = answers

    def __getattr__(self, operation: str):
        return lambda **_arguments: self.answers[operation]

    def get_paginator(self, operation: str) -> types.SimpleNamespace:
        """A paginator with one page."""
        return types.SimpleNamespace(paginate=lambda **_arguments: [self.answers[operation]])


def clients(**services: Service) -> types.SimpleNamespace:
    """Clients of account 1111… with these services."""
    return types.SimpleNamespace(
        account_id="111111111111", known_account_id="111111111111", region="r", profile=None, client=services.get
    )


def days_ago(days: int) -> datetime.datetime:
    return NOW - datetime.timedelta(days=days, hours=1)


@pytest.mark.parametrize(("days", "severity"), [(10, "medium"), (91, "high")])
def test_a_key_becomes_grave_with_age(days: int, severity: str) -> None:
    iam = Service(
        get_account_summary={"SummaryMap": {"AccountAccessKeysPresent": 1}},
        list_users={"Users": [{"UserName": "ann"}]},
        list_access_keys={
            "AccessKeyMetadata": [
                {"Status": "Active", "CreateDate": days_ago(days)},
                {"Status": "Inactive", "CreateDate": days_ago(900)},
            ]
        },
    )
    root, user = security_account.access_keys(clients(iam=iam), PARAMS)
    assert (root.severity, root.subject) == ("high", "root user")
    assert (user.severity, user.message) == (severity, f"it has an access key, {days} days old")


def trusted(principal: Any, **more: Any) -> list[Finding]:
    """What the report says of a role with one statement."""
    document = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}}
    iam = Service(list_roles={"Roles": [{"RoleName": "one", "AssumeRolePolicyDocument": document}]})
    return security_account.foreign_trust(clients(iam=iam), PARAMS)


def test_who_may_assume_a_role() -> None:
    assert [one.severity for one in trusted("*")] == ["high"]
    assert [one.severity for one in trusted({"AWS": ["*", "arn:aws:iam::333333333333:root"]})] == ["high", "medium"]
    assert trusted({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}) == []
    assert trusted({"AWS": ["222222222222", "arn:aws:iam::111111111111:role/x"], "Service": "ec2.amazonaws.com"}) == []
    assert trusted({"AWS": "*"}, Effect="Deny") == []
    assert trusted({"Federated": "arn:aws:iam::111111111111:oidc-provider/x"}) == []


def test_instances_that_are_gone_do_not_count() -> None:
    open_one = {"InstanceId": "i-1", "State": {"Name": "running"}, "PublicIpAddress": "192.0.2.1"}
    closed = {"InstanceId": "i-2", "State": {"Name": "running"}, "MetadataOptions": {"HttpTokens": "required"}}
    gone = {"InstanceId": "i-3", "State": {"Name": "terminated"}, "PublicIpAddress": "192.0.2.3"}
    ec2 = Service(describe_instances={"Reservations": [{"Instances": [open_one, closed, gone]}]})
    found = security_account.instances(clients(ec2=ec2), PARAMS)
    assert [(one.subject, one.message[:3]) for one in found] == [("instance i-1", "it "), ("instance i-1", "its")]


def test_a_detector_that_is_suspended_detects_nothing() -> None:
    for status, expected in (("ENABLED", 0), ("DISABLED", 1)):
        guardduty = Service(list_detectors={"DetectorIds": ["d"]}, get_detector={"Status": status})
        assert len(security_account.threat_detection(clients(guardduty=guardduty), PARAMS)) == expected


def test_old_values_of_secrets() -> None:
    listed = [
        {"Name": "old", "CreatedDate": days_ago(800), "LastChangedDate": days_ago(366)},
        {"Name": "renewed", "CreatedDate": days_ago(800), "LastChangedDate": days_ago(2)},
        {"Name": "new", "CreatedDate": days_ago(1)},
    ]
    found = security_account.secrets(clients(secretsmanager=Service(list_secrets={"SecretList": listed})), PARAMS)
    assert [one.subject for one in found] == ["secret old"]


@pytest.mark.parametrize(("days", "severity"), [(-1, "medium"), (5, "low"), (200, None)])
def test_support_that_ends(days: int, severity: str | None) -> None:
    ends = NOW + datetime.timedelta(days=days, hours=1)
    eks = Service(
        describe_cluster={"cluster": {"version": "1.34"}},
        describe_cluster_versions={"clusterVersions": [{"endOfStandardSupportDate": ends}]},
    )
    found = security_cluster.support(clients(eks=eks), PARAMS)
    assert [one.severity for one in found] == ([severity] if severity else [])


def test_what_kubernetes_gives_itself_is_not_told() -> None:
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    admin = {"kind": "ClusterRole", "name": "cluster-admin"}
    lists = {
        "clusterroles": [{"metadata": {"name": "cluster-admin"}, "rules": [everything]}],
        "clusterrolebindings": [
            {
                "metadata": {"name": "own"},
                "roleRef": admin,
                "subjects": [
                    {"kind": "Group", "name": "system:masters"},
                    {"kind": "ServiceAccount", "namespace": "kube-system", "name": "job-controller"},
                ],
            },
            {
                "metadata": {"name": "info"},
                "roleRef": {"kind": "ClusterRole", "name": "system:public-info-viewer"},
                "subjects": [{"kind": "Group", "name": "system:unauthenticated"}],
            },
        ],
        "rolebindings": [
            {
                "metadata": {"name": "inside", "namespace": "flux-system"},
                "roleRef": admin,
                "subjects": [{"kind": "ServiceAccount", "namespace": "flux-system", "name": "reconciler"}],
            }
        ],
    }
    cluster = types.SimpleNamespace(items=lambda path, _what: lists[path.rpartition("/")[2]])
    (found,) = security_cluster.bindings(cluster, PARAMS)
    assert (found.severity, found.subject) == ("low", "rolebinding inside")
    assert (
        found.message == "ServiceAccount flux-system/reconciler has ClusterRole cluster-admin in namespace flux-system"
    )


def test_a_bucket_that_cannot_be_read_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def status(**which: str) -> dict:
        if which["Bucket"] == "closed":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetBucketPolicyStatus")
        return {"PolicyStatus": {"IsPublic": True}}

    s3 = Service(list_buckets={"Buckets": [{"Name": "closed"}, {"Name": "open"}]})
    s3.get_bucket_policy_status = status
    monkeypatch.setattr(security_account, "CHECKS", (security_account.buckets,))
    monkeypatch.setattr(kubernetes_client, "connect", lambda *_arguments, **_more: None)
    result = security_report.run(PARAMS, False, clients(s3=s3))
    assert [one["subject"] for one in result["findings"]] == ["bucket open"]
    assert "bucket closed" in result["unread"][1]
    assert result["checks"] == []


@pytest.mark.parametrize(("logging", "expected"), [(True, []), (False, ["trail"])])
def test_a_trail_that_was_stopped_records_nothing(logging: bool, expected: list[str]) -> None:
    cloudtrail = Service(describe_trails={"trailList": [{"TrailARN": "t"}]}, get_trail_status={"IsLogging": logging})
    found = security_account.trail(clients(cloudtrail=cloudtrail), PARAMS)
    assert [one.check for one in found] == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}, []),
        ({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}, [("high", "0.0.0.0/0 may reach port 22")]),
        ({"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535}, [("high", "0.0.0.0/0 may reach ports 0 to 65535")]),
        ({"IpProtocol": "-1"}, [("high", "0.0.0.0/0 may reach every port")]),
        ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}, [("low", "0.0.0.0/0 may reach it by ICMP")]),
    ],
)
def test_what_a_rule_opens(rule: dict, expected: list[tuple[str, str]]) -> None:
    whole = {"GroupId": "sg-1", "IsEgress": False, "CidrIpv4": "0.0.0.0/0", **rule}
    ec2 = Service(describe_security_group_rules={"SecurityGroupRules": [whole]})
    found = security_account.security_groups(clients(ec2=ec2), PARAMS)
    assert [(one.severity, one.message) for one in found] == expected


def test_a_cluster_that_may_not_be_read_does_not_end_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_arguments, **_more):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeCluster")

    monkeypatch.setattr(security_account, "CHECKS", ())
    monkeypatch.setattr(kubernetes_client, "connect", denied)
    (told,) = security_report.run(PARAMS, False, clients())["unread"]
    assert "AccessDenied" in told


def test_what_is_denied_is_told_beside_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_clients, _params):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeTrails")

    def found(_clients, _params):
        return [Finding("found", "low", "a", "b"), Finding("found", "high", "c", "d", "Do e.")]

    monkeypatch.setattr(security_account, "CHECKS", (denied, found))
    monkeypatch.setattr(kubernetes_client, "connect", lambda *_arguments, **_more: None)
    result = security_report.run(PARAMS, False, clients())
    assert result["checks"] == ["found"]
    assert [one["severity"] for one in result["findings"]] == ["high", "low"]
    assert result["counts"] == {"high": 1, "medium": 0, "low": 1, "info": 0}
    cluster, trail = result["unread"]
    assert cluster.startswith("cluster example")
    assert "check denied" in trail
    assert "AccessDenied" in trail
    assert result["notices"][0] == "high: c: d. Do e."
