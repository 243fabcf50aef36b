"""Resources (plural, as the audit log has it) that Flux's components and its objects are made of, to their kind."""

from __future__ import annotations

RESOURCES = {
    "customresourcedefinitions": "CustomResourceDefinition",
    "clusterroles": "ClusterRole",
    "clusterrolebindings": "ClusterRoleBinding",
    "deployments": "Deployment",
    "services": "Service",
    "gitrepositories": "GitRepository",
    "kustomizations": "Kustomization",
    "providers": "Provider",
    "alerts": "Alert",
}
