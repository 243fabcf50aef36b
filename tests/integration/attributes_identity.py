"""Attributes of what gives workloads their rights, and how somebody changes them behind our back."""

from __future__ import annotations

import json
from collections.abc import Callable

from integration.estate import CLUSTER, Platform
from integration.estate_identity import POD_TRUST, policy
from integration.tampering import MARK, Tampering

OTHER_DOCUMENT = json.dumps(policy("s3:*"))
THEIR_TAG, TAKEN = [{"Key": "billing", "Value": "42"}], [{"Key": "Owner", "Value": "somebody"}]


def policy_arn(platform: Platform, name: str = "reader") -> str:
    """The ARN of one of the policies."""
    path = {"reader": "/", "writer": "/core/"}[name]
    return f"arn:aws:iam::{platform.account}:policy{path}{CLUSTER}-{name}"


def iam_policy(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of IAM on the policy."""
    return lambda platform: getattr(platform.client("iam"), operation)(PolicyArn=policy_arn(platform), **arguments)


def six_versions(platform: Platform) -> None:
    """Fill the policy's versions with documents of somebody else's, the last one in force."""
    iam, arn = platform.client("iam"), policy_arn(platform)
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    original = iam.list_policy_versions(PolicyArn=arn)["Versions"][0]["VersionId"]
    for number in range(4):
        document = json.dumps(policy("s3:GetObject", resource=f"arn:aws:s3:::theirs-{number}/*"))
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=number == 3)
    iam.delete_policy_version(PolicyArn=arn, VersionId=original)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER_DOCUMENT)


def provider_arn(platform: Platform) -> str:
    """The ARN of the cluster's OIDC provider."""
    issuer = platform.client("eks").describe_cluster(name=CLUSTER)["cluster"]["identity"]["oidc"]["issuer"]
    return f"arn:aws:iam::{platform.account}:oidc-provider/{issuer.removeprefix('https://')}"


def provider(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of IAM on the provider."""
    return lambda platform: getattr(platform.client("iam"), operation)(
        OpenIDConnectProviderArn=provider_arn(platform), **arguments
    )


def association(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of EKS on the association."""

    def change(platform: Platform) -> None:
        eks = platform.client("eks")
        (found,) = eks.list_pod_identity_associations(clusterName=CLUSTER, serviceAccount="controller")["associations"]
        getattr(eks, operation)(clusterName=CLUSTER, associationId=found["associationId"], **arguments)

    return change


def association_tags(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A change of the association's tags."""

    def change(platform: Platform) -> None:
        eks = platform.client("eks")
        (found,) = eks.list_pod_identity_associations(clusterName=CLUSTER, serviceAccount="controller")["associations"]
        getattr(eks, operation)(resourceArn=found["associationArn"], **arguments)

    return change


def other_role(platform: Platform) -> None:
    """Give the service account a role of somebody else's."""
    iam = platform.client("iam")
    names = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    if "their-pods" not in names:
        iam.create_role(RoleName="their-pods", AssumeRolePolicyDocument=json.dumps(POD_TRUST))
    role = f"arn:aws:iam::{platform.account}:role/their-pods"
    association("update_pod_identity_association", roleArn=role)(platform)


def foreign_association(platform: Platform) -> None:
    """Associate a service account that is not ours with one of our roles."""
    platform.client("eks").create_pod_identity_association(
        clusterName=CLUSTER,
        namespace="theirs",
        serviceAccount="theirs",
        roleArn=f"arn:aws:iam::{platform.account}:role/{CLUSTER}-pods",
    )


TAMPERINGS = (
    Tampering(
        "iam_policy",
        "version by hand",
        iam_policy("create_policy_version", PolicyDocument=OTHER_DOCUMENT, SetAsDefault=True),
        ("document",),
    ),
    Tampering("iam_policy", "versions full", six_versions, ("document",)),
    Tampering("iam_policy", "tag gone", iam_policy("untag_policy", TagKeys=["Owner"]), ("tags.Owner",)),
    Tampering("iam_policy", "tag other", iam_policy("tag_policy", Tags=TAKEN), ("tags.Owner",)),
    Tampering("iam_policy", "mark gone", iam_policy("untag_policy", TagKeys=[MARK]), (f"tags.{MARK}",)),
    Tampering(
        "iam_oidc_provider",
        "audience more",
        provider("add_client_id_to_open_id_connect_provider", ClientID="theirs"),
        ("audiences",),
    ),
    Tampering(
        "iam_oidc_provider",
        "audience gone",
        provider("remove_client_id_from_open_id_connect_provider", ClientID="core"),
        ("audiences",),
    ),
    Tampering(
        "iam_oidc_provider",
        "thumbprint other",
        provider("update_open_id_connect_provider_thumbprint", ThumbprintList=["0" * 40]),
        ("thumbprints",),
    ),
    Tampering(
        "iam_oidc_provider",
        "tag gone",
        provider("untag_open_id_connect_provider", TagKeys=["Owner"]),
        ("tags.Owner",),
    ),
    Tampering(
        "iam_oidc_provider",
        "mark gone",
        provider("untag_open_id_connect_provider", TagKeys=[MARK]),
        (f"tags.{MARK}",),
    ),
    Tampering(
        "iam_oidc_provider",
        "provider gone",
        provider("delete_open_id_connect_provider"),
        ("url", "audiences", "thumbprints", "tags.Owner", "tags.Project", f"tags.{MARK}"),
        "create",
    ),
    Tampering("eks_pod_identity_association", "role", other_role, ("role_arn",)),
    Tampering(
        "eks_pod_identity_association",
        "target gone",
        association("update_pod_identity_association", targetRoleArn=""),
        ("target_role_arn",),
    ),
    Tampering(
        "eks_pod_identity_association",
        "tag gone",
        association_tags("untag_resource", tagKeys=["Owner"]),
        ("tags.Owner",),
    ),
    Tampering(
        "eks_pod_identity_association",
        "mark gone",
        association_tags("untag_resource", tagKeys=[MARK]),
        (f"tags.{MARK}",),
    ),
    Tampering(
        "eks_pod_identity_association",
        "association gone",
        association("delete_pod_identity_association"),
        ("namespace", "service_account", "role_arn", "target_role_arn", "tags.Owner", "tags.Project", f"tags.{MARK}"),
        "create",
    ),
)

# What somebody else adds to our objects: none of it may ever show in a plan.
FOREIGN = {
    "iam_policy": iam_policy("tag_policy", Tags=THEIR_TAG),
    "a version without effect": lambda platform: platform.client("iam").create_policy_version(
        PolicyArn=policy_arn(platform, "writer"), PolicyDocument=OTHER_DOCUMENT
    ),
    "iam_oidc_provider": provider("tag_open_id_connect_provider", Tags=THEIR_TAG),
    "another provider": lambda platform: platform.client("iam").create_open_id_connect_provider(
        Url="https://issuer.example.org", ClientIDList=["x"]
    ),
    "eks_pod_identity_association": association_tags("tag_resource", tags={"billing": "42"}),
    "association": foreign_association,
}
