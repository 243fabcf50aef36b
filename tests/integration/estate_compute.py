"""What runs pods, for the platform of `estate.py`: add-ons, Fargate profiles, a launch template, node groups."""

from __future__ import annotations

from typing import Any

STEPS = ("eks_addons", "eks_fargate_profiles", "ec2_launch_templates", "eks_nodegroups")
COREDNS_VALUES = {"computeType": "Fargate", "autoScaling": {"enabled": True, "minReplicas": 4, "maxReplicas": 10}}
# EKS makes the patch number and the date of a release.
RELEASE = "1.34.7-20261112"


def roles(cluster: str, trust) -> dict[str, dict]:
    """The roles that pods on Fargate, nodes and the network plugin have."""
    return {
        "fargate": {"name": f"{cluster}-fargate", "assume_role_policy": trust("eks-fargate-pods.amazonaws.com")},
        "workers": {"name": f"{cluster}-workers", "assume_role_policy": trust("ec2.amazonaws.com")},
        "vpc_cni": {"name": f"{cluster}-vpc-cni", "assume_role_policy": trust("pods.eks.amazonaws.com")},
    }


def specification(cluster: str, account: str, subnets: list[str], tags: dict) -> dict[str, dict]:
    """The options of each step."""
    role = f"arn:aws:iam::{account}:role/{cluster}"
    place = {"tags": tags, "cluster_name": cluster, "cluster_endpoint": "@eks_cluster.cluster.endpoint"}
    profile = {"pod_execution_role_arn": f"{role}-fargate", "subnet_ids": subnets}
    group = {
        "node_role_arn": f"{role}-workers",
        "subnet_ids": subnets,
        "kubernetes_version": "1.34",
        "launch_template_id": "@ec2_launch_templates.nodes.id",
        "launch_template_version": "@ec2_launch_templates.nodes.version",
        "taints": [{"key": "CriticalAddonsOnly", "value": "true", "effect": "NO_SCHEDULE"}],
        "max_unavailable": 1,
    }
    return {
        "eks_addons": {
            **place,
            "kubernetes_version": "1.34",
            "addons": {
                "vpc-cni": {"version": "v1.21.1-eksbuild.7", "service_account_role_arn": f"{role}-vpc-cni"},
                "coredns": {
                    "version": "default",
                    "resolve_conflicts": "OVERWRITE",
                    "configuration_values": COREDNS_VALUES,
                },
            },
        },
        "eks_fargate_profiles": {
            **place,
            "profiles": {
                "kube_system": {"name": "kube-system", "selectors": [{"namespace": "kube-system"}], **profile},
                "flux": {
                    "name": "flux",
                    "selectors": [{"namespace": "b", "labels": {"x": "1"}}, {"namespace": "a"}],
                    **profile,
                },
                "karpenter": {"name": "karpenter", "selectors": [{"namespace": "karpenter"}], **profile},
            },
        },
        "ec2_launch_templates": {
            "tags": tags,
            "launch_templates": {
                "nodes": {
                    "name": f"{cluster}-nodes",
                    "block_devices": [{"device_name": "/dev/xvda", "volume_size": 20}],
                    "instance_tags": {"NodeGroup": "System"},
                    "volume_tags": {"NodeGroup": "System"},
                }
            },
        },
        "eks_nodegroups": {
            **place,
            "nodegroups": {
                "system": {
                    "name": "system-v1",
                    "instance_types": ["t3.large"],
                    "release_version": RELEASE,
                    "labels": {"karpenter.sh/controller": "true", "tier": "system"},
                    "max_size": 3,
                    **group,
                },
                "spot": {
                    "name": "system-spot-v1",
                    "capacity_type": "SPOT",
                    "instance_types": ["t3.medium", "t3.large"],
                    **group,
                },
            },
        },
    }


def addon_options(platform: Any, **entries: dict) -> dict[str, Any]:
    """The options of a task for these add-ons of the cluster; an underscore in a name stands for a hyphen."""
    named = {name.replace("_", "-"): entry for name, entry in entries.items()}
    return {**platform.wanted["eks_addons"], "cluster_endpoint": None, "addons": named}


def leave_out(wanted: dict[str, dict]) -> None:
    """Take every part of the cluster out of a specification."""
    options = {"eks_addons": "addons", "eks_fargate_profiles": "profiles", "eks_nodegroups": "nodegroups"}
    for step, option in options.items():
        wanted[step] = {**wanted[step], "cluster_endpoint": None, option: {}}
