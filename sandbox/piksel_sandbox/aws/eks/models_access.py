"""Access entries and access policies (https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html)."""

from __future__ import annotations

import re
from typing import Any

from piksel_sandbox.aws.lifecycle import now

from . import checks
from .exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from .models_cluster import Cluster
from .utils import data, new_uuid

ADMIN_POLICY = "arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
PRINCIPAL_MISSING = (
    "The specified principalArn could not be found. You can view your available access entries with"
    " 'list-access-entries'."
)
# What EKS sets by type: username and groups; such entries take neither from the request.
NODE_TYPES: dict[str, tuple[str, list[str]]] = {
    "EC2_LINUX": ("system:node:{{EC2PrivateDNSName}}", ["system:nodes"]),
    "EC2_WINDOWS": ("system:node:{{EC2PrivateDNSName}}", ["system:nodes", "eks:kube-proxy-windows"]),
    "FARGATE_LINUX": (
        "system:node:{{SessionName}}",
        ["system:bootstrappers", "system:nodes", "system:node-proxier"],
    ),
    "EC2": ("system:node:{{EC2PrivateDNSName}}", []),
    "HYBRID_LINUX": ("system:node:{{SessionName}}", ["system:nodes"]),
    "HYPERPOD_LINUX": ("system:node:{{SessionName}}", ["system:nodes"]),
}
POLICY_TYPES = ("STANDARD", "EC2")
RESERVED_USERNAMES = ("system:", "eks:", "aws:", "amazon:", "iam:")
NAMESPACE = re.compile(r"^(?=.{1,63}\*?$)[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$")


