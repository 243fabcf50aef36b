"""A small platform of every kind that the core reconciles, driven through the modules' own code."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import boto3
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.piksel.platform.plugins.module_utils import runner

from integration import (
    estate_compute,
    estate_database,
    estate_events,
    estate_identity,
    estate_s3,
    estate_secrets,
)
from piksel_sandbox.client import Sandbox

MODULES = "ansible_collections.piksel.platform.plugins.modules"
PROFILE, REGION, NETWORK = "dev-piksel", "ap-southeast-3", "dev"
# Not a principal of the run: what it does counts as somebody else's doing.
SOMEBODY = "dev-network-owner"
SCOPE, CLUSTER = "core", "core-test"
TAGS = {"Project": "Piksel", "Owner": "Team"}
# In the order in which a run goes through them.
STEPS = (
    "iam_roles",
    "kms_keys",
    "log_groups",
    "eks_cluster",
    "ec2_tags",
    "eks_access_entries",
    *estate_identity.STEPS,
    "s3_buckets",
    "secretsmanager_secrets",
    *estate_events.STEPS,
    *estate_database.STEPS,
    *estate_compute.STEPS,
)


def trust(service: str) -> dict:
    """A trust policy for one service of AWS."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def specification(account: str, network: dict) -> dict[str, dict]:
    """The options of each step; a text like "@kms_keys.secrets.arn" is taken from an earlier step's resources."""
    role = f"arn:aws:iam::{account}:role/{CLUSTER}"
    subnets = network["private"]
    return {
        "iam_roles": {
            "tags": TAGS,
            "roles": {
                "cluster": {
                    "name": CLUSTER,
                    "description": "The cluster's role",
                    "assume_role_policy": trust("eks.amazonaws.com"),
                    "managed_policies": ["AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController"],
                    "max_session_duration": 7200,
                    "permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess",
                },
                "node": {"name": f"{CLUSTER}-node", "assume_role_policy": trust("ec2.amazonaws.com")},
                "pods": {"name": f"{CLUSTER}-pods", "assume_role_policy": estate_identity.POD_TRUST},
                **estate_compute.roles(CLUSTER, trust),
            },
        },
        "kms_keys": {
            "tags": TAGS,
            "keys": {
                "secrets": {
                    "alias": f"eks/{CLUSTER}",
                    "description": "Kubernetes secrets",
                    "policy": key_policy(account),
                }
            },
        },
        "log_groups": {
            "tags": TAGS,
            "log_groups": {"control_plane": {"name": f"/aws/eks/{CLUSTER}/cluster", "retention_in_days": 90}},
        },
        "eks_cluster": {
            "tags": TAGS,
            "name": CLUSTER,
            "version": "1.34",
            "cluster_role_arn": role,
            "subnet_ids": subnets,
            "public_access_cidrs": ["0.0.0.0/0"],
            "logging_types": ["api", "audit", "authenticator"],
            "encryption_key_arn": "@kms_keys.secrets.arn",
            "authentication_mode": "API_AND_CONFIG_MAP",
            "upgrade_policy": "STANDARD",
            "zonal_shift": False,
            "deletion_protection": False,
        },
        "ec2_tags": {
            "objects": [
                {
                    "key": "security_group",
                    "resource_id": "@eks_cluster.cluster.security_group_id",
                    "tags": {"karpenter.sh/discovery": CLUSTER, **TAGS},
                    "unique_tags": ["karpenter.sh/discovery"],
                }
            ]
        },
        "eks_access_entries": {
            "tags": TAGS,
            "cluster_name": CLUSTER,
            "access_entries": {
                "automation": {
                    "principal_arn": f"arn:aws:iam::{account}:role/piksel-automation",
                    "username": "automation",
                    "kubernetes_groups": ["builders"],
                    "policies": [
                        {"policy": "AmazonEKSEditPolicy", "scope": "namespace", "namespaces": ["b", "a"]},
                        {"policy": "AmazonEKSViewPolicy"},
                    ],
                },
                "node": {"principal_arn": f"{role}-node", "type": "EC2_LINUX"},
            },
        },
        **estate_identity.specification(account, CLUSTER, TAGS),
        "s3_buckets": estate_s3.specification(TAGS),
        "secretsmanager_secrets": estate_secrets.specification(TAGS),
        **estate_events.specification(account, TAGS),
        **estate_database.specification(account, network["vpc_id"], subnets, TAGS),
        **estate_compute.specification(CLUSTER, account, subnets, TAGS),
    }


