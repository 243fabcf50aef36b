"""What each identity of prod is meant to have, kept apart from the catalogue so that a slip there shows."""

from __future__ import annotations

from dataclasses import dataclass, field

ACCOUNT, HUB, REGION = "522783511350", "686410905891", "ap-southeast-3"
PUBLIC, ARTIFACTS, TERRIA = (
    "piksel-production-public-data",
    "piksel-production-argo-artifacts",
    "piksel-production-terria",
)
READ_ONLY = ("usgs-landsat", "copernicus-dem-30m", "e84-earth-search-sentinel-data", "piksel-staging-public-data")
OTHERS = ("somebody-elses-bucket", f"{TERRIA}-backup")
DNS_ROLE = f"arn:aws:iam::{HUB}:role/externaldns-pod-identity-target-role-production"
CLOUDFRONT_ROLE = f"arn:aws:iam::{HUB}:role/odc-cloudfront-crossaccount-role-production"
FILE_SYSTEM = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-0123"
ACCESS_POINT = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-0123"
OWN_TAG = {
    "aws__RequestTag___efs.csi.aws.com___cluster": "true",
    "aws__ResourceTag___efs.csi.aws.com___cluster": "true",
}


def bucket(name: str) -> str:
    """A bucket's ARN."""
    return f"arn:aws:s3:::{name}"


def key(name: str) -> str:
    """The ARN of an object in a bucket."""
    return f"arn:aws:s3:::{name}/some/key"


# Everything that rights are tried on. "*" stands for actions that name no resource.
RESOURCES = (
    "*",
    *(form(name) for name in (PUBLIC, ARTIFACTS, TERRIA, *READ_ONLY, *OTHERS) for form in (bucket, key)),
    DNS_ROLE,
    CLOUDFRONT_ROLE,
    f"arn:aws:iam::{HUB}:role/piksel-eks-ecr-access",
    FILE_SYSTEM,
    ACCESS_POINT,
)


def on(resource: str, *actions: str) -> set[tuple[str, str]]:
    """(action, resource) of each action."""
    return {(action, resource) for action in actions}


def reading(*names: str, more: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    """Listing buckets and getting objects with their ACLs."""
    rights = set()
    for name in names:
        rights |= on(bucket(name), "s3:ListBucket", *more) | on(key(name), "s3:GetObject", "s3:GetObjectAcl")
    return rights


def everywhere(*actions: str) -> set[tuple[str, str]]:
    """Rights on every resource."""
    return {(action, resource) for action in actions for resource in RESOURCES}


@dataclass(frozen=True)
class Promise:
    """A role: its service accounts as namespace/name, and its rights.

    None where AWS itself keeps the policy, and for Karpenter's controller, whose rights have a test of their own.

    `context`: condition keys under which the rights hold.
    """

    accounts: tuple[str, ...]
    rights: set[tuple[str, str]] | None
    context: dict[str, str] = field(default_factory=dict)


WRITES = ("s3:DeleteObject", "s3:PutObject", "s3:PutObjectAcl")
PROMISES = {
    "piksel-production-ebs-csi": Promise(("kube-system/ebs-csi-controller-sa",), None),
    "piksel-production-vpc-cni": Promise(("kube-system/aws-node",), None),
    "KarpenterController-piksel-production": Promise(("karpenter/karpenter",), None),
    "piksel-production-efs-csi": Promise(
        ("kube-system/efs-csi-controller-sa",),
        everywhere(
            "ec2:DescribeAvailabilityZones",
            "elasticfilesystem:DescribeAccessPoints",
            "elasticfilesystem:DescribeFileSystems",
            "elasticfilesystem:DescribeMountTargets",
        )
        | on(FILE_SYSTEM, "elasticfilesystem:CreateAccessPoint")
        | on(ACCESS_POINT, "elasticfilesystem:TagResource", "elasticfilesystem:DeleteAccessPoint"),
        OWN_TAG,
    ),
    "piksel-production-external-dns": Promise(("external-dns/external-dns-sa",), on(DNS_ROLE, "sts:AssumeRole")),
    "iam-role-for-argo-workflow-service-account": Promise(
        ("argo-workflows/argo-workflows-executor", "argo-workflows/argo-workflows-server"),
        reading(PUBLIC, ARTIFACTS, *READ_ONLY) | on(key(PUBLIC), *WRITES) | on(key(ARTIFACTS), *WRITES),
    ),
    "svc-hub-user-read": Promise(
        ("jupyterhub/user-read",),
        reading(PUBLIC, *READ_ONLY, more=("s3:GetBucketLocation", "s3:GetBucketRequestPayment")),
    ),
    "svc-odc-data-reader": Promise(("open-datacube/odc-data-reader",), reading(*READ_ONLY)),
    "svc-stac-data-reader": Promise(("odc-stac/stac-data-reader",), reading(*READ_ONLY)),
    "iam-role-for-terria-sa": Promise(
        ("terria/terria-sa",),
        on(bucket(TERRIA), "s3:ListBucket") | on(key(TERRIA), "s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    ),
    "piksel-production-grafana-role": Promise(
        ("monitoring/grafana",),
        everywhere(
            *("cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmsForMetric"),
            *("cloudwatch:GetInsightRuleReport", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics"),
            *("cloudwatch:ListMetrics", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:GetLogEvents"),
            *("logs:GetLogRecord", "logs:GetQueryResults", "logs:StartQuery", "logs:StopQuery"),
            *("ec2:DescribeInstances", "ec2:DescribeRegions", "ec2:DescribeTags"),
        ),
    ),
    "odc-cloudfront-role": Promise((), on(CLOUDFRONT_ROLE, "sts:AssumeRole")),
}
