"""Who an AWS caller is inside a cluster: access entries first, then the aws-auth ConfigMap, as the cluster's mode says.

https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html and
https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html for the user names
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

logger = logging.getLogger(__name__)
NODE_USER = "system:node:{{EC2PrivateDNSName}}"
# user name and groups that EKS gives to the entries of its own types
TYPE_DEFAULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "EC2_LINUX": (NODE_USER, ("system:bootstrappers", "system:nodes")),
    "EC2_WINDOWS": (NODE_USER, ("eks:kube-proxy-windows", "system:bootstrappers", "system:nodes")),
    "EC2": (NODE_USER, ("system:bootstrappers", "system:nodes")),
    "HYBRID_LINUX": ("system:node:{{SessionName}}", ("system:bootstrappers", "system:nodes")),
    "FARGATE_LINUX": (
        "system:node:{{SessionName}}",
        ("system:bootstrappers", "system:node-proxier", "system:nodes"),
    ),
}


@dataclass(frozen=True)
class Principal:
    """An IAM principal behind a caller's ARN: `arn` is the user or role itself, with its path."""

    arn: str
    account: str
    session: str = ""


@dataclass(frozen=True)
class Identity:
    """A user of a cluster, and the access policies that its access entry brings."""

    username: str
    groups: tuple[str, ...]
    policies: list[dict[str, Any]] = field(default_factory=list)


def role_arn(account: str, name: str) -> str | None:
    """ARN, with path, of a role by its name; None when the account has no such role.

    An assumed-role ARN does not show the path, and EKS looks the role up by its id.
    """
    from moto.iam.models import iam_backends

    for role in iam_backends[account]["aws"].roles.values():
        if role.name == name:
            return str(role.arn)
    return None


def principal_of(caller_arn: str, find_role: Callable[[str, str], str | None] = role_arn) -> Principal | None:
    """The principal behind what GetCallerIdentity answers; None for a role that is gone, or no IAM principal."""
    _, _, service, _, account, resource = (caller_arn.split(":", 5) + [""] * 6)[:6]
    if service == "sts" and resource.startswith("assumed-role/"):
        _, name, session = [*resource.split("/", 2), "", ""][:3]
        arn = find_role(account, name)
        return Principal(arn, account, session) if arn else None
    if service == "iam" and (resource == "root" or resource.startswith("user/")):
        return Principal(caller_arn, account)
    return None


def identity_of(ref: ClusterRef, principal: Principal) -> Identity | None:
    """The user that a principal is in a cluster, None when neither an access entry nor aws-auth knows it."""
    mode = ((settings.queries.cluster(ref) or {}).get("accessConfig") or {}).get("authenticationMode", "API")
    if mode != "CONFIG_MAP":
        for entry in settings.queries.access_entries(ref):
            if entry["principalArn"] == principal.arn:
                return _from_entry(entry, principal)
    return _from_config_map(ref, principal) if mode != "API" else None


def _from_entry(entry: dict[str, Any], principal: Principal) -> Identity:
    username, groups = TYPE_DEFAULTS.get(entry.get("type") or "STANDARD", (default_username(principal), ()))
    return Identity(
        username=fill(entry.get("username") or username, principal),
        groups=tuple(sorted({*groups, *(entry.get("kubernetesGroups") or [])})),
        policies=entry.get("associatedAccessPolicies") or [],
    )


def default_username(principal: Principal) -> str:
    """The user name that EKS gives an entry without one: a user's ARN, or a role's as STS shows its sessions."""
    if ":role/" not in principal.arn:
        return principal.arn
    name = principal.arn.rpartition("/")[2]
    return f"arn:aws:sts::{principal.account}:assumed-role/{name}/{{{{SessionName}}}}"


def fill(template: str, principal: Principal) -> str:
    """Fills a user name's placeholders; `@` is no valid part of a node's name, so SessionName has `-` for it."""
    return (
        template.replace("{{SessionNameRaw}}", principal.session)
        .replace("{{SessionName}}", principal.session.replace("@", "-"))
        .replace("{{EC2PrivateDNSName}}", principal.session)
        .replace("{{AccountID}}", principal.account)
    )


def _from_config_map(ref: ClusterRef, principal: Principal) -> Identity | None:
    from piksel_sandbox.kubernetes.registry import control_planes

    data = control_planes.config_map(ref, "kube-system", "aws-auth")
    kind, key = ("mapRoles", "rolearn") if ":role/" in principal.arn else ("mapUsers", "userarn")
    # aws-auth knows roles without their path
    arn = principal.arn
    if kind == "mapRoles":
        arn = f"{arn.partition('/')[0]}/{arn.rpartition('/')[2]}"
    try:
        for row in yaml.safe_load(data.get(kind) or "[]") or []:
            if row.get(key, "").lower() == arn.lower():
                username = fill(row.get("username") or principal.arn, principal)
                return Identity(username, tuple(row.get("groups") or ()))
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        logger.warning("aws-auth of %s cannot be read: %s", ref.slug, error)
    return None
