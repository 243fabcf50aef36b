"""Flux's components as `flux install` would write them: the real definitions, and controllers that the sandbox plays or
runs.

`data/crds.json` holds the custom resource definitions of Flux v2.6.0, made by controller-gen from its API modules
without descriptions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

NAMESPACE = "flux-system"
VERSION = "v2.6.0"
CONTROLLERS = {
    "helm-controller": "v1.3.0",
    "kustomize-controller": "v1.6.0",
    "notification-controller": "v1.6.0",
    "source-controller": "v1.6.0",
}
SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
APPLIERS = ("helm-controller", "kustomize-controller")
DEFINITIONS = Path(__file__).with_name("data") / "crds.json"
GROUPS = ("source", "kustomize", "helm", "notification")


def stream() -> str:
    """The manifest as a YAML stream, `gotk-components.yaml`."""
    objects = [_namespace(), *json.loads(DEFINITIONS.read_text(encoding="utf-8")), *_rights()]
    for name, version in CONTROLLERS.items():
        objects += [_account(name), _deployment(name, version)]
    objects.append(_service("source-controller"))
    return "".join(f"---\n{yaml.dump(item, Dumper=getattr(yaml, 'CSafeDumper', yaml.SafeDumper))}" for item in objects)


def _labels(component: str | None = None) -> dict[str, str]:
    named = {"app.kubernetes.io/component": component} if component else {}
    shared = {"instance": NAMESPACE, "part-of": "flux", "version": VERSION}
    return {**named, **{f"app.kubernetes.io/{name}": value for name, value in shared.items()}}


def _object(api_version: str, kind: str, name: str, component: str | None = None, **parts: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": _labels(component)}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def _namespace() -> dict[str, Any]:
    labels = {**_labels(), "pod-security.kubernetes.io/warn": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def _rights() -> list[dict[str, Any]]:
    """What the controllers may do: https://fluxcd.io/flux/security/."""
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE} for name in CONTROLLERS]
    appliers = [subject for subject in subjects if subject["name"] in APPLIERS]
    rules = [
        {"apiGroups": [f"{group}.toolkit.fluxcd.io"], "resources": ["*"], "verbs": ["*"]} for group in GROUPS
    ] + [
        {"apiGroups": [""], "resources": ["namespaces", "secrets", "configmaps", "serviceaccounts"],
         "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
    ]  # fmt: skip
    role = _object("rbac.authorization.k8s.io/v1", "ClusterRole", f"crd-controller-{NAMESPACE}", rules=rules)
    bindings = [
        _binding(f"cluster-reconciler-{NAMESPACE}", "cluster-admin", appliers),
        _binding(f"crd-controller-{NAMESPACE}", f"crd-controller-{NAMESPACE}", subjects),
    ]
    for item in (role, *bindings):
        del item["metadata"]["namespace"]
    return [role, *bindings]


def _binding(name: str, role: str, subjects: list[dict[str, str]]) -> dict[str, Any]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    return _object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name, roleRef=reference, subjects=subjects)


def _account(name: str) -> dict[str, Any]:
    return _object("v1", "ServiceAccount", name, name)


def _service(name: str) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}]
    return _object("v1", "Service", name, name, spec={"selector": {"app": name}, "ports": ports, "type": "ClusterIP"})


def _deployment(name: str, version: str) -> dict[str, Any]:
    container = {
        "name": "manager",
        "image": f"ghcr.io/fluxcd/{name}:{version}",
        "args": ["--watch-all-namespaces=true", "--log-level=info", "--log-encoding=json", "--enable-leader-election"],
        "env": [
            {"name": "RUNTIME_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {
                "name": "GOMAXPROCS",
                "valueFrom": {"resourceFieldRef": {"containerName": "manager", "resource": "limits.cpu"}},
            },
        ],
        "ports": [{"containerPort": 8080, "name": "http-prom", "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "64Mi"}},
        "securityContext": SECURITY,
        "volumeMounts": [{"mountPath": "/data", "name": "temp"}],
    }
    if name == "source-controller":
        container["ports"] = [{"containerPort": 9090, "name": "http", "protocol": "TCP"}, *container["ports"]]
    pod = {
        "containers": [container],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "serviceAccountName": name,
        "volumes": [{"emptyDir": {}, "name": "temp"}],
    }
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name, **_labels(name)}}, "spec": pod},
    }
    return _object("apps/v1", "Deployment", name, name, spec=spec)
