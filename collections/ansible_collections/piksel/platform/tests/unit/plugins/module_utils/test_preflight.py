# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look-ups of account, version, roles and quotas."""

from __future__ import annotations

import datetime
import types

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import preflight, preflight_buckets
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from botocore.exceptions import ClientError

NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
OFFERED = {
    "1.33": {
        "versionStatus": "EXTENDED_SUPPORT",
        "endOfStandardSupportDate": datetime.datetime(2026, 7, 29, tzinfo=datetime.UTC),
    },
    "1.34": {
        "versionStatus": "STANDARD_SUPPORT",
        "endOfStandardSupportDate": datetime.datetime(2026, 12, 2, tzinfo=datetime.UTC),
    },
    "1.35": {
        "status": "standard-support",
        "endOfStandardSupportDate": datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC),
    },
    "1.36": {
        "versionStatus": "STANDARD_SUPPORT",
        "endOfStandardSupportDate": datetime.datetime(2027, 8, 2, tzinfo=datetime.UTC),
    },
}
ADMIN = "AWSReservedSSO_AdministratorAccess_"
PATH = "/aws-reserved/sso.amazonaws.com/ap-southeast-3/"


def judged(version, present=None):
    report = preflight.Report(Clients())
    preflight.judge_version(report, "piksel-dev", version, present, OFFERED, NOW)
    return [str(one) for one in report.findings], report.warnings


@pytest.mark.requirement("EKS-02", "GEN-11")
@pytest.mark.parametrize("present", [None, "1.35", "1.36"])
def test_a_version_in_support_and_within_reach_is_silent(present):
    assert judged("1.36", present) == ([], [])


@pytest.mark.requirement("GEN-11")
def test_a_version_that_is_not_offered_is_refused_with_those_that_are():
    (finding,), _warnings = judged("1.99")
    assert "EKS does not offer this version" in finding
    assert "1.33, 1.34, 1.35, 1.36" in finding


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize(
    ("version", "words"), [("1.33", "has left standard support"), ("1.34", "leaves standard support on 2026-12-02")]
)
def test_leaving_standard_support_only_warns(version, words):
    findings, (warning,) = judged(version, version)
    assert findings == []
    assert words in warning


@pytest.mark.requirement("EKS-02")
def test_two_minors_up_are_refused_with_the_way_to_go():
    (finding,), _warnings = judged("1.36", "1.33")
    assert "one minor version at a time" in finding
    assert "Go 1.33 → 1.34 → 1.35 → 1.36: set piksel_kubernetes_version to 1.34 first." in finding


@pytest.mark.requirement("EKS-02")
def test_a_downgrade_is_refused():
    (finding,), _warnings = judged("1.35", "1.36")
    assert "no downgrade exists" in finding
    assert finding.startswith("Kubernetes 1.35 of cluster piksel-dev (account 123456789012, region ap-southeast-3): ")


def client_error(code):
    return ClientError({"Error": {"Code": code, "Message": code}}, "Call")


class Clients:
    """Stands in for the account: answers of services by method name, an exception is raised."""

    account_id = known_account_id = "123456789012"
    region = "ap-southeast-3"
    profile = None

    def __init__(self, **answers):
        self.answers = answers
        self.calls = []

    def client(self, service):
        return types.SimpleNamespace(
            get_paginator=lambda name: types.SimpleNamespace(paginate=lambda **given: [self.answer(name, given)]),
            **{name: self.method(name) for name in self.answers},
        )

    def method(self, name):
        return lambda **given: self.answer(name, given)

    def answer(self, name, given):
        self.calls.append((name, given))
        answer = self.answers[name]
        if callable(answer):
            answer = answer(**given)
        if isinstance(answer, Exception):
            raise answer
        return answer


def roles(*names):
    return {"Roles": [{"RoleName": name, "Arn": f"arn:aws:iam::123456789012:role{PATH}{name}"} for name in names]}


@pytest.mark.requirement("ACC-05")
def test_the_sign_in_role_is_found_by_path_and_prefix():
    clients = Clients(list_roles=roles(f"{ADMIN}abc", "AWSReservedSSO_ReadOnly_abc"))
    report = preflight.administrator_role(clients, PATH, ADMIN)
    assert report.facts["administrator"] == {"sso_administrator": f"arn:aws:iam::123456789012:role{PATH}{ADMIN}abc"}
    assert clients.calls == [("list_roles", {"PathPrefix": PATH})]


@pytest.mark.requirement("ACC-05")
@pytest.mark.parametrize(("names", "words"), [([], "has no such role"), ([f"{ADMIN}a", f"{ADMIN}b"], "2 roles match")])
def test_none_or_several_sign_in_roles_are_findings(names, words):
    report = preflight.administrator_role(Clients(list_roles=roles(*names)), PATH, ADMIN)
    assert words in str(report.findings[0])


def test_without_a_prefix_no_sign_in_role_is_looked_for():
    assert preflight.administrator_role(Clients(), PATH, None).facts == {"administrator": {}}
    assert preflight.automation_role(Clients(), None).facts == {"administrator": {}}


