"""The database on a full account: what waits for its word, what is refused, what is started and waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integration.attributes_database import foreign_rule, group_id, modified, parameter, rule_id
from integration.estate import Platform, filled
from integration.estate_database import GROUP, NAME

WORD = "interrupt:rds_instance/core.instance"


def instance(platform: Platform) -> dict[str, Any]:
    """The instance as RDS describes it."""
    return platform.client("rds").describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]


def options(platform: Platform, **changes: object) -> dict[str, Any]:
    """The options of the step rds_instance on a full account, with changes."""
    return {**filled(platform.wanted["rds_instance"], platform.converge().results), **changes}


def another_parameter_group(platform: Platform) -> None:
    """Give the instance the group that RDS has for everybody."""
    client = platform.client("rds")
    names = {group["DBParameterGroupName"] for group in client.describe_db_parameter_groups()["DBParameterGroups"]}
    if "theirs" not in names:
        client.create_db_parameter_group(
            DBParameterGroupName="theirs", DBParameterGroupFamily="postgres16", Description="theirs"
        )
    modified(DBParameterGroupName="theirs")(platform)


INTERRUPTIONS: dict[str, tuple[str, Callable[[Platform], object]]] = {
    "class": ("instance_class", modified(DBInstanceClass="db.t4g.xlarge")),
    "port": ("port", modified(DBPortNumber=5555)),
    "parameters": ("parameters_status", parameter("shared_buffers", "65536", "pending-reboot")),
    "parameter group": ("parameter_group", another_parameter_group),
}


@pytest.mark.requirement("RDS-07", "GEN-10")
@pytest.mark.parametrize("case", INTERRUPTIONS)
def test_what_interrupts_waits_for_its_word(built: Platform, case: str) -> None:
    path, change = INTERRUPTIONS[case]
    built.converge()
    change(built)
    modified(DeletionProtection=True)(built)
    plan = built.converge(check=True)
    assert path not in str(plan.operations)
    assert [item["consent"] for item in plan.held] == [WORD]
    assert path in [one["path"] for one in plan.held[0]["changes"]]
    # What interrupts nothing is done meanwhile.
    assert built.converge().names() == [("update", "rds_instance", ["deletion_protection"])]
    run = built.converge(consent=(WORD,))
    assert path in run.names()[0][2]
    again = built.converge()
    assert (again.operations, again.held) == ([], [])


def test_a_newer_engine_waits_for_its_word_and_an_older_one_is_refused(built: Platform) -> None:
    newer = options(built, engine_version="16.13")
    held = built.call("rds_instance", newer)
    assert (held["operations"], [item["consent"] for item in held["held"]]) == ([], [WORD])
    assert instance(built)["EngineVersion"] == "16.10"
    built.call("rds_instance", {**newer, "consent": [WORD]})
    assert instance(built)["EngineVersion"] == "16.13"
    built.cloud.clear_calls()
    refused = built.call("rds_instance", {**newer, "engine_version": "16.10", "consent": [WORD]})
    assert "RDS makes no engine older: it runs 16.13, wanted is 16.10" in refused["msg"]
    assert built.writes() == []
    # A major is satisfied by each of its minors.
    assert not built.call("rds_instance", {**newer, "engine_version": "16"})["changed"]
    built.wanted["rds_instance"]["engine_version"] = "16.13"


@pytest.mark.requirement("RDS-04")
def test_storage_grows_and_never_shrinks(built: Platform) -> None:
    wanted = options(built)
    less = {**wanted, "allocated_storage": 20, "max_allocated_storage": None}
    assert "makes no storage smaller" in built.call("rds_instance", less)["msg"]
    modified(AllocatedStorage=60)(built)
    # Grown by itself, below the ceiling.
    assert not built.call("rds_instance", wanted)["changed"]
    assert built.call("rds_instance", {**wanted, "allocated_storage": 70})["changed"]
    assert instance(built)["AllocatedStorage"] == 70
    built.wanted["rds_instance"]["allocated_storage"] = 70


@pytest.mark.requirement("RDS-07")
def test_what_waits_for_the_window_counts_as_done(built: Platform) -> None:
    later = options(built, multi_az=True, apply_immediately=False)
    assert built.call("rds_instance", later)["changed"]
    assert (instance(built)["MultiAZ"], instance(built)["PendingModifiedValues"]) == (False, {"MultiAZ": True})
    assert not built.call("rds_instance", later)["changed"]
    assert built.call("rds_instance", {**later, "multi_az": False})["changed"]


def test_fewer_backups_wait_for_their_word(built: Platform) -> None:
    fewer = built.call("rds_instance", options(built, backup_retention_days=1))
    assert (fewer["operations"], fewer["held"][0]["consent"]) == ([], WORD)


def test_the_password_is_neither_compared_nor_shown(built: Platform) -> None:
    wanted = options(built)
    secrets = built.client("secretsmanager")
    secrets.put_secret_value(SecretId=wanted["master_password_secret"], SecretString="another-dummy-value")
    built.cloud.clear_calls()
    result = built.call("rds_instance", wanted)
    assert not result["changed"]
    assert "another-dummy-value" not in str(result)
    assert not [row for row in built.cloud.calls() if row["operation"] == "GetSecretValue"]


def test_a_replacement_takes_a_snapshot_and_is_guarded(built: Platform) -> None:
    anew = options(built, db_name="other", consent=["replace:rds_instance/core.instance"])
    assert [item["action"] for item in built.call("rds_instance", {**anew, "consent": []})["held"]] == ["replace"]
    modified(DeletionProtection=True)(built)
    assert (
        "Cannot delete protected DB Instance"
        in built.call("rds_instance", {**anew, "deletion_protection": True})["msg"]
    )
    modified(DeletionProtection=False)(built)
    before = instance(built)["DbiResourceId"]
    built.call("rds_instance", anew)
    assert instance(built)["DbiResourceId"] != before
    snapshots = built.client("rds").describe_db_snapshots(DBInstanceIdentifier=NAME)["DBSnapshots"]
    assert any(one["DBSnapshotIdentifier"].startswith(f"{NAME}-final-") for one in snapshots)
    built.wanted["rds_instance"]["db_name"] = "other"


@pytest.mark.requirement("RDS-06", "CONF-04")
def test_a_rule_that_was_changed_gets_a_successor_and_waits_to_go(built: Platform) -> None:
    built.converge()
    foreign_rule(built)
    old = rule_id(built)
    wider = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535, "CidrIpv4": "0.0.0.0/0"}
    ec2 = built.client("ec2")
    ours = ec2.describe_security_group_rules(Filters=[{"Name": "tag:Name", "Values": [f"{NAME}-from-network"]}])
    changed = ours["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    ec2.modify_security_group_rules(
        GroupId=group_id(built), SecurityGroupRules=[{"SecurityGroupRuleId": changed, "SecurityGroupRule": wider}]
    )
    run = built.converge()
    assert [(item["action"], item["kind"], item["key"]) for item in run.operations] == [
        ("create", "security_group_rule", "core.network")
    ]
    word = "delete:security_group_rule/core.network"
    assert [item["consent"] for item in run.held] == [word]
    built.converge(consent=(word,))
    left = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id(built)]}])
    ids = {rule["SecurityGroupRuleId"] for rule in left["SecurityGroupRules"]}
    assert changed not in ids
    assert old in ids
    # Somebody else's is still there, as is what lets everything out.
    assert {rule.get("CidrIpv4") for rule in left["SecurityGroupRules"]} >= {"198.51.100.0/24", "0.0.0.0/0"}


def test_what_is_no_longer_wanted_goes_with_consent(built: Platform) -> None:
    built.converge()
    more = built.converge().results
    extra = {
        "name": "core-test-extra",
        "description": "extra",
        "vpc_id": built.cloud.status()["networks"]["dev"]["vpc_id"],
    }
    subnets = built.wanted["rds_subnet_groups"]["groups"]["database"]
    lists = {
        "ec2_security_groups": ("security_group", extra),
        "rds_subnet_groups": ("rds_subnet_group", {**subnets, "name": "core-test-extra"}),
        "rds_parameter_groups": (
            "rds_parameter_group",
            {"name": "core-test-extra", "family": "postgres17", "description": "extra"},
        ),
    }
    for module, (kind, entry) in lists.items():
        given = filled(built.wanted[module], more)
        assert built.call(module, {**given, "groups": {**given["groups"], "extra": entry}})["changed"]
        word = f"delete:{kind}/core.extra"
        assert [item["consent"] for item in built.call(module, given)["held"]] == [word]
        assert [item["action"] for item in built.call(module, {**given, "consent": [word]})["operations"]] == ["delete"]
        assert built.call(module, given)["held"] == []


def test_a_parameter_that_nobody_knows_is_refused(built: Platform) -> None:
    results = built.converge().results
    given = filled(built.wanted["rds_parameter_groups"], results)
    group = given["groups"]["postgres16"]
    spoilt = {**given, "groups": {"postgres16": {**group, "parameters": {"rds.force_tls": "1"}}}}
    built.cloud.clear_calls()
    assert "has no parameter rds.force_tls" in built.call("rds_parameter_groups", spoilt)["msg"]
    assert built.writes() == []
    assert group["name"] == GROUP


def test_one_task_starts_the_instance_and_another_waits_for_it(platform: Platform) -> None:
    platform.wanted["rds_instance"]["state"] = "started"
    waiting = {"name": NAME, "state": "available"}
    planned = platform.call("rds_instance", waiting, check=True)
    assert planned["instance"]["address"] == "(known after apply: rds_instance/core.instance.address)"
    assert "does not exist" in platform.call("rds_instance", waiting)["msg"]
    platform.converge()
    done = platform.call("rds_instance", waiting)
    assert (done["changed"], done["instance"]["status"]) == (False, "available")
    assert done["instance"]["security_group_id"] == group_id(platform)


def test_an_instance_that_fails_ends_the_run_and_is_made_anew_with_consent(platform: Platform) -> None:
    platform.cloud.add_fault("fail", operation="rds:CreateDBInstance", times=1)
    run = platform.go()
    assert "ended in state failed" in run.message
    word = "replace:rds_instance/core.instance"
    assert word in platform.go().message
    assert ("replace", "rds_instance", ["status"]) in platform.converge(consent=(word,)).names()
    assert platform.converge().operations == []
