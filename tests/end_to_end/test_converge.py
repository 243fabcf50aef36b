"""The first promises: a complete and true plan, a silent second run, three accounts built the same way."""

from __future__ import annotations

import pytest

from end_to_end.attribution import attribute
from end_to_end.conftest import ACCOUNTS, CLUSTERS
from end_to_end.harness import Play, Run
from end_to_end.helm import written_by_helm

ENVIRONMENTS = ("dev", "staging", "prod")


def named_by_id(aws, account: str) -> dict[str, set[str]]:
    """Ids of what AWS names itself, by the name that the plan has: keys by alias, launch templates, security groups and
    their rules, whose calls name the group."""
    aliases = aws("kms", account).list_aliases()["Aliases"]
    templates = aws("ec2", account).describe_launch_templates()["LaunchTemplates"]
    keys = {item["AliasName"]: {item["TargetKeyId"]} for item in aliases if "TargetKeyId" in item}
    groups = aws("ec2", account).describe_security_groups()["SecurityGroups"]
    filters = [{"Name": "tag-key", "Values": ["Name"]}]
    rules = aws("ec2", account).describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    return (
        keys
        | {item["LaunchTemplateName"]: {item["LaunchTemplateId"]} for item in templates}
        | {item["GroupName"]: {item["GroupId"]} for item in groups}
        | {tag["Value"]: {item["GroupId"]} for item in rules for tag in item["Tags"] if tag["Key"] == "Name"}
    )


def assert_true_plan(plan: Run, run: Run, rows: list[dict], **names: dict[str, set[str]]) -> None:
    """The check listed what the run did, and each write call belongs to exactly one of its operations."""
    assert plan.names() == run.names()
    told = attribute([item for item in run.done if item["api"] != "local"], rows, **names)
    assert told.unclaimed == []
    assert told.ambiguous == []
    assert told.idle == []


@pytest.mark.both_lanes
@pytest.mark.requirement("GEN-01", "GEN-02", "GEN-10", "EKS-01", "EKS-02", "NS-01")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_plan_run_silence(environment, empty, play: Play, aws, kubectl_json) -> None:
    """From empty: check lists everything and writes nothing; the run does just that; the run again does nothing."""
    plan = play.check([environment]).ok()
    assert len(plan.done) > 15
    assert empty.calls(writes=True) == []
    empty.clear_calls()

    run = play("site.yml", [environment]).ok()
    rows = empty.calls(writes=True)
    releases = written_by_helm(kubectl_json, CLUSTERS[environment])
    assert_true_plan(plan, run, rows, aliases=named_by_id(aws, environment), releases=releases)
    assert {row["account"] for row in rows} == {ACCOUNTS[environment]}
    empty.clear_calls()

    again = play("site.yml", [environment]).ok()
    assert again.changed == 0
    assert again.done == []
    assert empty.calls(writes=True) == []

    quiet = play.check([environment]).ok()
    assert quiet.done == []
    assert empty.calls(writes=True) == []


@pytest.mark.both_lanes
def test_check_of_three_accounts_at_once(empty, play: Play) -> None:
    """One dry run over all accounts lists each one's objects under its own host and account."""
    plan = play.check(ENVIRONMENTS).ok()
    assert empty.calls(writes=True) == []
    for environment in ENVIRONMENTS:
        mine = [item for item in plan.done if item["host"] == f"piksel-{environment}"]
        assert {item["account"] for item in mine} == {ACCOUNTS[environment]}
        assert CLUSTERS[environment] in {item["object"] for item in mine if item["kind"] == "eks_cluster"}


def test_converge_of_three_accounts_must_be_asked_for(empty, play: Play) -> None:
    """Without being asked the run is refused before any AWS call; asked, it builds all three."""
    refused = play("site.yml", ENVIRONMENTS)
    assert refused.rc != 0
    assert "piksel_accounts" in refused.output
    assert empty.calls() == []

    run = play("site.yml", ENVIRONMENTS, "-e", "piksel_accounts=dev,staging,prod").ok()
    assert {item["object"] for item in run.done if item["kind"] == "eks_cluster"} == set(CLUSTERS.values())


def test_every_operation_of_a_creation_has_a_diff(empty, play: Play) -> None:
    """A dry run with --diff prints each object that would come, AWS and Kubernetes alike."""
    plan = play.check(["dev"]).ok()
    for operation in plan.done:
        assert operation["changes"], operation
        assert operation["object"] in plan.output, operation
    assert {"aws", "kubernetes"} <= {item["api"] for item in plan.done}
    assert empty.calls(writes=True) == []
