"""The objects that are measured: the same ones as a list of ours and as a loop over stock modules."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Task = dict[str, Any]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TAGS = {"Project": "Piksel", "Owner": "bench"}
CLUSTER = "piksel-dev"


@dataclass(frozen=True)
class Kind:
    """`ours(names, scope)` and `stock(names)` are the tasks that keep objects of these names as they are wanted."""

    name: str
    ours: Callable[[list[str], str], list[Task]]
    stock: Callable[[list[str]], list[Task]]


def mine(module: str, option: str, entries: dict[str, Any], scope: str) -> list[Task]:
    """One task with a list of ours."""
    return [{"name": module, f"piksel.platform.{module}": {"scope": scope, option: entries, "tags": TAGS}}]


def looped(module: str, options: dict[str, Any], names: list[str]) -> Task:
    """A task of a stock module for each name, which stands in the options as `{{ item }}`."""
    return {"name": module, module: options, "loop": names}


def roles(names: list[str], scope: str) -> list[Task]:
    """Roles with trust, a managed policy and tags."""
    entries = {
        name: {"name": name, "assume_role_policy": TRUST, "managed_policies": ["ReadOnlyAccess"]} for name in names
    }
    return mine("iam_roles", "roles", entries, scope)


def stock_roles(names: list[str]) -> list[Task]:
    """The same by amazon.aws."""
    options = {
        "name": "{{ item }}",
        "assume_role_policy_document": TRUST,
        "managed_policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "create_instance_profile": False,
        "tags": TAGS,
    }
    return [looped("amazon.aws.iam_role", options, names)]


def policy(name: str) -> dict[str, Any]:
    """A bucket policy that refuses plain HTTP."""
    resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources, "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [deny]}


def buckets(names: list[str], scope: str) -> list[Task]:
    """Buckets with all that the platform says of one."""
    entries = {
        name: {
            "name": name,
            "policy": policy(name),
            "lifecycle_rules": {"expire": {"expiration_days": 60}},
            "cors_rules": [],
            "website": {},
            "versioning": False,
        }
        for name in names
    }
    return mine("s3_buckets", "buckets", entries, scope)


def stock_buckets(names: list[str]) -> list[Task]:
    """Less than the same by amazon.aws and community.aws, in two tasks: neither CORS rules nor a website are read."""
    flags = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
    options = {
        "name": "{{ item }}",
        "policy": json.dumps(policy("{{ item }}")),
        "object_ownership": "BucketOwnerEnforced",
        "public_access": dict.fromkeys(flags, True),
        "encryption": "AES256",
        "versioning": False,
        "tags": TAGS,
    }
    rule = {"name": "{{ item }}", "rule_id": "expire", "expiration_days": 60, "status": "enabled", "state": "present"}
    return [looped("amazon.aws.s3_bucket", options, names), looped("community.aws.s3_lifecycle", rule, names)]


def log_groups(names: list[str], scope: str) -> list[Task]:
    """Log groups with retention and tags."""
    return mine("log_groups", "log_groups", {name: {"name": name, "retention_in_days": 90} for name in names}, scope)


def stock_log_groups(names: list[str]) -> list[Task]:
    """The same by amazon.aws."""
    options = {"log_group_name": "{{ item }}", "retention": 90, "tags": TAGS}
    return [looped("amazon.aws.cloudwatchlogs_log_group", options, names)]


def keys(names: list[str], scope: str) -> list[Task]:
    """KMS keys with alias, rotation and tags."""
    return mine("kms_keys", "keys", {name: {"alias": name, "description": "bench"} for name in names}, scope)


def stock_keys(names: list[str]) -> list[Task]:
    """The same by amazon.aws."""
    options = {"alias": "{{ item }}", "description": "bench", "enable_key_rotation": True, "tags": TAGS}
    return [looped("amazon.aws.kms_key", options, names)]


def namespaces(names: list[str], scope: str) -> list[Task]:
    """Kubernetes namespaces with labels."""
    objects = {name: _namespace(name) for name in names}
    options = {"cluster_name": CLUSTER, "scope": scope, "objects": objects}
    return [{"name": "k8s_objects", "piksel.platform.k8s_objects": options}]


def stock_namespaces(names: list[str]) -> list[Task]:
    """The same by kubernetes.core, through the context that the platform wrote."""
    options = {"context": CLUSTER, "state": "present", "definition": _namespace("{{ item }}")}
    return [looped("kubernetes.core.k8s", options, names)]


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"project": "bench"}}}


KINDS = (
    Kind("roles", roles, stock_roles),
    Kind("buckets", buckets, stock_buckets),
    Kind("log groups", log_groups, stock_log_groups),
    Kind("keys", keys, stock_keys),
    Kind("namespaces", namespaces, stock_namespaces),
)


def names(kind: Kind, side: str, count: int) -> list[str]:
    """The names of so many objects of a kind; those of different sides and counts are different objects."""
    stem = kind.name.replace(" ", "-")
    return [f"bench-{stem}-{side}-{count}-{number}" for number in range(count)]


def play(tasks: list[Task]) -> list[dict[str, Any]]:
    """A play of these tasks, on the account that the environment names."""
    connection = {"profile": "{{ piksel_aws_profile }}", "region": "{{ piksel_aws_region }}"}
    groups = ("group/piksel.platform.aws", "group/amazon.aws.aws", "group/community.aws.aws")
    return [
        {
            "name": "Bench",
            "hosts": "spokes",
            "gather_facts": False,
            "module_defaults": dict.fromkeys(groups, connection),
            "tasks": tasks,
        }
    ]
