"""Every attribute of add-ons, Fargate profiles, launch templates and node groups: how somebody changes it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable

from integration.estate import CLUSTER, Platform
from integration.estate_compute import COREDNS_VALUES
from integration.tampering import MARK, Tampering

TEMPLATE = f"{CLUSTER}-nodes"
GROUP = "system-v1"
OLDER = "v1.13.1-eksbuild.1"
Change = Callable[[Platform], object]


def until(look: Callable[[], str], wanted: Iterable[str]) -> None:
    """Wait for one of the states."""
    wanted = set(wanted)
    for _ in range(200):
        if look() in wanted:
            return
        time.sleep(0.05)
    raise AssertionError(f"never {wanted}")


def gone(look: Callable[[], object], missing: type[Exception]) -> None:
    """Wait until a look finds nothing."""
    for _ in range(200):
        try:
            look()
        except missing:
            return
        time.sleep(0.05)
    raise AssertionError("still there")


def addon(name: str = "coredns", **arguments: object) -> Change:
    """An UpdateAddon, waited for."""

    def change(platform: Platform) -> None:
        eks, which = platform.client("eks"), {"clusterName": CLUSTER, "addonName": name}
        eks.update_addon(**which, **arguments)
        until(lambda: eks.describe_addon(**which)["addon"]["status"], ["ACTIVE"])

    return change


def values(**changed: object) -> Change:
    """Other configuration values of coredns; None leaves one out."""
    kept = {name: value for name, value in {**COREDNS_VALUES, **changed}.items() if value is not None}
    # YAML, as people write it in the console.
    return addon(configurationValues="\n".join(f"{name}: {json.dumps(value)}" for name, value in kept.items()))


def other_role(platform: Platform) -> None:
    """Give the network plugin another role."""
    addon("vpc-cni", serviceAccountRoleArn=f"arn:aws:iam::{platform.account}:role/{CLUSTER}-node")(platform)


def addon_gone(platform: Platform) -> None:
    """Delete coredns."""
    eks, which = platform.client("eks"), {"clusterName": CLUSTER, "addonName": "coredns"}
    eks.delete_addon(**which)
    gone(lambda: eks.describe_addon(**which), eks.exceptions.ResourceNotFoundException)


def profile_gone(platform: Platform) -> None:
    """Delete a profile."""
    eks, which = platform.client("eks"), {"clusterName": CLUSTER, "fargateProfileName": "flux"}
    eks.delete_fargate_profile(**which)
    gone(lambda: eks.describe_fargate_profile(**which), eks.exceptions.ResourceNotFoundException)


def group_gone(platform: Platform) -> None:
    """Delete a node group."""
    eks, which = platform.client("eks"), {"clusterName": CLUSTER, "nodegroupName": GROUP}
    eks.delete_nodegroup(**which)
    gone(lambda: eks.describe_nodegroup(**which), eks.exceptions.ResourceNotFoundException)


def group(operation: str = "update_nodegroup_config", **arguments: object) -> Change:
    """An update of the node group, waited for."""

    def change(platform: Platform) -> None:
        eks, which = platform.client("eks"), {"clusterName": CLUSTER, "nodegroupName": GROUP}
        getattr(eks, operation)(**which, **arguments)
        until(lambda: eks.describe_nodegroup(**which)["nodegroup"]["status"], ["ACTIVE"])

    return change


def other_template_version(platform: Platform) -> None:
    """Let the group use a version of the template that nobody wanted."""
    data = {"MetadataOptions": {"HttpTokens": "required"}, "EbsOptimized": True}
    made = platform.client("ec2").create_launch_template_version(LaunchTemplateName=TEMPLATE, LaunchTemplateData=data)
    version = made["LaunchTemplateVersion"]
    which = {"id": version["LaunchTemplateId"], "version": str(version["VersionNumber"])}
    group("update_nodegroup_version", launchTemplate=which, version="1.34", releaseVersion="1.34.7-20261112")(platform)


def template(**changed: object) -> Change:
    """A new default version of the template that differs in these members of its data."""

    def change(platform: Platform) -> None:
        ec2 = platform.client("ec2")
        (version,) = ec2.describe_launch_template_versions(LaunchTemplateName=TEMPLATE, Versions=["$Default"])[
            "LaunchTemplateVersions"
        ]
        data = {**version["LaunchTemplateData"], **changed}
        made = ec2.create_launch_template_version(LaunchTemplateName=TEMPLATE, LaunchTemplateData=data)
        number = str(made["LaunchTemplateVersion"]["VersionNumber"])
        ec2.modify_launch_template(LaunchTemplateName=TEMPLATE, DefaultVersion=number)

    return change


def template_tags(operation: str, tags: list[dict]) -> Change:
    """A change of the template's own tags."""

    def change(platform: Platform) -> None:
        ec2 = platform.client("ec2")
        (found,) = ec2.describe_launch_templates(LaunchTemplateNames=[TEMPLATE])["LaunchTemplates"]
        getattr(ec2, operation)(Resources=[found["LaunchTemplateId"]], Tags=tags)

    return change


