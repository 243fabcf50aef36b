"""Add-ons, Fargate profiles, node groups on a full account: what is chosen, held, refused, changed in place."""

from __future__ import annotations

from typing import Any

import pytest

from integration.attributes_compute import gone, group
from integration.estate import CLUSTER, Platform
from integration.estate_compute import addon_options

ISSUE = "no capacity today"
WORD = "replace:eks_fargate_profile/core.flux"


REFUSED = {
    "no such add-on": ({"core_dns": {}}, "add-on core-dns: EKS offers no such add-on for Kubernetes 1.34"),
    "no such version": (
        {"coredns": {"version": "v1.2.3"}},
        "EKS does not offer version v1.2.3 of it for Kubernetes 1.34. It offers v1.13.2-eksbuild.4, v1.13.1-eksbuild.1",
    ),
    "version of another Kubernetes": ({"coredns": {"version": "v1.14.3-eksbuild.3"}}, "does not offer version v1.14.3"),
    "key that the schema lacks": (
        {"coredns": {"configuration_values": {"replicas": 3}}},
        "configuration of add-on coredns: replicas is unknown, did you mean replicaCount",
    ),
    "key below that": (
        {"coredns": {"configuration_values": {"autoScaling": {"minReplica": 3}}}},
        "autoScaling.minReplica is unknown, did you mean minReplicas",
    ),
    "wrong type": ({"coredns": {"configuration_values": {"replicaCount": "3"}}}, "'3' is not of type 'integer'"),
}


@pytest.mark.requirement("GEN-11", "EKS-20")
@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_eks_would_refuse_of_an_addon_is_refused_before_any_write(built: Platform, case: str, check: bool) -> None:
    entries, words = REFUSED[case]
    built.cloud.clear_calls()
    assert words in built.call("eks_addons", addon_options(built, **entries), check)["msg"]
    assert built.writes() == []


@pytest.mark.requirement("GEN-11")
def test_preflight_finds_the_same_in_an_empty_account_and_asks_little_of_a_full_one(built: Platform) -> None:
    given = {
        "cluster_name": CLUSTER,
        "kubernetes_version": "1.34",
        "addons": {
            "core-dns": {},
            "kube-proxy": {"version": "v1.33.3-eksbuild.4"},
            "coredns": {"configuration_values": {"replicas": 3}},
            "eks-pod-identity-agent": {"version": "none", "enabled": False},
        },
    }
    message = built.call("preflight_lookups", given)["msg"]
    assert "3 findings" in message
    for words in (
        "EKS offers no such add-on for Kubernetes 1.34",
        "does not offer version v1.33.3-eksbuild.4",
        "replicas is un",
    ):
        assert words in message
    wanted = {**given, "addons": built.wanted["eks_addons"]["addons"]}
    built.cloud.clear_calls()
    found = built.call("preflight_lookups", wanted)
    assert found["addons"] == {"coredns": "v1.13.2-eksbuild.4", "vpc-cni": "v1.21.1-eksbuild.7"}
    asked = {row["operation"] for row in built.cloud.calls()}
    assert not asked & {"DescribeAddonVersions", "DescribeAddonConfiguration"}
    # For another version of Kubernetes the same add-ons have to be looked up.
    newer = built.call("preflight_lookups", {**wanted, "kubernetes_version": "1.35"})
    assert "DescribeAddonVersions" in {row["operation"] for row in built.cloud.calls()}
    assert newer["addons"]["coredns"] == "v1.13.2-eksbuild.4"


def test_an_older_version_waits_for_its_word_and_the_rest_is_done(built: Platform, wanted: dict) -> None:
    wanted["eks_addons"]["addons"]["coredns"] |= {
        "version": "v1.13.1-eksbuild.1",
        "configuration_values": {"computeType": "Fargate"},
    }
    word = "downgrade:eks_addon/core.coredns"
    plan = built.converge(check=True, wanted=wanted)
    run = built.converge(wanted=wanted)
    for told in (plan, run):
        assert told.names() == [("update", "eks_addon", ["configuration_values.autoScaling"])]
        assert [(item["consent"], item["changes"]) for item in told.held] == [
            (word, [{"path": "version", "before": "v1.13.2-eksbuild.4", "after": "v1.13.1-eksbuild.1"}])
        ]
    assert built.converge(wanted=wanted).operations == []
    assert built.converge(wanted=wanted, consent=(word,)).names() == [("update", "eks_addon", ["version"])]
    assert built.converge(wanted=wanted).held == []
    assert built.converge().names() == [
        ("update", "eks_addon", ["version", "configuration_values.autoScaling"]),
    ]


