"""Plans and what they hold back: empty accounts, changes that need consent, refusals, adoption."""

from __future__ import annotations

import copy
import json

import pytest

from integration import estate_compute, estate_database, estate_identity
from integration.estate import CLUSTER, Platform, trust


@pytest.mark.requirement("GEN-10")
def test_a_plan_from_nothing_is_complete_writes_nothing_and_equals_the_run(platform: Platform) -> None:
    plan = platform.converge(check=True)
    assert platform.writes() == []
    run = platform.converge()
    assert plan.names() == run.names()
    assert all(result.get("diff") for result in plan.results.values())
    platform.cloud.clear_calls()
    again = platform.converge()
    assert again.operations == []
    assert platform.writes() == []


def test_unknown_values_are_carried_in_check_mode_and_refused_outside(platform: Platform) -> None:
    plan = platform.converge(check=True)
    cluster = plan.results["eks_cluster"]["cluster"]
    assert cluster["endpoint"] == "(known after apply: eks_cluster/core.cluster.endpoint)"
    assert cluster["arn"] == f"arn:aws:eks:ap-southeast-3:{platform.account}:cluster/{CLUSTER}"
    key = plan.results["kms_keys"]["resources"]["secrets"]["arn"]
    shown = {change["path"]: change["after"] for item in plan.operations for change in item["changes"]}
    assert shown["encryption_key_arn"] == key == "(known after apply: kms_key/core.secrets.arn)"
    refused = platform.call("eks_cluster", {**platform.wanted["eks_cluster"], "encryption_key_arn": key})
    assert "option `encryption_key_arn` holds a value that does not exist yet" in refused["msg"]
    assert platform.writes() == []


def test_one_task_starts_the_cluster_and_another_waits_for_it(platform: Platform) -> None:
    platform.wanted["eks_cluster"]["state"] = "started"
    platform.wanted["ec2_tags"] = {"objects": []}
    platform.wanted["eks_access_entries"]["access_entries"] = {}
    estate_compute.leave_out(platform.wanted)
    estate_database.leave_out(platform.wanted)
    estate_identity.leave_out(platform.wanted)
    waiting = {**platform.wanted["eks_cluster"], "state": "active", "encryption_key_arn": None}
    platform.converge(check=True)
    planned = platform.call("eks_cluster", waiting, check=True)
    assert not planned["changed"]
    assert planned["cluster"]["status"] == "(known after apply: eks_cluster/core.cluster.status)"
    assert "does not exist" in platform.call("eks_cluster", waiting)["msg"]
    platform.converge()
    done = platform.call("eks_cluster", waiting)
    assert (done["changed"], done["cluster"]["status"]) == (False, "ACTIVE")
    assert done["cluster"]["security_group_id"].startswith("sg-")


@pytest.mark.requirement("EKS-09")
@pytest.mark.parametrize(
    ("mode", "freely"),
    [("CONFIG_MAP", ["authentication_mode", "logging_types"]), ("API_AND_CONFIG_MAP", ["logging_types"])],
)
def test_the_step_to_access_entries_only_waits_for_its_word(platform: Platform, mode: str, freely: list) -> None:
    adopted = copy.deepcopy(platform.wanted)
    adopted["eks_cluster"]["authentication_mode"] = mode
    adopted["eks_access_entries"]["access_entries"] = {}
    platform.converge(wanted=adopted)
    platform.wanted["eks_cluster"] |= {"authentication_mode": "API", "logging_types": ["audit"]}
    plan = platform.converge(check=True)
    run = platform.converge()
    changed, *created = run.names()
    assert (changed[:2], sorted(changed[2])) == (("update", "eks_cluster"), freely)
    assert {name[:2] for name in created} == {("create", "eks_access_entry")}
    assert plan.names() == run.names()
    for told in (plan, run):
        assert [(item["consent"], item["changes"]) for item in told.held] == [
            (
                "restrict:eks_cluster/core.cluster",
                [{"path": "authentication_mode", "before": "API_AND_CONFIG_MAP", "after": "API"}],
            )
        ]
    platform.cloud.clear_calls()
    assert platform.converge().operations == []
    assert platform.writes() == []
    last = platform.converge(consent=("restrict:eks_cluster/core.cluster",))
    assert last.names() == [("update", "eks_cluster", ["authentication_mode"])]
    assert platform.converge().operations == []


@pytest.mark.requirement("EKS-02")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "1.36"}, "Go one minor at a time: set the version to 1.35 first"),
        ({"version": "1.33"}, "a downgrade to 1.33 is not possible"),
        ({"authentication_mode": "CONFIG_MAP"}, "cannot go back to CONFIG_MAP"),
    ],
)
@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
def test_what_eks_would_refuse_is_refused_before_any_write(
    built: Platform, wanted: dict, change: dict, words: str, check: bool
) -> None:
    built.cloud.clear_calls()
    wanted["eks_cluster"] |= change
    assert words in built.go(check=check, wanted=wanted).message
    assert built.writes() == []


