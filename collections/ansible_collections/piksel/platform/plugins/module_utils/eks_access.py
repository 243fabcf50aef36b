# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access entries of an EKS cluster: who may do what in Kubernetes."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code, is_boto3_error_message
from ansible_collections.piksel.platform.plugins.module_utils import arguments, errors, tagging, unknown
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.eks_part import bearing_mark
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.iam import while_role_is_new
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

ENTRY_TYPES = ("STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX")
# How EKS refuses to look for entries in a cluster whose access is by ConfigMap alone.
NO_ENTRIES = "authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"
POLICY_OPTIONS = {
    "policy": {"type": "str", "required": True},
    "scope": {"type": "str", "choices": ["cluster", "namespace"], "default": "cluster"},
    "namespaces": {"type": "list", "elements": "str", "default": []},
}
ENTRY_OPTIONS = {
    "principal_arn": {"type": "str", "required": True},
    "type": {"type": "str", "choices": list(ENTRY_TYPES), "default": "STANDARD"},
    "username": {"type": "str"},
    "kubernetes_groups": {"type": "list", "elements": "str"},
    "policies": {"type": "list", "elements": "dict", "options": POLICY_OPTIONS, "default": []},
    "tags": {"type": "dict", "default": {}},
}


class AccessEntry(Resource):
    """An access entry, policies included. https://docs.aws.amazon.com/eks/latest/APIReference/API_AccessEntry.html

    ``policies`` maps a policy's ARN to {"type": "cluster"|"namespace", "namespaces": [...]}; the entry owns all of
    them.
    """

    kind = "eks_access_entry"
    exists_codes = ("ResourceInUseException",)
    attributes = (
        Attribute("principal_arn"),
        Attribute("type", immutable=True),
        Attribute("username"),
        Attribute("kubernetes_groups", form="set"),
        Attribute("policies", form="owned_map"),
        tagging.TAGS,
    )

    def __init__(self, clients, cluster, scope, key, name, wanted, endpoint=None):
        """``endpoint`` of the cluster; unknown while the cluster is yet to be made, or made anew."""
        super().__init__(clients, scope, key, name, wanted)
        self.endpoint = endpoint
        self.eks = clients.client("eks")
        self.cluster = cluster
        self.which = {"clusterName": cluster, "principalArn": name}

    @property
    def subject(self):
        """With the cluster, since a principal may have an entry in several."""
        return f"{self.kind} {self.name} of cluster {self.cluster}"

    def read(self):
        """DescribeAccessEntry and ListAssociatedAccessPolicies; none where the cluster does not exist or takes none."""
        if any(map(unknown.is_unknown, (self.name, self.cluster, self.endpoint))):
            return None
        try:
            entry = self.eks.describe_access_entry(**self.which)["accessEntry"]
            policies = items(self.eks, "list_associated_access_policies", "associatedAccessPolicies", **self.which)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
        except is_boto3_error_message(NO_ENTRIES):
            return None
        return {
            "principal_arn": self.name,
            "type": entry["type"],
            "username": entry.get("username"),
            "kubernetes_groups": entry.get("kubernetesGroups", []),
            "policies": {policy["policyArn"]: _scope(policy["accessScope"]) for policy in policies},
            "tags": entry.get("tags", {}),
            "arn": entry["accessEntryArn"],
        }

    def create(self):
        """CreateAccessEntry; the policies are associated afterwards."""
        given = {
            "type": self.wanted["type"],
            "username": self.wanted.get("username"),
            "kubernetesGroups": self.wanted.get("kubernetes_groups"),
            "tags": self.wanted["tags"],
        }
        given = {name: value for name, value in given.items() if value}
        entry = while_role_is_new(
            lambda: self.eks.create_access_entry(**self.which, **given),
            self.clients,
            [self.name],
        )["accessEntry"]
        created = {path: value for path, value in self.wanted.items() if value is not None}
        return {**created, "policies": {}, "arn": entry["accessEntryArn"]}

    def update(self, found, changes):
        """UpdateAccessEntry for name and groups, one call per policy that differs."""
        if tagging.touches(changes, "username", "kubernetes_groups"):
            given = {"username": self.wanted.get("username"), "kubernetesGroups": self.wanted.get("kubernetes_groups")}
            self.eks.update_access_entry(
                **self.which, **{name: value for name, value in given.items() if value is not None}
            )
        for change in changes:
            if change.path.startswith("policies."):
                self._set_policy(change.path.removeprefix("policies."), change.after)
        tags = tagging.wanted(changes)
        if tags:
            self.eks.tag_resource(resourceArn=found["arn"], tags=tags)

    def _set_policy(self, policy, scope):
        if scope:
            self.eks.associate_access_policy(**self.which, policyArn=policy, accessScope=scope)
            return
        with errors.gone("ResourceNotFoundException"):
            self.eks.disassociate_access_policy(**self.which, policyArn=policy)

    def delete(self, _found):
        """DeleteAccessEntry, its policies with it."""
        with errors.gone("ResourceNotFoundException"):
            self.eks.delete_access_entry(**self.which)

    def facts(self, found):
        """Principal and ARN of the entry."""
        return {"principal_arn": self.name, "arn": found["arn"] if found else self.unknown("arn")}


