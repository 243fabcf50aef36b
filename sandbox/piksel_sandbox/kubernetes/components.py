"""Command lines and configuration files of the processes of one control plane.

Flags: https://kubernetes.io/docs/reference/command-line-tools-reference/ and https://etcd.io/docs/v3.6/op-guide/configuration/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from piksel_sandbox.kubernetes.certificates import Authority

# relative to the working directory of etcd and kube-apiserver: a path has no length limit then, and no port is taken
ETCD_CLIENT_SOCKET = "unix://etcd-client:0"
ETCD_PEER_SOCKET = "unix://etcd-peer:0"
KUBELET_PORT = 10250
DEFAULT_SERVICE_CIDR = "172.20.0.0/16"
REVOCATION_SECONDS = 2
AGENT = "eks:sandbox"
KWOK = "eks:kwok"
KUSTOMIZE = "system:serviceaccount:flux-system:kustomize-controller"
GROUPS = {
    "scheduler": (),
    "kustomize-controller": ("system:serviceaccounts", "system:serviceaccounts:flux-system", "system:authenticated"),
}
SILENT_READERS = ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", AGENT, KWOK]

# nothing here has an effect without kubelets, a cloud provider or certificate requests; each costs watches and memory
UNUSED_CONTROLLERS = (
    "bootstrap-signer-controller",
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
    "certificatesigningrequest-signing-controller",
    "cloud-node-lifecycle-controller",
    "legacy-serviceaccount-token-cleaner-controller",
    "node-ipam-controller",
    "node-route-controller",
    "persistentvolume-attach-detach-controller",
    "persistentvolume-expander-controller",
    "service-lb-controller",
    "token-cleaner-controller",
    "ttl-controller",
)


@dataclass(frozen=True)
class Layout:
    """Everything that the processes of one control plane need to know; `emulated` is the minor to emulate, or None.

    `kubelet` is the loopback address where kwok plays the kubelet of every node.
    """

    folder: Path
    binaries: Mapping[str, Path]
    authority: Authority
    port: int
    issuer: str
    service_cidr: str
    audit_log: Path
    webhook_url: str
    emulated: str | None
    kubelet: str

    @property
    def endpoint(self) -> str:
        """Where kube-apiserver serves."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def service_account_keys(self) -> tuple[Path, Path]:
        """(public, private) key of the service account tokens."""
        return self.folder / "service-account.pub", self.folder / "service-account.key"


def write_configuration(layout: Layout) -> None:
    """Writes certificates, kubeconfigs, the audit policy and the webhook configurations into the folder."""
    hosts = ("127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
    layout.authority.save()
    layout.authority.issue("apiserver", "kube-apiserver", hosts=hosts)
    for name, user in (
        ("controller-manager", "system:kube-controller-manager"),
        ("scheduler", "system:kube-scheduler"),
        ("kwok", KWOK),
        ("agent", AGENT),
        ("kustomize-controller", KUSTOMIZE),
    ):
        # the scheduler's own cluster role is complete, and a service account has what Flux gives it; the others would
        # need bindings before they can start
        groups = GROUPS.get(name, ("system:masters",))
        certificate, key = layout.authority.issue(name, user, groups)
        credentials = {"client-certificate": str(certificate), "client-key": str(key)}
        cluster = {"server": layout.endpoint, "certificate-authority": str(layout.authority.path)}
        _write_json(layout.folder / f"{name}.kubeconfig", kubeconfig(cluster, credentials))
    for name in ("authenticate", "authorize"):
        _write_json(layout.folder / f"{name}.kubeconfig", kubeconfig({"server": f"{layout.webhook_url}/{name}"}, {}))
    _write_json(layout.folder / "audit-policy.json", audit_policy())
    _write_json(layout.folder / "authorization.json", authorization_configuration(layout.folder))
    layout.audit_log.parent.mkdir(parents=True, exist_ok=True)
    # kube-apiserver opens an existing file for appending, so that the file may be truncated below it
    layout.audit_log.touch(mode=0o600)


def kubeconfig(cluster: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    """A kubeconfig with one context."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "sandbox", "cluster": cluster}],
        "users": [{"name": "sandbox", "user": user}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
        "current-context": "sandbox",
    }


def audit_policy() -> dict[str, Any]:
    """Metadata of everything but noise and the components' own reads; never a body, so never a secret value."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived", "ResponseStarted"],
        "omitManagedFields": True,
        "rules": [
            {"level": "None", "nonResourceURLs": ["*"]},
            {
                "level": "None",
                "resources": [
                    {"group": "", "resources": ["events"]},
                    {"group": "events.k8s.io", "resources": ["events"]},
                    {"group": "coordination.k8s.io", "resources": ["leases"]},
                ],
            },
            {"level": "None", "users": SILENT_READERS, "verbs": ["get", "list", "watch"]},
            {"level": "Metadata"},
        ],
    }


def authorization_configuration(folder: Path) -> dict[str, Any]:
    """Node and RBAC as on EKS, and the sandbox's webhook for the EKS access policies.

    The webhook comes first because only there it can refuse a principal whose access entry is gone: kube-apiserver
    caches a good token for 10 s, whatever the webhook's own time to live is.
    """
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthorizationConfiguration",
        "authorizers": [
            {
                "type": "Webhook",
                "name": "eks-access-policies",
                "webhook": {
                    "authorizedTTL": f"{REVOCATION_SECONDS}s",
                    "unauthorizedTTL": f"{REVOCATION_SECONDS}s",
                    "timeout": "10s",
                    "subjectAccessReviewVersion": "v1",
                    "matchConditionSubjectAccessReviewVersion": "v1",
                    "failurePolicy": "NoOpinion",
                    "matchConditions": [{"expression": "has(request.extra) && 'canonicalArn' in request.extra"}],
                    "connectionInfo": {
                        "type": "KubeConfigFile",
                        "kubeConfigFile": str(folder / "authorize.kubeconfig"),
                    },
                },
            },
            {"type": "Node", "name": "node"},
            {"type": "RBAC", "name": "rbac"},
        ],
    }