def metadata(**changed: object) -> dict:
    """Settings of the metadata service."""
    return {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, **changed}


def launch_tags(**kinds: str) -> list[dict]:
    """Tags of what is launched: kind of resource -> value of the tag NodeGroup."""
    return [{"ResourceType": kind, "Tags": [{"Key": "NodeGroup", "Value": value}]} for kind, value in kinds.items()]


def tags(kind: str, operation: str, **arguments: object) -> Change:
    """A change of the tags of a part of the cluster."""
    which = {
        "addon": ("addonName", "coredns", "addonArn"),
        "fargate_profile": ("fargateProfileName", "flux", "fargateProfileArn"),
        "nodegroup": ("nodegroupName", GROUP, "nodegroupArn"),
    }[kind]

    def change(platform: Platform) -> None:
        eks = platform.client("eks")
        found = getattr(eks, f"describe_{kind}")(clusterName=CLUSTER, **{which[0]: which[1]})
        (part,) = (value for name, value in found.items() if name != "ResponseMetadata")
        getattr(eks, operation)(resourceArn=part[which[2]], **arguments)

    return change


def part_tags(kind: str, noun: str) -> tuple[Tampering, ...]:
    """Tags gone and changed."""
    return (
        Tampering(kind, "tag gone", tags(noun, "untag_resource", tagKeys=["Owner"]), ("tags.Owner",)),
        Tampering(kind, "mark gone", tags(noun, "untag_resource", tagKeys=[MARK]), (f"tags.{MARK}",)),
    )


ALL_TAGS = ("tags.Owner", "tags.Project", f"tags.{MARK}")
DISK = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "Encrypted": False}}

