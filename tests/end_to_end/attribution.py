"""Which operation a recorded write call belongs to: the one table that ties a run's calls to its plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from end_to_end import kubernetes_kinds_flux

S3_WRITES = (
    *("CreateBucket", "DeleteBucket", "PutBucketTagging", "PutPublicAccessBlock", "PutBucketOwnershipControls"),
    *("PutBucketAcl", "PutBucketEncryption", "PutBucketVersioning", "PutBucketLifecycleConfiguration", "PutBucketCors"),
    *("DeleteBucketLifecycle", "DeleteBucketCors", "DeleteBucketPolicy", "DeleteBucketWebsite", "PutBucketPolicy"),
    "PutBucketWebsite",
)
# (service, operation prefix or name) -> kind. The longest name that fits decides.
AWS_KINDS = {
    ("iam", "CreateRole"): "iam_role",
    ("iam", "UpdateRole"): "iam_role",
    ("iam", "UpdateAssumeRolePolicy"): "iam_role",
    ("iam", "TagRole"): "iam_role",
    ("iam", "UntagRole"): "iam_role",
    ("iam", "AttachRolePolicy"): "iam_role",
    ("iam", "DetachRolePolicy"): "iam_role",
    ("iam", "DeleteRole"): "iam_role",
    ("iam", "PutRolePermissionsBoundary"): "iam_role",
    ("iam", "DeleteRolePermissionsBoundary"): "iam_role",
    ("kms", "CreateKey"): "kms_key",
    ("kms", "CreateAlias"): "kms_key",
    ("kms", "UpdateAlias"): "kms_key",
    ("kms", "EnableKeyRotation"): "kms_key",
    ("kms", "DisableKeyRotation"): "kms_key",
    ("kms", "PutKeyPolicy"): "kms_key",
    ("kms", "UpdateKeyDescription"): "kms_key",
    ("kms", "TagResource"): "kms_key",
    ("kms", "EnableKey"): "kms_key",
    ("kms", "CancelKeyDeletion"): "kms_key",
    ("kms", "ScheduleKeyDeletion"): "kms_key",
    ("logs", "CreateLogGroup"): "log_group",
    ("logs", "PutRetentionPolicy"): "log_group",
    ("logs", "TagResource"): "log_group",
    ("logs", "TagLogGroup"): "log_group",
    ("logs", "AssociateKmsKey"): "log_group",
    ("logs", "DeleteLogGroup"): "log_group",
    ("eks", "CreateCluster"): "eks_cluster",
    ("eks", "DeleteCluster"): "eks_cluster",
    ("eks", "UpdateClusterConfig"): "eks_cluster",
    ("eks", "UpdateClusterVersion"): "eks_cluster",
    ("eks", "AssociateEncryptionConfig"): "eks_cluster",
    ("eks", "CreateAccessEntry"): "eks_access_entry",
    ("eks", "UpdateAccessEntry"): "eks_access_entry",
    ("eks", "DeleteAccessEntry"): "eks_access_entry",
    ("eks", "AssociateAccessPolicy"): "eks_access_entry",
    ("eks", "DisassociateAccessPolicy"): "eks_access_entry",
    ("eks", "CreateAddon"): "eks_addon",
    ("eks", "UpdateAddon"): "eks_addon",
    ("eks", "DeleteAddon"): "eks_addon",
    ("eks", "CreateFargateProfile"): "eks_fargate_profile",
    ("eks", "DeleteFargateProfile"): "eks_fargate_profile",
    ("eks", "CreateNodegroup"): "eks_nodegroup",
    ("eks", "UpdateNodegroupConfig"): "eks_nodegroup",
    ("eks", "UpdateNodegroupVersion"): "eks_nodegroup",
    ("eks", "DeleteNodegroup"): "eks_nodegroup",
    ("ec2", "CreateTags"): "ec2_tags",
    ("iam", "CreatePolicy"): "iam_policy",
    ("iam", "CreatePolicyVersion"): "iam_policy",
    ("iam", "SetDefaultPolicyVersion"): "iam_policy",
    ("iam", "DeletePolicyVersion"): "iam_policy",
    ("iam", "TagPolicy"): "iam_policy",
    ("iam", "DeletePolicy"): "iam_policy",
    ("iam", "CreateOpenIDConnectProvider"): "iam_oidc_provider",
    ("iam", "AddClientIDToOpenIDConnectProvider"): "iam_oidc_provider",
    ("iam", "RemoveClientIDFromOpenIDConnectProvider"): "iam_oidc_provider",
    ("iam", "UpdateOpenIDConnectProviderThumbprint"): "iam_oidc_provider",
    ("iam", "TagOpenIDConnectProvider"): "iam_oidc_provider",
    ("iam", "DeleteOpenIDConnectProvider"): "iam_oidc_provider",
    ("eks", "CreatePodIdentityAssociation"): "eks_pod_identity_association",
    ("eks", "UpdatePodIdentityAssociation"): "eks_pod_identity_association",
    ("eks", "DeletePodIdentityAssociation"): "eks_pod_identity_association",
    **dict.fromkeys((("s3", operation) for operation in S3_WRITES), "s3_bucket"),
    ("ec2", "CreateSecurityGroup"): "security_group",
    ("ec2", "DeleteSecurityGroup"): "security_group",
    ("ec2", "AuthorizeSecurityGroupIngress"): "security_group_rule",
    ("ec2", "RevokeSecurityGroupIngress"): "security_group_rule",
    ("rds", "CreateDBSubnetGroup"): "rds_subnet_group",
    ("rds", "ModifyDBSubnetGroup"): "rds_subnet_group",
    ("rds", "DeleteDBSubnetGroup"): "rds_subnet_group",
    ("rds", "CreateDBParameterGroup"): "rds_parameter_group",
    ("rds", "ModifyDBParameterGroup"): "rds_parameter_group",
    ("rds", "DeleteDBParameterGroup"): "rds_parameter_group",
    ("rds", "CreateDBInstance"): "rds_instance",
    ("rds", "ModifyDBInstance"): "rds_instance",
    ("rds", "RebootDBInstance"): "rds_instance",
    ("rds", "StartDBInstance"): "rds_instance",
    ("rds", "DeleteDBInstance"): "rds_instance",
    ("secretsmanager", "CreateSecret"): "secret",
    ("secretsmanager", "UpdateSecret"): "secret",
    ("secretsmanager", "PutSecretValue"): "secret",
    ("secretsmanager", "RestoreSecret"): "secret",
    ("secretsmanager", "TagResource"): "secret",
    ("secretsmanager", "DeleteSecret"): "secret",
    ("sqs", "CreateQueue"): "sqs_queue",
    ("sqs", "SetQueueAttributes"): "sqs_queue",
    ("sqs", "TagQueue"): "sqs_queue",
    ("sqs", "DeleteQueue"): "sqs_queue",
    ("events", "PutRule"): "eventbridge_rule",
    ("events", "PutTargets"): "eventbridge_rule",
    ("events", "RemoveTargets"): "eventbridge_rule",
    ("events", "TagResource"): "eventbridge_rule",
    ("events", "DeleteRule"): "eventbridge_rule",
    ("ec2", "CreateLaunchTemplate"): "launch_template",
    ("ec2", "CreateLaunchTemplateVersion"): "launch_template",
    ("ec2", "ModifyLaunchTemplate"): "launch_template",
    ("ec2", "DeleteLaunchTemplate"): "launch_template",
}
# Kubernetes resource (plural, as the audit log has it) -> Kind.
KUBERNETES_KINDS = {
    "namespaces": "Namespace",
    "serviceaccounts": "ServiceAccount",
    "configmaps": "ConfigMap",
    "secrets": "Secret",
    "services": "Service",
    "storageclasses": "StorageClass",
    "nodepools": "NodePool",
    "ec2nodeclasses": "EC2NodeClass",
    **kubernetes_kinds_flux.RESOURCES,
}
# Calls that tag objects of several kinds: what the object's name holds -> kind.
TAGGED_KINDS = {
    ("eks", "TagResource"): {
        ":access-entry/": "eks_access_entry",
        ":addon/": "eks_addon",
        ":fargateprofile/": "eks_fargate_profile",
        ":nodegroup/": "eks_nodegroup",
        ":podidentityassociation/": "eks_pod_identity_association",
    },
    ("ec2", "CreateTags"): {"lt-": "launch_template", "sgr-": "security_group_rule"},
    ("rds", "AddTagsToResource"): {
        ":db:": "rds_instance",
        ":pg:": "rds_parameter_group",
        ":subgrp:": "rds_subnet_group",
    },
}


# What a run makes to reach a private database and to remember what it made there; statements themselves are no calls.
DATABASE_API = "postgresql"
DATABASE_MEANS = ("kube-system/database-relay", "kube-system/database-objects")


@dataclass
class Attribution:
    """The outcome: writes by operation, and what did not fit on either side.

    Attributes:
        unclaimed: writes that no operation explains.
        idle: operations without a write.
        ambiguous: writes that more than one operation explains.
        counts: number of writes for each operation's (account, kind, key).
    """

    unclaimed: list[dict] = field(default_factory=list)
    idle: list[tuple] = field(default_factory=list)
    ambiguous: list[dict] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)


def kind_of(row: dict) -> str | None:
    """The kind of object that a recorded call writes, None where the table has no word for it."""
    if row["api"] == "kubernetes":
        resource = row["operation"].partition(":")[2].partition("/")[0]
        return KUBERNETES_KINDS.get(resource)
    call = (row["service"], row["operation"])
    tagged = (kind for part, kind in TAGGED_KINDS.get(call, {}).items() if part in row["object"])
    return next(tagged, AWS_KINDS.get(call))


def mentions(row_object: str, names: set[str]) -> bool:
    """Whether one of an operation's names is the recorded object, part of its path, or the end of its ARN."""
    return any(f"/{name}/" in f"/{row_object}/" or row_object.endswith(f":{name}") for name in names)