def etcd(layout: Layout) -> list[str]:
    """etcd on two sockets; nothing survives the sandbox, so it need not wait for the disk."""
    return [
        str(layout.binaries["etcd"]),
        "--name=sandbox",
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={ETCD_CLIENT_SOCKET}",
        f"--advertise-client-urls={ETCD_CLIENT_SOCKET}",
        f"--listen-peer-urls={ETCD_PEER_SOCKET}",
        f"--initial-advertise-peer-urls={ETCD_PEER_SOCKET}",
        f"--initial-cluster=sandbox={ETCD_PEER_SOCKET}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def kube_apiserver(layout: Layout) -> list[str]:
    """kube-apiserver as EKS configures it, as far as that can be seen from outside."""
    public_key, private_key = layout.service_account_keys
    folder = layout.folder
    return [
        str(layout.binaries["kube-apiserver"]),
        f"--etcd-servers={ETCD_CLIENT_SOCKET}",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.port}",
        "--permit-port-sharing=true",
        f"--tls-cert-file={folder / 'apiserver.crt'}",
        f"--tls-private-key-file={folder / 'apiserver.key'}",
        f"--client-ca-file={layout.authority.path}",
        f"--service-account-issuer={layout.issuer}",
        f"--service-account-key-file={public_key}",
        f"--service-account-signing-key-file={private_key}",
        f"--service-account-jwks-uri={layout.issuer}/keys",
        "--api-audiences=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={layout.service_cidr}",
        # loopback addresses are no valid endpoints, and no pod will ask for them
        "--endpoint-reconciler-type=none",
        f"--authentication-token-webhook-config-file={folder / 'authenticate.kubeconfig'}",
        "--authentication-token-webhook-version=v1",
        "--authentication-token-webhook-cache-ttl=1s",
        f"--authorization-config={folder / 'authorization.json'}",
        "--enable-admission-plugins=NodeRestriction",
        # nodes have addresses of their subnets, which lead nowhere, and this one
        "--kubelet-preferred-address-types=ExternalDNS",
        "--allow-privileged=true",
        f"--audit-policy-file={folder / 'audit-policy.json'}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-mode=blocking",
        "--audit-log-maxsize=100000",
        "--profiling=false",
        *_emulation(layout),
    ]


def kube_controller_manager(layout: Layout) -> list[str]:
    """kube-controller-manager with every controller that has something to do here."""
    return [
        str(layout.binaries["kube-controller-manager"]),
        f"--kubeconfig={layout.folder / 'controller-manager.kubeconfig'}",
        f"--controllers=*,{','.join(f'-{name}' for name in UNUSED_CONTROLLERS)}",
        f"--service-account-private-key-file={layout.service_account_keys[1]}",
        f"--root-ca-file={layout.authority.path}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
        *_emulation(layout),
    ]


def kube_scheduler(layout: Layout) -> list[str]:
    """kube-scheduler with its defaults."""
    return [
        str(layout.binaries["kube-scheduler"]),
        f"--kubeconfig={layout.folder / 'scheduler.kubeconfig'}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
        *_emulation(layout),
    ]


def kwok(layout: Layout) -> list[str]:
    """kwok, which plays the kubelets of the nodes annotated for it; it makes no node of its own.

    https://kwok.sigs.k8s.io/docs/user/kwok-manage-nodes-and-pods/
    """
    return [
        str(layout.binaries["kwok"]),
        f"--kubeconfig={layout.folder / 'kwok.kubeconfig'}",
        f"--config={layout.folder / 'kwok.yaml'}",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-lease-duration-seconds=40",
        f"--server-address={layout.kubelet}:{KUBELET_PORT}",
        f"--node-port={KUBELET_PORT}",
    ]


def _emulation(layout: Layout) -> list[str]:
    return [f"--emulated-version={layout.emulated}"] if layout.emulated else []


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
    path.chmod(0o600)