TAMPERINGS = (
    Tampering("eks_addon", "downgraded", addon(addonVersion=OLDER), ("version",)),
    Tampering("eks_addon", "role", other_role, ("service_account_role_arn",)),
    Tampering("eks_addon", "value other", values(computeType="ec2"), ("configuration_values.computeType",)),
    Tampering("eks_addon", "value gone", values(autoScaling=None), ("configuration_values.autoScaling",)),
    Tampering("eks_addon", "value more", values(replicaCount=9), ("configuration_values.replicaCount",)),
    *part_tags("eks_addon", "addon"),
    Tampering(
        "eks_addon",
        "add-on gone",
        addon_gone,
        ("version", "configuration_values.autoScaling", "configuration_values.computeType", *ALL_TAGS),
        "create",
    ),
    *part_tags("eks_fargate_profile", "fargate_profile"),
    Tampering(
        "eks_fargate_profile",
        "profile gone",
        profile_gone,
        ("pod_execution_role_arn", "subnet_ids", "selectors", *ALL_TAGS),
        "create",
    ),
    Tampering(
        "launch_template",
        "volume not encrypted",
        template(BlockDeviceMappings=[DISK]),
        ("block_devices./dev/xvda",),
    ),
    Tampering("launch_template", "IMDSv1", template(MetadataOptions=metadata(HttpTokens="optional")), ("http_tokens",)),
    Tampering(
        "launch_template",
        "hops",
        template(MetadataOptions=metadata(HttpPutResponseHopLimit=2)),
        ("http_put_response_hop_limit",),
    ),
    Tampering(
        "launch_template",
        "tags of instances",
        template(TagSpecifications=launch_tags(instance="other", volume="System")),
        ("instance_tags.NodeGroup",),
    ),
    Tampering(
        "launch_template",
        "tags of volumes",
        template(TagSpecifications=launch_tags(instance="System")),
        ("volume_tags.NodeGroup",),
    ),
    Tampering("launch_template", "user data", template(UserData="ZWNobyBoaQ=="), ("other_settings.UserData",)),
    Tampering("launch_template", "tag gone", template_tags("delete_tags", [{"Key": "Owner"}]), ("tags.Owner",)),
    Tampering("launch_template", "mark gone", template_tags("delete_tags", [{"Key": MARK}]), (f"tags.{MARK}",)),
    Tampering("eks_nodegroup", "lower limit", group(scalingConfig={"minSize": 0}), ("min_size",)),
    Tampering("eks_nodegroup", "upper limit", group(scalingConfig={"maxSize": 9}), ("max_size",)),
    Tampering("eks_nodegroup", "label other", group(labels={"addOrUpdateLabels": {"tier": "x"}}), ("labels.tier",)),
    Tampering("eks_nodegroup", "label gone", group(labels={"removeLabels": ["tier"]}), ("labels.tier",)),
    Tampering("eks_nodegroup", "label more", group(labels={"addOrUpdateLabels": {"more": "x"}}), ("labels.more",)),
    Tampering(
        "eks_nodegroup",
        "taint gone",
        group(taints={"removeTaints": [{"key": "CriticalAddonsOnly", "value": "true", "effect": "NO_SCHEDULE"}]}),
        ("taints.CriticalAddonsOnly:NO_SCHEDULE",),
    ),
    Tampering(
        "eks_nodegroup",
        "taint more",
        group(taints={"addOrUpdateTaints": [{"key": "more", "effect": "NO_EXECUTE"}]}),
        ("taints.more:NO_EXECUTE",),
    ),
    Tampering("eks_nodegroup", "pace", group(updateConfig={"maxUnavailable": 2}), ("max_unavailable",)),
    Tampering(
        "eks_nodegroup",
        "release",
        group("update_nodegroup_version", version="1.34", releaseVersion="1.34.2-20260101"),
        ("release_version",),
    ),
    Tampering("eks_nodegroup", "template", other_template_version, ("launch_template_version",)),
    *part_tags("eks_nodegroup", "nodegroup"),
    Tampering(
        "eks_nodegroup",
        "group gone",
        group_gone,
        (
            "node_role_arn",
            "subnet_ids",
            "capacity_type",
            "instance_types",
            "ami_type",
            "launch_template_id",
            "launch_template_version",
            "kubernetes_version",
            "release_version",
            "min_size",
            "max_size",
            "labels.karpenter.sh/controller",
            "labels.tier",
            "taints.CriticalAddonsOnly:NO_SCHEDULE",
            "max_unavailable",
            *ALL_TAGS,
            "desired_size",
        ),
        "create",
    ),
)

FOREIGN = {
    "eks_addon": tags("addon", "tag_resource", tags={"billing": "42"}),
    "eks_fargate_profile": tags("fargate_profile", "tag_resource", tags={"billing": "42"}),
    "eks_nodegroup": tags("nodegroup", "tag_resource", tags={"billing": "42"}),
    "launch_template": template_tags("create_tags", [{"Key": "billing", "Value": "42"}]),
    "nodes that somebody scaled": group(scalingConfig={"desiredSize": 3}),
}
