"""What EKS itself puts into a new cluster before anybody can reach it."""

from __future__ import annotations

from typing import Any

from piksel_sandbox.kubernetes import admission, fault_admission
from piksel_sandbox.kubernetes.client import Client
from piksel_sandbox.kubernetes.refs import ClusterRef

# kwok's own stages play nodes and pods; an empty file keeps it from reading one in the home directory
KWOK_CONFIGURATION = ""


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
