"""What EKS itself puts into a new cluster before anybody can reach it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from piksel_sandbox.kubernetes import addon_manifests, admission, fault_admission
from piksel_sandbox.kubernetes.client import Client
from piksel_sandbox.kubernetes.refs import ClusterRef

PORT_FORWARD = Path(__file__).with_name("port_forward.py")
# who has the fields of self-managed add-ons: not `eks`, so that a managed one that differs meets conflicts
SELF_MANAGED = "kubectl-client-side-apply"


def kwok_configuration(forward_url: str) -> str:
    """kwok's own stages play nodes and pods; a connection of a port-forward goes where `forward_url` says.

    https://kwok.sigs.k8s.io/docs/user/kwok-port-forward-configuration/
    """
    command = [sys.executable, "-I", "-S", str(PORT_FORWARD), forward_url]
    forward = {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterPortForward",
        "metadata": {"name": "pods"},
        "spec": {"forwards": [{"command": command}]},
    }
    return json.dumps(forward)


def manifests(ref: ClusterRef) -> list[dict[str, Any]]:
    """The objects, in the order in which they are applied."""
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "0500-amazon-eks-fargate-mutation.amazonaws.com"},
            "webhooks": [
                {
                    "name": "0500-amazon-eks-fargate-mutation.amazonaws.com",
                    "clientConfig": admission.server.client_configuration(ref, "fargate"),
                    "rules": [
                        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
                    ],
                    "failurePolicy": "Ignore",
                    "sideEffects": "None",
                    "timeoutSeconds": 5,
                    "admissionReviewVersions": ["v1"],
                }
            ],
        },
        fault_admission.webhook_configuration(admission.server.client_configuration(ref, "faults")),
        # clusters since 1.30 have this class without making it the default
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "gp2"},
            "provisioner": "kubernetes.io/aws-ebs",
            "parameters": {"type": "gp2", "fsType": "ext4"},
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
    ]


def install(client: Client, ref: ClusterRef) -> None:
    """Applies the objects. Raises ApiError."""
    for manifest in manifests(ref):
        client.apply(manifest)


def install_self_managed(client: Client, ref: ClusterRef, addons: list[dict[str, Any]]) -> None:
    """Applies the objects of the add-ons (names and versions, shapes `Addon`) that nobody manages yet. Raises ApiError.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html, `bootstrapSelfManagedAddons`
    """
    for addon in addons:
        for manifest in addon_manifests.manifests(addon, ref.region):
            client.apply(manifest, manager=SELF_MANAGED)