@pytest.mark.requirement("EKS-02", "EKS-05", "EKS-09", "EKS-36")
def test_a_cluster_is_changed_in_place_one_update_after_another(built: Platform, wanted: dict) -> None:
    wanted["eks_cluster"] |= {
        "version": "1.35",
        "authentication_mode": "API",
        "public_access_cidrs": ["203.0.113.0/24"],
        "logging_types": ["api"],
        "upgrade_policy": "EXTENDED",
        "deletion_protection": True,
    }
    paths = [path for path in wanted["eks_cluster"] if wanted["eks_cluster"][path] != built.wanted["eks_cluster"][path]]
    plan = built.converge(check=True, wanted=wanted)
    built.cloud.clear_calls()
    run = built.converge(wanted=wanted, consent=("restrict:eks_cluster/core.cluster",))
    assert [item["consent"] for item in plan.held] == ["restrict:eks_cluster/core.cluster"]
    assert plan.names() == [
        (
            "update",
            "eks_cluster",
            [path for _, _, names in run.names() for path in names if path != "authentication_mode"],
        )
    ]
    assert [(action, kind, sorted(names)) for action, kind, names in run.names()] == [
        ("update", "eks_cluster", sorted(paths))
    ]
    assert built.writes() == ["eks:UpdateClusterConfig"] * 5 + ["eks:UpdateClusterVersion"]
    built.wanted["eks_cluster"] = wanted["eks_cluster"]
    assert built.converge().operations == []


@pytest.mark.parametrize(
    ("step", "where", "attribute", "value", "word"),
    [
        ("iam_roles", ("roles", "cluster"), "path", "/other/", "replace:iam_role/core.cluster"),
        ("eks_cluster", (), "service_ipv4_cidr", "10.99.0.0/16", "replace:eks_cluster/core.cluster"),
        ("eks_cluster", (), "cluster_role_arn", "arn:aws:iam::1:role/x", "replace:eks_cluster/core.cluster"),
        ("eks_access_entries", ("access_entries", "node"), "type", "STANDARD", "replace:eks_access_entry/core.node"),
    ],
)
def test_what_needs_a_new_object_is_held_without_consent(
    built: Platform, wanted: dict, step: str, where: tuple, attribute: str, value: str, word: str
) -> None:
    options = wanted[step]
    for name in where:
        options = options[name]
    options[attribute] = value
    built.cloud.clear_calls()
    run = built.converge(wanted=wanted)
    assert run.operations == []
    assert [(item["consent"], [change["path"] for change in item["changes"]]) for item in run.held] == [
        (word, [attribute])
    ]
    assert built.writes() == []


def test_subnets_of_another_network_need_a_new_cluster(built: Platform, wanted: dict) -> None:
    ec2 = built.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.200.0.0/16")["Vpc"]["VpcId"]
    wanted["eks_cluster"]["subnet_ids"] = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.200.{number}.0/24", AvailabilityZone=f"ap-southeast-3{zone}")[
            "Subnet"
        ]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    run = built.converge(wanted=wanted)
    assert run.operations == []
    assert [item["consent"] for item in run.held] == ["replace:eks_cluster/core.cluster"]


@pytest.mark.parametrize(
    ("step", "option", "key", "kind"),
    [
        ("iam_roles", "roles", "node", "iam_role"),
        ("log_groups", "log_groups", "control_plane", "log_group"),
        ("eks_access_entries", "access_entries", "automation", "eks_access_entry"),
    ],
)
def test_what_is_no_longer_wanted_goes_only_with_consent(
    built: Platform, wanted: dict, step: str, option: str, key: str, kind: str
) -> None:
    del wanted[step][option][key]
    word = f"delete:{kind}/core.{key}"
    held = built.converge(wanted=wanted)
    assert held.operations == []
    assert [item["consent"] for item in held.held] == [word]
    assert built.converge(wanted=wanted, consent=(word,)).names() == [("delete", kind, [""])]
    assert built.converge(wanted=wanted).held == []
    assert [(action, name) for action, name, _paths in built.converge().names()] == [("create", kind)]


def test_a_key_that_is_not_wanted_is_scheduled_for_deletion_and_wanted_again_is_restored(platform: Platform) -> None:
    keys = platform.wanted["kms_keys"]
    arn = platform.call("kms_keys", keys)["resources"]["secrets"]["arn"]
    gone = platform.call("kms_keys", {"keys": {}, "consent": ["delete:kms_key/core.secrets"]})
    assert [item["action"] for item in gone["operations"]] == ["delete"]
    kms = platform.client("kms")
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert not platform.call("kms_keys", {"keys": {}})["held"]
    refused = platform.call("kms_keys", keys)
    assert "is scheduled for deletion on" in refused["msg"]
    assert "restore:kms_key/core.secrets" in refused["msg"]
    restored = platform.call("kms_keys", {**keys, "consent": ["restore:kms_key/core.secrets"]})
    assert restored["resources"]["secrets"]["arn"] == arn
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Enabled"
    assert not platform.call("kms_keys", keys)["changed"]


@pytest.mark.requirement("OPS-14")
def test_an_object_of_the_same_name_is_adopted_by_marking_it(platform: Platform) -> None:
    platform.client("iam").create_role(
        RoleName="theirs", AssumeRolePolicyDocument=json.dumps(trust("ec2.amazonaws.com"))
    )
    platform.client("logs").create_log_group(logGroupName="theirs")
    role = platform.call(
        "iam_roles", {"roles": {"a": {"name": "theirs", "assume_role_policy": trust("ec2.amazonaws.com")}}}
    )
    group = platform.call("log_groups", {"log_groups": {"a": {"name": "theirs"}}})
    for result in (role, group):
        (operation,) = result["operations"]
        assert operation["action"] == "update"
        assert [change["path"] for change in operation["changes"]] == ["tags.piksel-platform/key"]


def test_wrong_access_entries_are_told_together_before_any_call(platform: Platform) -> None:
    entries = {
        "a": {"principal_arn": "x", "policies": [{"policy": "P", "scope": "namespace"}]},
        "b": {"principal_arn": "x", "type": "EC2_LINUX", "policies": [{"policy": "P"}]},
    }
    message = platform.call("eks_access_entries", {"cluster_name": CLUSTER, "access_entries": entries})["msg"]
    assert "2 findings" in message
    assert "Scope namespace needs namespaces" in message
    assert "takes neither policies nor groups" in message