def _scope(scope):
    """An access scope in one form: namespaces sorted, none for the whole cluster."""
    if scope["type"] == "cluster":
        return {"type": "cluster"}
    return {"type": "namespace", "namespaces": sorted(scope["namespaces"])}


def policy_arn(clients, policy: str) -> str:
    """The ARN of an access policy; a bare name means one of EKS, e.g. AmazonEKSClusterAdminPolicy.

    https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
    """
    prefix = f"arn:{clients.partition}:eks::aws:cluster-access-policy/"
    return policy if policy.startswith("arn:") else prefix + policy


def run_entries(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of access entries of one cluster; resources: key -> {"principal_arn", "arn"}."""
    wanted = arguments.entries("access_entries", params["access_entries"], ENTRY_OPTIONS)
    _check_policies(wanted)
    entries = [_entry(clients, params, key, entry) for key, entry in wanted.items()]
    return reconcile(
        entries,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params, {entry.name for entry in entries}),
        progress=progress,
    )


def _check_policies(wanted):
    """What EKS would refuse: namespaces without need or missing, policies on entries of nodes."""
    findings = []
    for key, entry in wanted.items():
        for policy in entry["policies"]:
            if (policy["scope"] == "namespace") != bool(policy["namespaces"]):
                findings.append(
                    PlatformError(
                        f"`access_entries.{key}`: policy {policy['policy']} has scope {policy['scope']}"
                        f" and {len(policy['namespaces'])} namespaces",
                        advice="Scope namespace needs namespaces, scope cluster has none.",
                    )
                )
        if entry["type"] != "STANDARD" and (entry["policies"] or entry["kubernetes_groups"]):
            findings.append(
                PlatformError(
                    f"`access_entries.{key}`: type {entry['type']} takes neither policies nor groups",
                    advice="EKS gives such entries what nodes need.",
                )
            )
    errors.combined(findings)


def _entry(clients, params, key, entry):
    wanted = {
        "principal_arn": entry["principal_arn"],
        "type": entry["type"],
        "username": entry["username"],
        "kubernetes_groups": entry["kubernetes_groups"],
        "policies": {
            policy_arn(clients, policy["policy"]): _scope({"type": policy["scope"], **policy})
            for policy in entry["policies"]
        },
        "tags": arguments.tags(AccessEntry.kind, params, key, entry),
    }
    principal, endpoint = entry["principal_arn"], params.get("cluster_endpoint")
    return AccessEntry(clients, params["cluster_name"], params["scope"], key, principal, wanted, endpoint)


def _unwanted(clients, params, principals):
    """Entries marked for this scope whose principal nobody wants any more; those of EKS and of others bear no mark."""
    cluster, scope = params["cluster_name"], params["scope"]
    if unknown.contains_unknown([cluster, params.get("cluster_endpoint")]):
        return []
    eks = clients.client("eks")
    with errors.told(f"access entries of cluster {cluster}", clients):
        try:
            pages = eks.get_paginator("list_access_entries").paginate(clusterName=cluster)
            others = [arn for page in pages for arn in page["accessEntries"] if arn not in principals]
        except is_boto3_error_code("ResourceNotFoundException"):
            return []
        except is_boto3_error_message(NO_ENTRIES):
            return []
        return bearing_mark([AccessEntry(clients, cluster, scope, "", arn, {}) for arn in others])
