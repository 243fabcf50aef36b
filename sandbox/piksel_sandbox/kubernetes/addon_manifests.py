"""The objects of each add-on: small, with the names, accounts and placement rules of the real ones.

https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

Manifest = dict[str, Any]
NAMESPACE = "kube-system"
REGISTRY_ACCOUNT = "296578399912"
COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
COREFILE = """.:53 {
    errors
    health {
        lameduck 5s
      }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
"""
EVERYWHERE = [{"operator": "Exists"}]
CRITICAL = [
    {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
    {"key": "CriticalAddonsOnly", "operator": "Exists"},
]


def configuration(addon: dict[str, Any]) -> dict[str, Any]:
    """An add-on's configurationValues (JSON or YAML text) as a map, {} when there are none."""
    values = yaml.safe_load(addon.get("configurationValues") or "{}")
    return values if isinstance(values, dict) else {}


def manifests(addon: dict[str, Any], region: str) -> list[Manifest]:
    """The objects of an add-on (DescribeAddon's shape), [] for one that this sandbox plays as a row only."""
    make = _MAKERS.get(addon["addonName"])
    return make(addon, configuration(addon), region) if make else []


def deployments_of(name: str) -> tuple[str, ...]:
    """Names of the Deployments whose pods make an add-on healthy."""
    return _DEPLOYMENTS.get(name, ())


def _image(region: str, path: str, addon: dict[str, Any]) -> str:
    return f"{REGISTRY_ACCOUNT}.dkr.ecr.{region}.amazonaws.com/{path}:{addon.get('addonVersion', 'latest')}"


def _object(api_version: str, kind: str, name: str, labels: dict[str, str], **parts: Any) -> Manifest:
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def _service_account(name: str, labels: dict[str, str], addon: dict[str, Any]) -> Manifest:
    account = _object("v1", "ServiceAccount", name, labels)
    if addon.get("serviceAccountRoleArn"):
        account["metadata"]["annotations"] = {"eks.amazonaws.com/role-arn": addon["serviceAccountRoleArn"]}
    return account


def _filled(part: Manifest) -> Manifest:
    """A part without what is empty: an object does not keep it, so every apply of it would be a conflict."""
    return {key: value for key, value in part.items() if value not in ({}, [])}


def _affinity() -> dict[str, Any]:
    expressions = [
        {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"]},
    ]
    terms = [{"matchExpressions": expressions}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def _daemon_affinity() -> dict[str, Any]:
    affinity = _affinity()
    required = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    required["nodeSelectorTerms"][0]["matchExpressions"].append(
        {"key": COMPUTE_TYPE, "operator": "NotIn", "values": ["fargate", "hybrid", "auto"]}
    )
    return affinity


def _daemon_set(name: str, labels: dict[str, str], account: str, containers: list[Manifest]) -> Manifest:
    spec = {
        "serviceAccountName": account,
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "tolerations": EVERYWHERE,
        "affinity": _daemon_affinity(),
        "containers": containers,
    }
    return _object(
        "apps/v1", "DaemonSet", name, labels,
        spec={"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    )  # fmt: skip


def _coredns(addon: dict[str, Any], values: dict[str, Any], region: str) -> list[Manifest]:
    labels = {"k8s-app": "kube-dns", "eks.amazonaws.com/component": "coredns"}
    selector = {"k8s-app": "kube-dns", "eks.amazonaws.com/component": "coredns"}
    scaling = values.get("autoScaling") or {}
    replicas = scaling.get("minReplicas", 2) if scaling.get("enabled") else values.get("replicaCount", 2)
    # without a compute type the pods are meant for EC2, and Fargate does not take them
    annotations = {COMPUTE_TYPE: str(values.get("computeType") or "ec2"), **(values.get("podAnnotations") or {})}
    resources = {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}}
    container = {
        "name": "coredns",
        "image": _image(region, "eks/coredns", addon),
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": values.get("resources") or resources,
        "ports": [
            {"containerPort": 53, "name": "dns", "protocol": "UDP"},
            {"containerPort": 53, "name": "dns-tcp", "protocol": "TCP"},
            {"containerPort": 9153, "name": "metrics", "protocol": "TCP"},
        ],
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
    }
    spec = {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        "tolerations": values.get("tolerations") or CRITICAL,
        "nodeSelector": values.get("nodeSelector") or {},
        "affinity": values.get("affinity") or _affinity(),
        "topologySpreadConstraints": values.get("topologySpreadConstraints") or [],
        "containers": [container],
        "dnsPolicy": "Default",
        "volumes": [{"name": "config-volume", "configMap": {"name": "coredns"}}],
    }
    template = {
        "metadata": {"labels": {**(values.get("podLabels") or {}), **labels}, "annotations": annotations},
        "spec": _filled(spec),
    }
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
        {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153},
    ]
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": selector}}
    return [
        _service_account("coredns", labels, addon),
        _object("v1", "ConfigMap", "coredns", labels, data={"Corefile": values.get("corefile") or COREFILE}),
        _object("v1", "Service", "kube-dns", labels, spec={"selector": {"k8s-app": "kube-dns"}, "ports": ports}),
        _object("policy/v1", "PodDisruptionBudget", "coredns", labels, spec=budget),
        _object(
            "apps/v1", "Deployment", "coredns", labels,
            spec={
                "replicas": replicas,
                "selector": {"matchLabels": selector},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": "25%"}},
                "template": template,
            },
        ),
    ]  # fmt: skip


def _kube_proxy(addon: dict[str, Any], values: dict[str, Any], region: str) -> list[Manifest]:
    labels = {"k8s-app": "kube-proxy"}
    container = {"name": "kube-proxy", "image": _image(region, "eks/kube-proxy", addon)}
    return [
        _service_account("kube-proxy", labels, addon),
        _object(
            "v1", "ConfigMap", "kube-proxy-config", labels, data={"config": f"mode: {values.get('mode', 'iptables')}\n"}
        ),
        _daemon_set("kube-proxy", labels, "kube-proxy", [container]),
    ]


def _vpc_cni(addon: dict[str, Any], values: dict[str, Any], region: str) -> list[Manifest]:
    labels = {"k8s-app": "aws-node", "app.kubernetes.io/name": "aws-node"}
    environment = [{"name": key, "value": str(value)} for key, value in sorted((values.get("env") or {}).items())]
    node = {"name": "aws-node", "image": _image(region, "amazon-k8s-cni", addon), "env": environment}
    return [
        _service_account("aws-node", labels, addon),
        _object("v1", "ConfigMap", "amazon-vpc-cni", labels, data={"enable-windows-ipam": "false"}),
        _daemon_set("aws-node", labels, "aws-node", [_filled(node)]),
    ]


def _ebs_csi(addon: dict[str, Any], values: dict[str, Any], region: str) -> list[Manifest]:
    common = {"app.kubernetes.io/name": "aws-ebs-csi-driver"}
    labels = {"app": "ebs-csi-controller", **common}
    controller = values.get("controller") or {}
    plugin = {"name": "ebs-plugin", "image": _image(region, "eks/aws-ebs-csi-driver", addon)}
    spec = {
        "serviceAccountName": "ebs-csi-controller-sa",
        "priorityClassName": "system-cluster-critical",
        "tolerations": controller.get("tolerations") or CRITICAL,
        "nodeSelector": controller.get("nodeSelector") or {},
        "containers": [_filled({**plugin, "resources": controller.get("resources") or {}})],
    }
    template = {"metadata": {"labels": labels}, "spec": _filled(spec)}
    driver = _object("storage.k8s.io/v1", "CSIDriver", "ebs.csi.aws.com", common, spec={"attachRequired": True})
    del driver["metadata"]["namespace"]
    return [
        _service_account("ebs-csi-controller-sa", common, addon),
        _object("v1", "ServiceAccount", "ebs-csi-node-sa", common),
        driver,
        _object(
            "apps/v1", "Deployment", "ebs-csi-controller", common,
            spec={
                "replicas": controller.get("replicaCount", 2),
                "selector": {"matchLabels": labels},
                "template": template,
            },
        ),
        _daemon_set("ebs-csi-node", {"app": "ebs-csi-node", **common}, "ebs-csi-node-sa", [plugin]),
    ]  # fmt: skip


def _pod_identity_agent(addon: dict[str, Any], values: dict[str, Any], region: str) -> list[Manifest]:
    labels = {"app.kubernetes.io/name": "eks-pod-identity-agent"}
    container = {"name": "eks-pod-identity-agent", "image": _image(region, "eks/eks-pod-identity-agent", addon)}
    return [_daemon_set("eks-pod-identity-agent", labels, "default", [container])]


_MAKERS: dict[str, Callable[[dict[str, Any], dict[str, Any], str], list[Manifest]]] = {
    "coredns": _coredns,
    "kube-proxy": _kube_proxy,
    "vpc-cni": _vpc_cni,
    "aws-ebs-csi-driver": _ebs_csi,
    "eks-pod-identity-agent": _pod_identity_agent,
}
_DEPLOYMENTS = {"coredns": ("coredns",), "aws-ebs-csi-driver": ("ebs-csi-controller",)}