@pytest.mark.requirement("EKS-23", "EKS-24")
def test_conflicts_are_taken_over_at_creation_unless_they_are_to_be_told(built: Platform) -> None:
    """A new cluster comes with an unmanaged kube-proxy; another version of it is a conflict."""
    entry = {"version": "v1.34.0-eksbuild.2", "resolve_conflicts": "NONE"}
    given = addon_options(built, kube_proxy=entry)
    message = built.call("eks_addons", {**given, "scope": "other"})["msg"]
    assert "ended in state CREATE_FAILED: ConfigurationConflict: Conflicts found" in message
    word = "replace:eks_addon/other.kube-proxy"
    given["addons"]["kube-proxy"]["resolve_conflicts"] = "PRESERVE"
    assert word in built.call("eks_addons", {**given, "scope": "other"})["msg"]
    repaired = built.call("eks_addons", {**given, "scope": "other", "consent": [word]})
    assert [item["action"] for item in repaired["operations"]] == ["replace"]
    assert repaired["resources"]["kube-proxy"]["status"] == "ACTIVE"
    gone_too = built.call("eks_addons", {**addon_options(built), "scope": "other"}, check=True)
    assert [item["consent"] for item in gone_too["held"]] == ["delete:eks_addon/other.kube-proxy"]
    removed = built.call(
        "eks_addons", {**addon_options(built), "scope": "other", "consent": [gone_too["held"][0]["consent"]]}
    )
    assert [item["action"] for item in removed["operations"]] == ["delete"]


IMMUTABLE = [
    ("eks_fargate_profiles", "profiles", "flux", "selectors", [{"namespace": "a"}], WORD),
    ("eks_fargate_profiles", "profiles", "flux", "subnet_ids", None, WORD),
    ("eks_fargate_profiles", "profiles", "flux", "pod_execution_role_arn", "arn:aws:iam::1:role/x", WORD),
    ("eks_nodegroups", "nodegroups", "spot", "instance_types", ["m5.large"], "replace:eks_nodegroup/core.spot"),
    ("eks_nodegroups", "nodegroups", "spot", "capacity_type", "ON_DEMAND", "replace:eks_nodegroup/core.spot"),
    ("eks_nodegroups", "nodegroups", "spot", "subnet_ids", None, "replace:eks_nodegroup/core.spot"),
    ("eks_nodegroups", "nodegroups", "spot", "ami_type", "AL2023_ARM_64_STANDARD", "replace:eks_nodegroup/core.spot"),
    ("eks_nodegroups", "nodegroups", "spot", "node_role_arn", "arn:x", "replace:eks_nodegroup/core.spot"),
    ("eks_nodegroups", "nodegroups", "spot", "launch_template_id", "lt-1", "replace:eks_nodegroup/core.spot"),
]


@pytest.mark.requirement("FARG-06")
@pytest.mark.parametrize(("step", "option", "key", "attribute", "value", "word"), IMMUTABLE)
def test_what_needs_a_new_part_is_held_without_consent(
    built: Platform, wanted: dict, step: str, option: str, key: str, attribute: str, value: Any, word: str
) -> None:
    entry = wanted[step][option][key]
    entry[attribute] = entry[attribute][:1] if value is None else value
    built.cloud.clear_calls()
    run = built.converge(wanted=wanted)
    assert run.operations == []
    assert [(item["consent"], [change["path"] for change in item["changes"]]) for item in run.held] == [
        (word, [attribute])
    ]
    assert built.writes() == []


@pytest.mark.requirement("FARG-06")
def test_the_order_of_selectors_and_labels_means_nothing(built: Platform, wanted: dict) -> None:
    flux = wanted["eks_fargate_profiles"]["profiles"]["flux"]
    flux["selectors"] = [*reversed(flux["selectors"]), flux["selectors"][0]]
    assert built.converge(wanted=wanted).held == []


@pytest.mark.requirement("FARG-06")
def test_a_profile_that_somebody_else_has_in_motion_is_waited_for(built: Platform, wanted: dict) -> None:
    eks = built.client("eks")
    entry = wanted["eks_fargate_profiles"]["profiles"]["flux"]
    which = {"clusterName": CLUSTER, "fargateProfileName": "theirs"}
    eks.create_fargate_profile(
        **which, podExecutionRoleArn=entry["pod_execution_role_arn"], selectors=[{"namespace": "theirs"}]
    )
    wanted["eks_fargate_profiles"]["profiles"]["more"] = {**entry, "name": "more"}
    run = built.converge(wanted=wanted)
    assert [name[:2] for name in run.names()] == [("create", "eks_fargate_profile")]
    eks.delete_fargate_profile(**which)
    word = "delete:eks_fargate_profile/core.more"
    assert [name[0] for name in built.converge(consent=(word,)).names()] == ["delete"]
    gone(lambda: eks.describe_fargate_profile(**which), eks.exceptions.ResourceNotFoundException)


