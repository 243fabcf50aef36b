"""Add-ons, Fargate profiles, node groups from an empty account: what is explained, made in turn, and given up."""

from __future__ import annotations

import copy
import time

import pytest

from integration.estate import CLUSTER, Platform
from integration.estate_compute import addon_options

ISSUE = "no capacity today"


@pytest.mark.requirement("EKS-20", "ENV-11", "ENV-13")
def test_the_version_is_chosen_to_fit_and_explained(platform: Platform) -> None:
    plan = platform.converge(check=True)
    found = plan.results["eks_addons"]["resources"]
    assert found["coredns"]["version"] == "v1.13.2-eksbuild.4"
    assert found["coredns"]["why"] == "the default of EKS for Kubernetes 1.34"
    assert found["vpc-cni"]["why"] == "as given"
    assert plan.results["eks_addons"]["notices"] == [
        f"eks_addon vpc-cni of cluster {CLUSTER}: version v1.21.1-eksbuild.7 is the one that was given;"
        " for Kubernetes 1.34 it is the default.",
        f"eks_addon coredns of cluster {CLUSTER}: version v1.13.2-eksbuild.4 is the default of EKS for"
        " Kubernetes 1.34.",
    ]
    run = platform.converge()
    assert run.results["eks_addons"]["notices"] == plan.results["eks_addons"]["notices"]
    platform.cloud.clear_calls()
    silent = platform.call(
        "eks_addons", addon_options(platform, vpc_cni=platform.wanted["eks_addons"]["addons"]["vpc-cni"])
    )
    assert silent["notices"] == []
    asked = [row["operation"] for row in platform.cloud.calls()]
    assert "DescribeAddonVersions" not in asked, "nothing is looked up for a version that stands already"


@pytest.mark.requirement("FARG-06")
def test_profiles_are_made_and_replaced_one_at_a_time(platform: Platform) -> None:
    """No call is refused for want of patience, though EKS changes one profile at a time."""
    platform.converge()
    changed = copy.deepcopy(platform.wanted)
    profiles = changed["eks_fargate_profiles"]["profiles"]
    for key in ("kube_system", "flux"):
        profiles[key]["selectors"] = [{"namespace": "other"}]
    del profiles["karpenter"]
    words = [f"replace:eks_fargate_profile/core.{key}" for key in ("kube_system", "flux")]
    platform.cloud.clear_calls()
    run = platform.converge(wanted=changed, consent=(*words, "delete:eks_fargate_profile/core.karpenter"))
    assert [name[0] for name in run.names()] == ["replace", "replace", "delete"]
    rows = [row for row in platform.cloud.calls(writes=True) if "FargateProfile" in row["operation"]]
    assert len(rows) == 5
    assert {row["status"] for row in rows} == {200}
    assert platform.converge(wanted=changed).operations == []


@pytest.mark.requirement("EKS-33", "SECU-04")
def test_a_changed_template_becomes_a_version_that_the_groups_take_over(platform: Platform) -> None:
    platform.converge()
    template = platform.wanted["ec2_launch_templates"]["launch_templates"]["nodes"]
    template["block_devices"][0]["volume_size"] = 30
    plan = platform.converge(check=True)
    platform.cloud.clear_calls()
    run = platform.converge()
    assert plan.operations == run.operations
    assert run.names() == [
        ("update", "launch_template", ["block_devices./dev/xvda"]),
        ("update", "eks_nodegroup", ["launch_template_version"]),
        ("update", "eks_nodegroup", ["launch_template_version"]),
    ]
    assert sorted(platform.writes()) == [
        "ec2:CreateLaunchTemplateVersion",
        "ec2:ModifyLaunchTemplate",
        *["eks:UpdateNodegroupVersion"] * 2,
    ]
    # Back again: the first version is as wanted, no third one is made.
    template["block_devices"][0]["volume_size"] = 20
    platform.cloud.clear_calls()
    platform.converge()
    assert "ec2:CreateLaunchTemplateVersion" not in platform.writes()
    assert platform.converge().operations == []


