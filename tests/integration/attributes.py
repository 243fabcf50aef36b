"""Every attribute that the core sets, by kind: how somebody changes it behind our back with boto3."""

from __future__ import annotations

import json
from collections.abc import Callable

from integration import (
    attributes_compute,
    attributes_database,
    attributes_events,
    attributes_identity,
    attributes_s3,
    attributes_secrets,
)
from integration.estate import CLUSTER, Platform, trust
from integration.tampering import MARK, Tampering

ROLE, LOG_GROUP, ALIAS = CLUSTER, f"/aws/eks/{CLUSTER}/cluster", f"alias/eks/{CLUSTER}"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy"


def iam(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of IAM on the role."""
    return lambda platform: getattr(platform.client("iam"), operation)(RoleName=ROLE, **arguments)


def key_id(platform: Platform) -> str:
    """The id of the key behind the alias."""
    return platform.client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]


def kms(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of KMS on the key."""
    return lambda platform: getattr(platform.client("kms"), operation)(KeyId=key_id(platform), **arguments)


def logs(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of CloudWatch Logs on the group."""
    return lambda platform: getattr(platform.client("logs"), operation)(logGroupName=LOG_GROUP, **arguments)


def log_group_arn(platform: Platform) -> str:
    """The group's ARN, as tags want it."""
    return f"arn:aws:logs:ap-southeast-3:{platform.account}:log-group:{LOG_GROUP}"


def cluster(**arguments: object) -> Callable[[Platform], object]:
    """An UpdateClusterConfig, waited for."""

    def change(platform: Platform) -> None:
        eks = platform.client("eks")
        eks.update_cluster_config(name=CLUSTER, **arguments)
        eks.get_waiter("cluster_active").wait(name=CLUSTER, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    return change


def cluster_tags(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A change of the cluster's tags."""

    def change(platform: Platform) -> None:
        eks = platform.client("eks")
        arn = eks.describe_cluster(name=CLUSTER)["cluster"]["arn"]
        getattr(eks, operation)(resourceArn=arn, **arguments)

    return change


def fewer_subnets(platform: Platform) -> None:
    """Take the cluster to other subnets of its VPC."""
    public = platform.cloud.status()["networks"]["dev"]["public"]
    cluster(resourcesVpcConfig={"subnetIds": public})(platform)


def own_security_group(platform: Platform) -> None:
    """Give the cluster a security group besides its own."""
    vpc = platform.client("eks").describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["vpcId"]
    made = platform.client("ec2").create_security_group(GroupName="extra", Description="extra", VpcId=vpc)
    cluster(resourcesVpcConfig={"securityGroupIds": [made["GroupId"]]})(platform)


def security_group_tags(operation: str, tags: list[dict]) -> Callable[[Platform], object]:
    """A change of tags on the cluster's security group."""

    def change(platform: Platform) -> None:
        vpc = platform.client("eks").describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]
        getattr(platform.client("ec2"), operation)(Resources=[vpc["clusterSecurityGroupId"]], Tags=tags)

    return change


def access(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call on the automation role's access entry."""

    def change(platform: Platform) -> None:
        principal = f"arn:aws:iam::{platform.account}:role/piksel-automation"
        getattr(platform.client("eks"), operation)(clusterName=CLUSTER, principalArn=principal, **arguments)

    return change


def access_tags(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A change of the tags of that entry."""

    def change(platform: Platform) -> None:
        eks = platform.client("eks")
        principal = f"arn:aws:iam::{platform.account}:role/piksel-automation"
        entry = eks.describe_access_entry(clusterName=CLUSTER, principalArn=principal)["accessEntry"]
        getattr(eks, operation)(resourceArn=entry["accessEntryArn"], **arguments)

    return change


def open_key_policy(platform: Platform) -> None:
    """Open the key to everybody."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kms("put_key_policy", PolicyName="default", Policy=policy)(platform)


def foreign_entry(platform: Platform) -> None:
    """Let a role of somebody else's into the cluster."""
    role = platform.client("iam").create_role(RoleName="theirs", AssumeRolePolicyDocument=OTHER_TRUST)["Role"]
    platform.client("eks").create_access_entry(clusterName=CLUSTER, principalArn=role["Arn"])


OTHER_TRUST = json.dumps(trust("ec2.amazonaws.com"))
THEIR_POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
)
POLICY = "arn:aws:iam::aws:policy/"
NO_OWNER, TAKEN = [{"Key": "Owner"}], [{"Key": "Owner", "Value": "somebody"}]

TAMPERINGS = (
    Tampering(
        "iam_role", "description", iam("update_role", Description="x", MaxSessionDuration=7200), ("description",)
    ),
    Tampering(
        "iam_role",
        "session duration",
        iam("update_role", Description="The cluster's role", MaxSessionDuration=3600),
        ("max_session_duration",),
    ),
    Tampering(
        "iam_role", "trust", iam("update_assume_role_policy", PolicyDocument=OTHER_TRUST), ("assume_role_policy",)
    ),
    Tampering("iam_role", "boundary gone", iam("delete_role_permissions_boundary"), ("permissions_boundary",)),
    Tampering(
        "iam_role",
        "boundary other",
        iam("put_role_permissions_boundary", PermissionsBoundary=POLICY + "AdministratorAccess"),
        ("permissions_boundary",),
    ),
    Tampering(
        "iam_role",
        "policy gone",
        iam("detach_role_policy", PolicyArn=POLICY + "AmazonEKSClusterPolicy"),
        ("managed_policies",),
    ),
    Tampering(
        "iam_role",
        "policy more",
        iam("attach_role_policy", PolicyArn=POLICY + "AdministratorAccess"),
        ("managed_policies",),
    ),
    Tampering("iam_role", "tag gone", iam("untag_role", TagKeys=["Owner"]), ("tags.Owner",)),
    Tampering("iam_role", "tag other", iam("tag_role", Tags=TAKEN), ("tags.Owner",)),
    Tampering("iam_role", "mark gone", iam("untag_role", TagKeys=[MARK]), (f"tags.{MARK}",)),
    Tampering("kms_key", "disabled", kms("disable_key"), ("state",)),
    Tampering("kms_key", "description", kms("update_key_description", Description="x"), ("description",)),
    Tampering("kms_key", "policy", open_key_policy, ("policy",)),
    Tampering("kms_key", "rotation", kms("disable_key_rotation"), ("rotation",)),
    Tampering(
        "kms_key", "alias gone", lambda platform: platform.client("kms").delete_alias(AliasName=ALIAS), ("alias",)
    ),
    Tampering("kms_key", "tag gone", kms("untag_resource", TagKeys=["Owner"]), ("tags.Owner",)),
    Tampering("kms_key", "mark gone", kms("untag_resource", TagKeys=[MARK]), (f"tags.{MARK}",)),
    Tampering("log_group", "retention", logs("put_retention_policy", retentionInDays=7), ("retention_in_days",)),
    Tampering("log_group", "no retention", logs("delete_retention_policy"), ("retention_in_days",)),
    Tampering(
        "log_group",
        "tag other",
        lambda platform: platform.client("logs").tag_resource(
            resourceArn=log_group_arn(platform), tags={"Owner": "somebody"}
        ),
        ("tags.Owner",),
    ),
    Tampering("eks_cluster", "subnets", fewer_subnets, ("subnet_ids",)),
    Tampering("eks_cluster", "security group", own_security_group, ("security_group_ids",)),
    Tampering(
        "eks_cluster",
        "public endpoint",
        cluster(resourcesVpcConfig={"endpointPublicAccess": False}),
        ("endpoint_public_access",),
    ),
    Tampering(
        "eks_cluster",
        "private endpoint",
        cluster(resourcesVpcConfig={"endpointPrivateAccess": False}),
        ("endpoint_private_access",),
    ),
    Tampering(
        "eks_cluster",
        "CIDRs",
        cluster(resourcesVpcConfig={"publicAccessCidrs": ["203.0.113.0/24"]}),
        ("public_access_cidrs",),
    ),
    Tampering(
        "eks_cluster",
        "a log type off",
        cluster(logging={"clusterLogging": [{"types": ["audit"], "enabled": False}]}),
        ("logging_types",),
    ),
    Tampering(
        "eks_cluster",
        "a log type on",
        cluster(logging={"clusterLogging": [{"types": ["scheduler"], "enabled": True}]}),
        ("logging_types",),
    ),
    Tampering("eks_cluster", "support", cluster(upgradePolicy={"supportType": "EXTENDED"}), ("upgrade_policy",)),
    Tampering("eks_cluster", "zonal shift", cluster(zonalShiftConfig={"enabled": True}), ("zonal_shift",)),
    Tampering("eks_cluster", "protection", cluster(deletionProtection=True), ("deletion_protection",)),
    Tampering("eks_cluster", "tag gone", cluster_tags("untag_resource", tagKeys=["Owner"]), ("tags.Owner",)),
    Tampering("eks_cluster", "mark gone", cluster_tags("untag_resource", tagKeys=[MARK]), (f"tags.{MARK}",)),
    Tampering("ec2_tags", "tag gone", security_group_tags("delete_tags", NO_OWNER), ("tags.Owner",)),
    Tampering("ec2_tags", "tag other", security_group_tags("create_tags", TAKEN), ("tags.Owner",)),
    Tampering("eks_access_entry", "user", access("update_access_entry", username="x"), ("username",)),
    Tampering("eks_access_entry", "groups", access("update_access_entry", kubernetesGroups=[]), ("kubernetes_groups",)),
    Tampering(
        "eks_access_entry",
        "policy wider",
        access(
            "associate_access_policy",
            policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
            accessScope={"type": "cluster"},
        ),
        ("policies.arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",),
    ),
    Tampering(
        "eks_access_entry", "policy gone", access("disassociate_access_policy", policyArn=VIEW), (f"policies.{VIEW}",)
    ),
    Tampering(
        "eks_access_entry",
        "policy more",
        access("associate_access_policy", policyArn=ADMIN, accessScope={"type": "cluster"}),
        (f"policies.{ADMIN}",),
    ),
    Tampering("eks_access_entry", "tag gone", access_tags("untag_resource", tagKeys=["Owner"]), ("tags.Owner",)),
    Tampering(
        "eks_access_entry",
        "entry gone",
        access("delete_access_entry"),
        (
            "principal_arn",
            "type",
            "username",
            "kubernetes_groups",
            "policies.arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
            f"policies.{VIEW}",
            "tags.Owner",
            "tags.Project",
            f"tags.{MARK}",
        ),
        "create",
    ),
    *attributes_identity.TAMPERINGS,
    *attributes_s3.TAMPERINGS,
    *attributes_secrets.TAMPERINGS,
    *attributes_events.TAMPERINGS,
    *attributes_database.TAMPERINGS,
    *attributes_compute.TAMPERINGS,
)

# What somebody else adds to our objects: none of it may ever show in a plan.
FOREIGN = {
    "iam_role": iam("tag_role", Tags=[{"Key": "billing", "Value": "42"}]),
    "inline policy": iam("put_role_policy", PolicyName="theirs", PolicyDocument=THEIR_POLICY),
    "kms_key": kms("tag_resource", Tags=[{"TagKey": "billing", "TagValue": "42"}]),
    "second alias": lambda platform: platform.client("kms").create_alias(
        AliasName="alias/theirs", TargetKeyId=key_id(platform)
    ),
    "log_group": lambda platform: platform.client("logs").tag_resource(
        resourceArn=log_group_arn(platform), tags={"billing": "42"}
    ),
    "eks_cluster": cluster_tags("tag_resource", tags={"billing": "42"}),
    "ec2_tags": security_group_tags("create_tags", [{"Key": "billing", "Value": "42"}]),
    "eks_access_entry": access_tags("tag_resource", tags={"billing": "42"}),
    "access entry": foreign_entry,
    **attributes_identity.FOREIGN,
    **attributes_s3.FOREIGN,
    **attributes_secrets.FOREIGN,
    **attributes_events.FOREIGN,
    **attributes_database.FOREIGN,
    **attributes_compute.FOREIGN,
}