def key_policy(account: str) -> dict:
    """A key policy that lets the account's own policies decide."""
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}],
    }


@dataclass
class Pass:
    """One go through the steps: the results, and their operations and held ones in one list each."""

    results: dict[str, dict] = field(default_factory=dict)
    operations: list[dict] = field(default_factory=list)
    held: list[dict] = field(default_factory=list)
    message: str = ""

    def names(self) -> list[tuple[str, str, list[str]]]:
        """(action, kind, paths) of each operation."""
        return [
            (item["action"], item["kind"], [change["path"] for change in item["changes"]]) for item in self.operations
        ]


class Platform:
    """The steps on one sandbox."""

    def __init__(self, cloud: Sandbox) -> None:
        self.cloud = cloud
        self.account = self.client("sts").get_caller_identity()["Account"]
        self.wanted = specification(self.account, cloud.status()["networks"][NETWORK])

    def client(self, service: str) -> Any:
        """Somebody else's client."""
        session = boto3.Session(profile_name=SOMEBODY, region_name=REGION)
        return session.client(service, endpoint_url=self.cloud.url)

    def call(self, module: str, options: dict, check: bool = False) -> dict:
        """Run one module's code with options as a task would give them; returns its result."""
        code = importlib.import_module(f"{MODULES}.{module}")
        common = {"profile": PROFILE, "region": REGION, "endpoint_url": self.cloud.url}
        if "scope" in code.SPEC["argument_spec"]:
            common["scope"] = SCOPE
        validation = ArgumentSpecValidator(code.SPEC["argument_spec"]).validate({**common, **options})
        assert not validation.error_messages, validation.error_messages
        return runner.execute(code.run, validation.validated_parameters, check, True)

    def go(self, check: bool = False, consent: tuple[str, ...] = (), wanted: dict | None = None) -> Pass:
        """Go through the steps until one fails."""
        done = Pass()
        for module in STEPS:
            options = filled((wanted or self.wanted)[module], done.results)
            if module != "ec2_tags":
                options["consent"] = list(consent)
            result = done.results[module] = self.call(module, options, check)
            done.operations += result.get("operations", [])
            done.held += result.get("held", [])
            if result.get("failed"):
                done.message = result["msg"]
                break
        return done

    def converge(self, **how: Any) -> Pass:
        """Go through the steps; none may fail."""
        done = self.go(**how)
        assert not done.message, done.message
        return done

    def writes(self) -> list[str]:
        """The run's write calls since `clear_calls`, as service:Operation."""
        return [f"{row['service']}:{row['operation']}" for row in self.cloud.calls(writes=True)]

    def doubled(self) -> list[str]:
        """What exists more than once although it was wanted once."""
        kms = self.client("kms")
        keys = [key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
        aliased = {alias.get("TargetKeyId") for alias in kms.list_aliases()["Aliases"]}
        stray = [key for key in keys if key not in aliased]
        return stray if len([key for key in keys if key not in stray]) == 1 else keys


def filled(value: Any, results: dict[str, dict]) -> Any:
    """The options with each "@step.key.attribute" replaced by what that step returned."""
    if isinstance(value, dict):
        return {name: filled(item, results) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, results) for item in value]
    if isinstance(value, str) and value.startswith("@"):
        step, key, attribute = value[1:].split(".")
        return results[step]["resources"][key][attribute]
    return value