@pytest.mark.requirement("EKS-30", "OPS-08")
def test_parts_follow_the_cluster_to_the_next_version(platform: Platform) -> None:
    platform.converge()
    platform.wanted["eks_cluster"]["version"] = "1.35"
    platform.wanted["eks_addons"]["kubernetes_version"] = "1.35"
    for entry in platform.wanted["eks_nodegroups"]["nodegroups"].values():
        entry |= {"kubernetes_version": "1.35", "release_version": None}
    plan = platform.converge(check=True)
    run = platform.converge()
    assert (
        plan.names()
        == run.names()
        == [
            ("update", "eks_cluster", ["version"]),
            ("update", "eks_nodegroup", ["kubernetes_version"]),
            ("update", "eks_nodegroup", ["kubernetes_version"]),
        ]
    )
    nodes = platform.client("eks").describe_nodegroup(clusterName=CLUSTER, nodegroupName="system-v1")["nodegroup"]
    assert nodes["releaseVersion"].startswith("1.35.")
    for entry in platform.wanted["eks_nodegroups"]["nodegroups"].values():
        entry["kubernetes_version"] = "1.34"
    assert "a downgrade to 1.34 is not possible" in platform.go().message


FAILURES = [
    ("eks:CreateAddon", "eks_addon coredns", "CREATE_FAILED: InternalFailure"),
    ("eks:CreateFargateProfile", "eks_fargate_profile", "CREATE_FAILED: InternalFailure"),
    ("eks:CreateNodegroup", "eks_nodegroup", "CREATE_FAILED: NodeCreationFailure"),
]


@pytest.mark.requirement("EKS-25", "FARG-01")
@pytest.mark.parametrize(("operation", "subject", "state"), FAILURES)
def test_a_part_that_fails_ends_the_run_with_the_reason_and_is_repaired_by_its_word(
    platform: Platform, operation: str, subject: str, state: str
) -> None:
    platform.cloud.add_fault("fail", operation=operation, reason=ISSUE)
    began = time.monotonic()
    run = platform.go()
    assert time.monotonic() - began < 8
    assert subject in run.message
    assert f"of cluster {CLUSTER} (account {platform.account}, region ap-southeast-3)" in run.message
    assert f"{state}: {ISSUE}" in run.message
    platform.cloud.clear_faults()
    words = [item["consent"] for item in platform.go(check=True).held]
    assert words
    refused = platform.go()
    assert all(word in refused.message for word in words)
    repaired = platform.converge(consent=tuple(words))
    assert [name for name in repaired.names() if name[0] == "replace"] == [
        ("replace", words[0].split(":")[1].split("/")[0], ["status"])
    ] * len(words)
    assert platform.converge().operations == []


def test_a_template_that_is_no_longer_wanted_goes_only_with_consent(platform: Platform) -> None:
    given = platform.wanted["ec2_launch_templates"]
    platform.call("ec2_launch_templates", given)
    none = {"launch_templates": {}}
    (held,) = platform.call("ec2_launch_templates", none)["held"]
    assert held["consent"] == "delete:launch_template/core.nodes"
    platform.call("ec2_launch_templates", {**none, "consent": [held["consent"]]})
    assert platform.client("ec2").describe_launch_templates()["LaunchTemplates"] == []


@pytest.mark.requirement("OPS-14")
def test_parts_of_the_same_name_are_adopted_by_marking_them(platform: Platform) -> None:
    platform.converge()
    eks, ec2 = platform.client("eks"), platform.client("ec2")
    parts = {
        "addon": ("addonName", "coredns", "addonArn"),
        "fargate_profile": ("fargateProfileName", "flux", "fargateProfileArn"),
        "nodegroup": ("nodegroupName", "system-v1", "nodegroupArn"),
    }
    for noun, (option, name, arn) in parts.items():
        found = getattr(eks, f"describe_{noun}")(clusterName=CLUSTER, **{option: name})
        (part,) = (value for key, value in found.items() if key != "ResponseMetadata")
        eks.untag_resource(resourceArn=part[arn], tagKeys=["piksel-platform/key"])
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    ec2.delete_tags(Resources=[template["LaunchTemplateId"]], Tags=[{"Key": "piksel-platform/key"}])
    run = platform.converge()
    assert sorted(name[1] for name in run.names()) == [
        "eks_addon",
        "eks_fargate_profile",
        "eks_nodegroup",
        "launch_template",
    ]
    assert {tuple(name[2]) for name in run.names()} == {("tags.piksel-platform/key",)}
    assert platform.converge().operations == []