def test_a_role_that_others_gave_an_addon_survives_its_update(built: Platform, wanted: dict) -> None:
    """No role in the catalogue means no opinion: left out of an update, EKS would take it away."""
    eks, which = built.client("eks"), {"clusterName": CLUSTER, "addonName": "coredns"}
    role = f"arn:aws:iam::{built.account}:role/{CLUSTER}-vpc-cni"
    eks.update_addon(**which, serviceAccountRoleArn=role, resolveConflicts="PRESERVE")
    wanted["eks_addons"]["addons"]["coredns"]["configuration_values"] = {"computeType": "Fargate", "replicaCount": 3}
    built.converge(wanted=wanted)
    assert eks.describe_addon(**which)["addon"]["serviceAccountRoleArn"] == role
    built.converge()


@pytest.mark.requirement("EKS-30")
def test_a_node_group_is_changed_in_place_and_keeps_the_size_that_others_gave_it(built: Platform, wanted: dict) -> None:
    group(scalingConfig={"desiredSize": 3})(built)
    entry = wanted["eks_nodegroups"]["nodegroups"]["system"]
    entry |= {
        "max_size": 4,
        "labels": {"karpenter.sh/controller": "true"},
        "taints": [{"key": "x", "effect": "NO_EXECUTE"}],
        "max_unavailable": 2,
    }
    built.cloud.clear_calls()
    run = built.converge(wanted=wanted)
    assert run.names() == [
        (
            "update",
            "eks_nodegroup",
            [
                "max_size",
                "labels.tier",
                "taints.CriticalAddonsOnly:NO_SCHEDULE",
                "taints.x:NO_EXECUTE",
                "max_unavailable",
            ],
        )
    ]
    assert built.writes() == ["eks:UpdateNodegroupConfig"]
    which = {"clusterName": CLUSTER, "nodegroupName": "system-v1"}
    scaling = built.client("eks").describe_nodegroup(**which)["nodegroup"]["scalingConfig"]
    assert scaling == {"minSize": 1, "maxSize": 4, "desiredSize": 3}
    entry["max_size"] = 2
    built.converge(wanted=wanted)
    scaling = built.client("eks").describe_nodegroup(**which)["nodegroup"]["scalingConfig"]
    assert scaling == {"minSize": 1, "maxSize": 2, "desiredSize": 2}
    built.converge()


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ("eks:UpdateAddon", ("eks_addons", "addons", "coredns", {"configuration_values": {}})),
        ("eks:UpdateNodegroupConfig", ("eks_nodegroups", "nodegroups", "spot", {"max_size": 5})),
        ("eks:UpdateNodegroupVersion", ("eks_nodegroups", "nodegroups", "system", {"release_version": "1.34.7-2"})),
    ],
)
def test_an_update_of_a_part_that_fails_ends_the_run_and_is_repeated_by_the_next(
    built: Platform, wanted: dict, operation: str, change: tuple
) -> None:
    step, option, key, values = change
    wanted[step][option][key] |= values
    built.cloud.add_fault("fail", operation=operation, reason=ISSUE, times=1)
    run = built.go(wanted=wanted)
    assert f"Failed: Unknown: {ISSUE}" in run.message
    built.cloud.clear_faults()
    again = built.converge(wanted=wanted)
    assert len(again.operations) == 1
    assert built.converge(wanted=wanted).operations == []
    built.converge()


def test_an_update_that_is_under_way_is_waited_for(built: Platform, wanted: dict) -> None:
    """Somebody's update delays ours and does not end it."""
    wanted["eks_addons"]["addons"]["coredns"]["configuration_values"] = {"computeType": "Fargate", "replicaCount": 3}
    eks = built.client("eks")
    eks.update_addon(clusterName=CLUSTER, addonName="coredns", configurationValues='{"computeType": "ec2"}')
    run = built.converge(wanted=wanted)
    assert [name[:2] for name in run.names()] == [("update", "eks_addon")]
    assert built.converge(wanted=wanted).operations == []
    built.converge()


@pytest.mark.parametrize(
    ("step", "option", "key", "kind"),
    [
        ("eks_addons", "addons", "vpc-cni", "eks_addon"),
        ("eks_fargate_profiles", "profiles", "karpenter", "eks_fargate_profile"),
        ("eks_nodegroups", "nodegroups", "spot", "eks_nodegroup"),
    ],
)
def test_a_part_that_is_no_longer_wanted_goes_only_with_consent(
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
