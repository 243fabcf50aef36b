"""The EKS access policies, rule by rule as the service documents them.

https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

READ = ("get", "list", "watch")
WRITE = ("create", "delete", "deletecollection", "patch", "update")
ANY = ("*",)

_WORKLOADS = (
    "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets "
    "statefulsets/scale"
)
_WORKLOADS_READ = (
    "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets "
    "replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status"
)
_EXTENSIONS = (
    "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets "
    "replicasets/scale replicationcontrollers/scale"
)
_EXTENSIONS_READ = (
    "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status "
    "networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale"
)
_CORE_READ = (
    "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
    "replicationcontrollers/scale serviceaccounts services services/status bindings events limitranges "
    "namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status "
    "namespaces"
)
_CORE_WRITE = (
    "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
    "serviceaccounts services services/proxy pods pods/attach pods/exec pods/portforward pods/proxy"
)


@dataclass(frozen=True)
class Rule:
    """One row of a policy's table; `resources` are separated by blanks, `urls` says that it is about other paths."""

    group: str
    resources: str
    verbs: tuple[str, ...]
    urls: bool = False

    def allows_resource(self, group: str, resource: str, verb: str) -> bool:
        """Whether the rule covers a verb on `resource[/subresource]` of an API group."""
        return (
            not self.urls
            and self.group in ("*", group)
            and (self.resources == "*" or resource in self.resources.split())
            and (self.verbs == ANY or verb in self.verbs)
        )


_VIEW = (
    Rule("apps", _WORKLOADS_READ, READ),
    Rule("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", READ),
    Rule("batch", "cronjobs cronjobs/status jobs jobs/status", READ),
    Rule("discovery.k8s.io", "endpointslices", READ),
    Rule("extensions", _EXTENSIONS_READ, READ),
    Rule("networking.k8s.io", "ingresses ingresses/status networkpolicies", READ),
    Rule("policy", "poddisruptionbudgets poddisruptionbudgets/status", READ),
    Rule("", _CORE_READ, READ),
)
_EDIT = (
    *_VIEW,
    Rule("apps", _WORKLOADS, WRITE),
    Rule("autoscaling", "horizontalpodautoscalers", WRITE),
    Rule("batch", "cronjobs jobs", WRITE),
    Rule("extensions", _EXTENSIONS, WRITE),
    Rule("networking.k8s.io", "ingresses networkpolicies", WRITE),
    Rule("policy", "poddisruptionbudgets", WRITE),
    Rule("", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", READ),
    Rule("", _CORE_WRITE, WRITE),
    Rule("", "serviceaccounts", ("impersonate",)),
)
_ADMIN = (
    *_EDIT,
    Rule("authorization.k8s.io", "localsubjectaccessreviews", ("create",)),
    Rule("rbac.authorization.k8s.io", "rolebindings roles", (*READ, *WRITE)),
)
# Auto Mode makes these bindings itself; here they only have to exist
_AUTO_NODE = (Rule("", "nodes nodes/status pods services", READ),)

POLICIES: dict[str, tuple[Rule, ...]] = {
    "AmazonEKSClusterAdminPolicy": (Rule("*", "*", ANY), Rule("", "*", ANY, urls=True)),
    "AmazonEKSAdminPolicy": _ADMIN,
    "AmazonEKSAdminViewPolicy": (Rule("*", "*", READ),),
    "AmazonEKSEditPolicy": _EDIT,
    "AmazonEKSViewPolicy": _VIEW,
    "AmazonEKSAutoNodePolicy": _AUTO_NODE,
}


def allowing_policy(policies: list[dict[str, Any]], attributes: dict[str, Any]) -> str | None:
    """Name of the first associated policy that allows a request, None when none does.

    `policies` are an access entry's {policyArn, accessScope: {type, namespaces}}; `attributes` is the spec of a
    SubjectAccessReview. A policy scoped to namespaces (`*` is a wildcard) covers nothing outside them.
    """
    resource = attributes.get("resourceAttributes")
    for policy in policies:
        name = policy["policyArn"].rpartition("/")[2]
        scope = policy.get("accessScope") or {}
        for rule in POLICIES.get(name, ()):
            if resource is None:
                if rule.urls and scope.get("type") != "namespace":
                    return name
                continue
            target = "/".join(filter(None, (resource.get("resource", ""), resource.get("subresource", ""))))
            if rule.allows_resource(resource.get("group", ""), target, resource.get("verb", "")) and _in_scope(
                scope, resource.get("namespace", "")
            ):
                return name
    return None


def _in_scope(scope: dict[str, Any], namespace: str) -> bool:
    if scope.get("type") != "namespace":
        return True
    return bool(namespace) and any(fnmatchcase(namespace, pattern) for pattern in scope.get("namespaces") or [])
