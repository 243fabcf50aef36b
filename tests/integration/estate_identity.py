"""The part of the small platform that gives workloads their rights."""

from __future__ import annotations

STEPS = ("iam_policies", "iam_oidc_provider", "eks_pod_identity_associations")
THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
POD_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}


def policy(*actions: str, resource: str = "arn:aws:s3:::core-test/*") -> dict:
    """A policy that allows these actions."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource}],
    }


def specification(account: str, cluster: str, tags: dict) -> dict[str, dict]:
    """The options of each step."""
    return {
        "iam_policies": {
            "tags": tags,
            "policies": {
                "reader": {"name": f"{cluster}-reader", "document": policy("s3:GetObject", "s3:GetObjectAcl")},
                "writer": {"name": f"{cluster}-writer", "path": "/core/", "document": policy("s3:PutObject")},
            },
        },
        "iam_oidc_provider": {
            "tags": tags,
            "url": "@eks_cluster.cluster.oidc_issuer",
            "audiences": ["sts.amazonaws.com", "core"],
            "thumbprints": [THUMBPRINT],
        },
        "eks_pod_identity_associations": {
            "tags": tags,
            "cluster_name": cluster,
            "cluster_endpoint": "@eks_cluster.cluster.endpoint",
            "associations": {
                "controller": {
                    "namespace": "kube-system",
                    "service_account": "controller",
                    "role_arn": f"arn:aws:iam::{account}:role/{cluster}-pods",
                    "target_role_arn": "arn:aws:iam::686410905891:role/elsewhere",
                },
            },
        },
    }


def leave_out(wanted: dict[str, dict]) -> None:
    """Take what needs an ACTIVE cluster out of a specification: its issuer and its associations."""
    wanted["iam_oidc_provider"] = {**wanted["iam_oidc_provider"], "url": "https://issuer.example.org/id/1"}
    steps = wanted["eks_pod_identity_associations"]
    wanted["eks_pod_identity_associations"] = {**steps, "cluster_endpoint": None, "associations": {}}
