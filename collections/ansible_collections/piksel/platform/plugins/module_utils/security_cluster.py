# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person should look at in a cluster: how it is reached, who rules it, what its pods may do to their nodes.

Checks are as those of ``security_account``; those of the second list take the Kubernetes API of the cluster.
"""

from __future__ import annotations

import datetime

from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.security_finding import Finding

ADMINISTRATORS = "AmazonEKSClusterAdminPolicy"
LOGS_NEEDED = ("audit", "authenticator")
# Everybody, also without a token: only the pages that Kubernetes itself opens to them.
ANYONE = frozenset({"system:anonymous", "system:unauthenticated"})
OPEN_BY_DEFAULT = frozenset({"system:public-info-viewer"})
# Groups of Kubernetes and EKS themselves.
OWN_ADMINISTRATORS = frozenset({"system:masters", "eks:cluster-bootstrap", "eks:service-operations"})
SUPPORT_NOTICE_DAYS = 90


def control_plane(clients, params: dict) -> list[Finding]:
    """How the API server is reached, recorded and encrypted.

    https://docs.aws.amazon.com/eks/latest/best-practices/security.html
    """
    one = clients.client("eks").describe_cluster(name=params["cluster_name"])["cluster"]
    network, subject = one["resourcesVpcConfig"], f"cluster {one['name']}"
    logs = {kind for entry in one["logging"]["clusterLogging"] if entry["enabled"] for kind in entry["types"]}
    missing = [kind for kind in LOGS_NEEDED if kind not in logs]
    world = network["endpointPublicAccess"] and "0.0.0.0/0" in network.get("publicAccessCidrs", [])
    wrong = (
        (world, "medium", "the whole internet may reach its API server", "Name the networks that need it."),
        (missing, "medium", f"it does not log {' and '.join(missing)}", "Switch these logs on."),
        (not one.get("encryptionConfig"), "high", "its secrets are not encrypted by a key of the account", ""),
        (
            one.get("accessConfig", {}).get("authenticationMode") != "API",
            "medium",
            "the ConfigMap aws-auth still lets people in",
            "",
        ),
    )
    return [Finding("control_plane", severity, subject, *texts) for bad, severity, *texts in wrong if bad]


def support(clients, params: dict) -> list[Finding]:
    """Whether the version still gets security patches.

    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
    """
    eks = clients.client("eks")
    version = eks.describe_cluster(name=params["cluster_name"])["cluster"]["version"]
    offered = eks.describe_cluster_versions(clusterVersions=[version])["clusterVersions"]
    subject = f"cluster {params['cluster_name']}"
    if not offered:
        return [Finding("support", "medium", subject, f"Kubernetes {version}: EKS does not offer it any more")]
    ends = offered[0].get("endOfStandardSupportDate")
    if ends is None:
        return []
    left = (ends - datetime.datetime.now(datetime.UTC)).days
    if left > SUPPORT_NOTICE_DAYS:
        return []
    severity, when = ("medium", "has left") if left < 0 else ("low", f"leaves in {left} days")
    return [Finding("support", severity, subject, f"Kubernetes {version} {when} standard support")]


def administrators(clients, params: dict) -> list[Finding]:
    """Who administers the cluster; it is for people to know whether each should.

    https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html
    """
    eks, name, found = clients.client("eks"), params["cluster_name"], []
    for arn in items(eks, "list_access_entries", "accessEntries", clusterName=name):
        policies = items(
            eks, "list_associated_access_policies", "associatedAccessPolicies", clusterName=name, principalArn=arn
        )
        if any(policy["policyArn"].endswith(f"/{ADMINISTRATORS}") for policy in policies):
            found.append(Finding("administrators", "info", arn, f"it administers cluster {name}"))
    return found


def bindings(cluster, _params: dict) -> list[Finding]:
    """Subjects outside Kubernetes and EKS that may do everything, and whatever is open to anybody.

    https://kubernetes.io/docs/reference/access-authn-authz/rbac/
    """
    group = "/apis/rbac.authorization.k8s.io/v1"
    mighty = {
        role["metadata"]["name"]
        for role in cluster.items(f"{group}/clusterroles", "cluster roles")
        if any(_everything(rule) for rule in role.get("rules") or [])
    }
    found = []
    for plural in ("clusterrolebindings", "rolebindings"):
        for binding in cluster.items(f"{group}/{plural}", plural):
            name = binding["metadata"]["name"]
            where = binding["metadata"].get("namespace")
            role = binding["roleRef"]
            for subject in binding.get("subjects") or []:
                text = f"{role['kind']} {role['name']}" + (f" in namespace {where}" if where else "")
                who = "/".join(part for part in (subject.get("namespace"), subject["name"]) if part)
                if subject["name"] in ANYONE and role["name"] not in OPEN_BY_DEFAULT:
                    found.append(Finding("bindings", "high", f"{plural[:-1]} {name}", f"it gives anybody {text}"))
                elif role["kind"] == "ClusterRole" and role["name"] in mighty and not _own(subject):
                    severity = "low" if where else "medium"
                    found.append(
                        Finding("bindings", severity, f"{plural[:-1]} {name}", f"{subject['kind']} {who} has {text}")
                    )
    return found


def _everything(rule):
    return all("*" in rule.get(key, []) for key in ("apiGroups", "resources", "verbs"))


def _own(subject):
    """Whether a subject belongs to Kubernetes or EKS."""
    return subject["name"] in OWN_ADMINISTRATORS or subject.get("namespace") == "kube-system"


def pods(cluster, _params: dict) -> list[Finding]:
    """Pods outside kube-system that are privileged, or share their node's network, processes or files.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    found = []
    for pod in cluster.items("/api/v1/pods", "pods"):
        meta, spec = pod["metadata"], pod["spec"]
        if meta["namespace"] == "kube-system":
            continue
        containers = [*spec["containers"], *spec.get("initContainers", [])]
        shared = [key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
        shared += [f"the path {one['hostPath']['path']}" for one in spec.get("volumes", []) if "hostPath" in one]
        shared += [
            f"privileged container {one['name']}"
            for one in containers
            if (one.get("securityContext") or {}).get("privileged")
        ]
        if shared:
            what = f"it reaches into its node: {', '.join(shared)}"
            found.append(Finding("pods", "medium", f"pod {meta['namespace']}/{meta['name']}", what))
    return found


CHECKS = (control_plane, support, administrators)
KUBERNETES_CHECKS = (bindings, pods)