class AccessEntry:
    """The access of one IAM principal to one cluster."""

    def __init__(self, cluster: Cluster, partition: str, principal: str, kind: str, username: str, groups: list[str]):
        self.cluster_name = cluster.name
        self.principal_arn = principal
        self.kind = kind
        self.username = username
        self.groups = groups
        self.tags: dict[str, str] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        self.created_at = now()
        self.modified_at = self.created_at
        account = principal.split(":")[4]
        sort, _, path = principal.split(":", 5)[5].partition("/")
        tail = f"{sort}/{account}/{path.rsplit('/', 1)[-1]}" if path else f"{sort}/{account}"
        self.arn = (
            f"arn:{partition}:eks:{cluster.region}:{cluster.account_id}:access-entry/{cluster.name}/{tail}/{new_uuid()}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Shape `AccessEntry`."""
        return {
            "clusterName": self.cluster_name,
            "principalArn": self.principal_arn,
            "kubernetesGroups": list(self.groups),
            "accessEntryArn": self.arn,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "tags": dict(self.tags),
            "username": self.username,
            "type": self.kind,
        }


class AccessBackend:
    """The access operations of `EKSBackend`."""

    region_name: str
    partition: str

    def bootstrap_creator(self, cluster: Cluster, principal: str) -> None:
        """Make the caller of CreateCluster an administrator by an entry, as far as entries are used."""
        if cluster.authentication_mode != "CONFIG_MAP" and checks.principal_exists(self.region_name, principal):
            entry = self._new_entry(cluster, principal, "STANDARD", None, [])
            self._put_policy(
                entry, ADMIN_POLICY.format(partition=self.partition), {"type": "cluster", "namespaces": []}
            )

    def entry_for_nodes(self, cluster: Cluster, role_arn: str, kind: str) -> None:
        """Add the entry that EKS makes for the role of a node group or Fargate profile, unless there is one."""
        if cluster.authentication_mode != "CONFIG_MAP" and role_arn not in cluster.access_entries:
            self._new_entry(cluster, role_arn, kind, None, [])

    def create_access_entry(
        self,
        cluster_name: str,
        principal_arn: str,
        kubernetes_groups: list[str] | None = None,
        tags: dict[str, str] | None = None,
        username: str | None = None,
        type_: str | None = None,
    ) -> AccessEntry:
        """CreateAccessEntry. Raises InvalidParameterException for an unknown principal, type, group or user name."""
        cluster = self._cluster_with_entries(cluster_name)
        kind = type_ or "STANDARD"
        if kind != "STANDARD" and kind not in NODE_TYPES:
            raise InvalidParameterException(f"The type parameter value {kind} is invalid", cluster=cluster_name)
        if ":role/aws-service-role/" in principal_arn:
            raise InvalidParameterException(
                "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role"
            )
        if not checks.principal_exists(self.region_name, principal_arn):
            raise InvalidParameterException("The specified principalArn is invalid: invalid principal.")
        if principal_arn in cluster.access_entries:
            raise ResourceInUseException(
                "The specified access entry resource is already in use on this cluster.", cluster=cluster_name
            )
        if kind != "STANDARD":
            self._check_node_entry(cluster, principal_arn, kind, kubernetes_groups, username)
        check_groups(kubernetes_groups or [])
        check_username(username, principal_arn)
        entry = self._new_entry(cluster, principal_arn, kind, username, kubernetes_groups or [])
        entry.tags = tags or {}
        return entry

    def describe_access_entry(self, cluster_name: str, principal_arn: str) -> AccessEntry:
        """DescribeAccessEntry. Raises ResourceNotFoundException."""
        cluster = self._cluster_with_entries(cluster_name)
        if principal_arn not in cluster.access_entries:
            raise ResourceNotFoundException(PRINCIPAL_MISSING, cluster=cluster_name)
        return cluster.access_entries[principal_arn]

    def update_access_entry(
        self,
        cluster_name: str,
        principal_arn: str,
        kubernetes_groups: list[str] | None = None,
        username: str | None = None,
    ) -> AccessEntry:
        """UpdateAccessEntry: groups and user name of a STANDARD entry."""
        entry = self.describe_access_entry(cluster_name, principal_arn)
        if entry.kind != "STANDARD":
            raise InvalidRequestException(
                f"Access entries of type {entry.kind} cannot be updated", cluster=cluster_name
            )
        check_groups(kubernetes_groups or [])
        check_username(username, principal_arn)
        if kubernetes_groups is not None:
            entry.groups = list(kubernetes_groups)
        if username is not None:
            entry.username = username
        entry.modified_at = now()
        return entry

    def delete_access_entry(self, cluster_name: str, principal_arn: str) -> None:
        """DeleteAccessEntry, with its policy associations."""
        self.describe_access_entry(cluster_name, principal_arn)
        del self.describe_cluster(cluster_name).access_entries[principal_arn]

    def list_access_entries(self, cluster_name: str, associated_policy_arn: str | None = None) -> list[str]:
        """ListAccessEntries: principal ARNs, of those with the policy if one is named."""
        cluster = self._cluster_with_entries(cluster_name)
        return sorted(
            arn
            for arn, entry in cluster.access_entries.items()
            if associated_policy_arn is None or associated_policy_arn in entry.policies
        )

    def list_access_policies(self) -> list[dict[str, str]]:
        """ListAccessPolicies: shape `AccessPolicy` of every policy that EKS offers."""
        return [
            {"name": name, "arn": f"arn:{self.partition}:eks::aws:cluster-access-policy/{name}"}
            for name in data("access_policies")
        ]

    def associate_access_policy(
        self, cluster_name: str, principal_arn: str, policy_arn: str, access_scope: dict[str, Any]
    ) -> dict[str, Any]:
        """AssociateAccessPolicy: adds the policy or replaces its scope. Returns shape `AssociatedAccessPolicy`."""
        entry = self.describe_access_entry(cluster_name, principal_arn)
        if entry.kind not in POLICY_TYPES:
            raise InvalidRequestException(
                f"The access policy cannot be associated with an access entry of type {entry.kind}",
                cluster=cluster_name,
            )
        if policy_arn not in (policy["arn"] for policy in self.list_access_policies()):
            raise InvalidParameterException(
                "The policyArn parameter value is invalid. You can view the available access policies with"
                " 'list-access-policies'.",
                cluster=cluster_name,
            )
        return self._put_policy(entry, policy_arn, check_scope(access_scope))

    def disassociate_access_policy(self, cluster_name: str, principal_arn: str, policy_arn: str) -> None:
        """DisassociateAccessPolicy. Raises ResourceNotFoundException if the policy is not associated."""
        entry = self.describe_access_entry(cluster_name, principal_arn)
        if policy_arn not in entry.policies:
            raise ResourceNotFoundException(
                "The specified policyArn could not be found on the access entry.", cluster=cluster_name
            )
        del entry.policies[policy_arn]
        entry.modified_at = now()

    def list_associated_access_policies(self, cluster_name: str, principal_arn: str) -> list[dict[str, Any]]:
        """ListAssociatedAccessPolicies: shapes `AssociatedAccessPolicy`."""
        return list(self.describe_access_entry(cluster_name, principal_arn).policies.values())

    def _cluster_with_entries(self, name: str) -> Cluster:
        cluster = self.describe_cluster(name)
        if cluster.authentication_mode == "CONFIG_MAP":
            raise InvalidRequestException(
                "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this"
                " operation.",
                cluster=name,
            )
        return cluster

    def _check_node_entry(
        self,
        cluster: Cluster,
        principal: str,
        kind: str,
        groups: list[str] | None,
        username: str | None,
    ) -> None:
        if groups or username:
            raise InvalidParameterException(
                f"The username and kubernetesGroups parameters cannot be set for type {kind}", cluster=cluster.name
            )
        match = checks.ROLE_ARN.match(principal)
        if not match or match["account"] != cluster.account_id:
            raise InvalidParameterException(
                f"The principalArn of an access entry of type {kind} must be an IAM role in the cluster's account",
                cluster=cluster.name,
            )

    def _new_entry(
        self, cluster: Cluster, principal: str, kind: str, username: str | None, groups: list[str]
    ) -> AccessEntry:
        if kind in NODE_TYPES:
            username, groups = NODE_TYPES[kind]
        entry = AccessEntry(
            cluster, self.partition, principal, kind, username or default_username(principal), list(groups)
        )
        cluster.access_entries[principal] = entry
        return entry

    def _put_policy(self, entry: AccessEntry, policy_arn: str, scope: dict[str, Any]) -> dict[str, Any]:
        moment = now()
        before = entry.policies.get(policy_arn)
        entry.policies[policy_arn] = {
            "policyArn": policy_arn,
            "accessScope": scope,
            "associatedAt": before["associatedAt"] if before else moment,
            "modifiedAt": moment,
        }
        return entry.policies[policy_arn]


def default_username(principal: str) -> str:
    """The Kubernetes user name that EKS gives a STANDARD entry without one."""
    match = checks.ROLE_ARN.match(principal)
    if not match:
        return principal
    role = match["path"].rsplit("/", 1)[-1]
    return f"arn:{match['partition']}:sts::{match['account']}:assumed-role/{role}/{{{{SessionName}}}}"


def check_groups(groups: list[str]) -> None:
    """Raise InvalidParameterException for a group that only the service may give."""
    for group in groups:
        for prefix in RESERVED_USERNAMES:
            if group.startswith(prefix):
                raise InvalidParameterException(
                    f"The kubernetes group name {group} is invalid, it cannot start with {prefix}"
                )


def check_username(username: str | None, principal: str) -> None:
    """Raise InvalidParameterException for a user name that EKS refuses."""
    if username is None:
        return
    for prefix in RESERVED_USERNAMES:
        if username.startswith(prefix):
            raise InvalidParameterException(f"The username {username} is invalid, it cannot start with {prefix}")
    if "{{SessionName" in username and ":" not in username.split("{{SessionName")[0]:
        raise InvalidParameterException(f"The username {username} is invalid: a colon must precede the session name")


def check_scope(scope: dict[str, Any]) -> dict[str, Any]:
    """The scope as the service stores it. Raises InvalidParameterException for one that it refuses."""
    namespaces = scope.get("namespaces") or []
    kind = scope.get("type")
    if kind == "cluster" and namespaces:
        raise InvalidParameterException("The accessScope of type cluster can not have namespaces")
    if kind == "namespace" and not namespaces:
        raise InvalidParameterException("The accessScope of type namespace must have namespaces")
    if kind not in ("cluster", "namespace"):
        raise InvalidParameterException("The accessScope type must be one of [cluster, namespace]")
    for namespace in namespaces:
        if not NAMESPACE.match(namespace):
            raise InvalidParameterException(f"The namespace {namespace} in the accessScope is invalid")
    return {"type": kind, "namespaces": list(namespaces)}