def test_a_missing_automation_role_is_a_finding():
    report = preflight.automation_role(Clients(get_role=client_error("NoSuchEntity")), "bot")
    assert "role bot (account 123456789012, region ap-southeast-3): account 123456789012 has no such role" in str(
        report.findings[0]
    )


def test_an_automation_role_that_may_not_be_read_stops_with_the_reason():
    with pytest.raises(PlatformError, match="AccessDenied"):
        preflight.automation_role(Clients(get_role=client_error("AccessDenied")), "bot")


@pytest.mark.requirement("GEN-11", "IAM-40", "IAM-41")
def test_hub_roles_are_tried_with_their_external_id_and_only_told():
    def assume(**given):
        return client_error("AccessDenied") if given["RoleArn"].endswith("closed") else {}

    clients = Clients(assume_role=assume)
    wanted = {
        "open": {"arn": "arn:aws:iam::1:role/open", "external_id": "word"},
        "closed": {"arn": "arn:aws:iam::1:role/closed"},
        "unknown": {"arn": None},
    }
    report = preflight.hub_roles(clients, wanted)
    assert {key: one["reachable"] for key, one in report.facts["hub_roles"].items()} == {"open": True, "closed": False}
    assert report.findings == []
    assert "cannot assume it" in report.warnings[0]
    assert [given.get("ExternalId") for _name, given in clients.calls] == [None, "word"]


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize(("value", "found"), [(100, 0), (1, 0), (0, 1)])
def test_a_quota_below_the_need_is_a_finding(value, found):
    clients = Clients(get_service_quota={"Quota": {"Value": float(value)}})
    quota = {"service": "eks", "code": "L-1", "name": "clusters", "needed": 1, "required": True}
    report = preflight.quotas(clients, [quota], "c")
    assert len(report.findings) == found
    assert report.facts["quotas"] == {"L-1": value}


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize(
    ("clusters", "needed"),
    [([], None), (["a"], None), (["a", "b"], "3 are needed, 2 for what exists"), (["a", "c"], None)],
)
def test_clusters_that_exist_count_against_their_quota_until_ours_is_one_of_them(clusters, needed):
    clients = Clients(get_service_quota={"Quota": {"Value": 2.0}}, list_clusters={"clusters": clusters})
    quota = {"service": "eks", "code": "L-1194D53C", "name": "clusters", "needed": 1, "required": True}
    report = preflight.quotas(clients, [quota], "c")
    assert [needed in str(finding) for finding in report.findings] == ([True] if needed else [])
    assert ("get_service_quota" in dict(clients.calls)) is ("c" not in clusters)


@pytest.mark.requirement("KARP-34")
def test_a_quota_without_which_the_platform_stands_is_told():
    clients = Clients(get_service_quota={"Quota": {"Value": 8.0}})
    quota = {"service": "ec2", "code": "L-DB2E81BA", "name": "GPUs", "needed": 120, "required": False}
    report = preflight.quotas(clients, [quota], "c")
    assert report.findings == []
    assert report.warnings == [
        "quota ec2/L-DB2E81BA (GPUs): it is 8, and 120 are needed. Ask AWS for more by Service Quotas."
    ]


def test_a_quota_that_cannot_be_read_is_told():
    clients = Clients(get_service_quota=client_error("AccessDenied"))
    quota = {"service": "eks", "code": "L-1", "name": "clusters", "needed": 1, "required": True}
    report = preflight.quotas(clients, [quota], "c")
    assert "it cannot be read" in report.warnings[0]


@pytest.mark.requirement("GEN-11")
def test_run_tells_the_findings_of_all_lookups_at_once():
    clients = Clients(
        list_roles=roles(),
        get_role=client_error("NoSuchEntity"),
        describe_cluster_versions={"clusterVersions": [{"clusterVersion": "1.30"}]},
        describe_cluster=client_error("ResourceNotFoundException"),
        get_service_quota={"Quota": {"Value": 0.0}},
        head_bucket=client_error("403"),
    )
    params = {
        "admin_role_path": PATH,
        "admin_role_prefix": ADMIN,
        "automation_role_name": "bot",
        "cluster_name": "c",
        "kubernetes_version": "1.34",
        "hub_roles": {},
        "quotas": [{"service": "eks", "code": "L-1", "name": "clusters", "needed": 1, "required": True}],
        "addons": {},
        "bucket_names": {"data": "theirs"},
        "registry": {},
        "manual_secrets": {},
        "secrets_given": {},
        "database": None,
        "repository": None,
        "node_pools": {},
        "charts": [],
        "helm_binary": None,
        "on_findings": "fail",
    }
    with pytest.raises(PlatformError) as caught:
        preflight.run(params, True, clients)
    assert str(caught.value).startswith("5 findings:")


@pytest.mark.requirement("S3-13", "GEN-11")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"BucketRegion": "ap-southeast-3"}, None),
        (client_error("404"), None),
        (client_error("403"), "another account's"),
        ({"BucketRegion": "us-east-1"}, "lies in us-east-1"),
    ],
)
def test_names_of_buckets_are_free_or_ours(answer, words):
    report = preflight_buckets.buckets(Clients(head_bucket=answer), {"data": "a-bucket"})
    assert [words in str(finding) for finding in report.findings] == ([True] if words else [])