def attribute(
    operations: list[dict],
    rows: list[dict],
    aliases: dict[str, set[str]] | None = None,
    releases: dict[str, set[str]] | None = None,
) -> Attribution:
    """Give every write to the one operation of its account and kind whose object it names.

    ``aliases`` maps an operation's object to further names of the same thing (a key's id for its alias), ``releases``
    a release of Helm to the objects that Helm writes for it.
    """
    known = aliases or {}
    releases = releases or {}
    result = Attribution()
    identities = {}
    reaches_database = any(operation["api"] == DATABASE_API for operation in operations)
    for operation in operations:
        if operation["api"] == DATABASE_API:
            continue
        names = {operation["object"], *known.get(operation["object"], set())}
        identities[(operation["account"], operation["kind"], operation["key"], operation["action"])] = names
    for row in rows:
        if reaches_database and row["object"].startswith(DATABASE_MEANS):
            continue
        kind = kind_of(row)
        fits = [
            identity
            for identity, names in identities.items()
            if identity[0] == row["account"] and identity[1] == kind and mentions(row["object"], names)
        ]
        if not fits and row["api"] == "kubernetes":
            fits = [
                identity
                for identity, names in identities.items()
                if identity[1] == "helm_release" and any(row["object"] in releases.get(name, ()) for name in names)
            ]
        if not fits:
            result.unclaimed.append(row)
        elif len(fits) > 1:
            result.ambiguous.append(row)
        else:
            result.counts[fits[0]] += 1
    result.idle = [identity for identity in identities if not result.counts[identity]]
    return result
