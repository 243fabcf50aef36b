"""Karpenter's controller: a process while its Deployment has pods, with what those pods would have.

Environment and arguments are those of the Deployment; rights in the cluster and in AWS come from tokens of its service
account, so that what the chart and the platform give is all that it has.
https://karpenter.sh/docs/reference/settings/
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from piksel_sandbox import processes
from piksel_sandbox.kubernetes import build, components
from piksel_sandbox.kubernetes.client import Client
from piksel_sandbox.kubernetes.mirror import Mirror
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

logger = logging.getLogger(__name__)
NAMESPACE = NAME = "karpenter"
# As EKS mounts it: https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html
AUDIENCE = "sts.amazonaws.com"
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
TOKEN_SECONDS = 86400
RESTART_SECONDS = 3.0
# What only a pod could use, or what would take ports of the machine.
OURS = {
    "DISABLE_LEADER_ELECTION": "true",
    "DISABLE_WEBHOOK": "true",
    "HEALTH_PROBE_PORT": "0",
    # There are no prices to ask for.
    "ISOLATED_VPC": "true",
    "METRICS_PORT": "0",
}


class KarpenterController:
    """What works for Karpenter in one cluster; `reconcile` is called by the cluster's agent."""

    def __init__(self, ref: ClusterRef, client: Client, on_change: Callable[[], None]) -> None:
        self._ref = ref
        self._client = client
        self._deployments = Mirror(client, f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", on_change)
        self._child: subprocess.Popen[bytes] | None = None
        # What the process was started by.
        self._pod: dict[str, Any] = {}
        self._next_start = 0.0
        self.mirrors = (self._deployments,)

    def reconcile(self) -> None:
        """Starts and stops the process as the Deployment asks. Raises ApiError."""
        deployment = self._deployments.by_name(NAME)
        if deployment is None or deployment.get("status", {}).get("availableReplicas", 0) == 0:
            self.stop()
            return
        pod = deployment["spec"]["template"]["spec"]
        if pod != self._pod:
            self.stop()
            self._pod, self._next_start = pod, 0.0
        if (self._child is None or self._child.poll() is not None) and time.monotonic() >= self._next_start:
            self._next_start = time.monotonic() + RESTART_SECONDS
            self._child = self._start(pod)

    def stop(self) -> None:
        """Ends the process."""
        if self._child is not None:
            processes.stop(settings.state, self._child)
            self._child = None

    def _start(self, pod: dict[str, Any]) -> subprocess.Popen[bytes]:
        folder = settings.state.folder / "kubernetes" / self._ref.slug
        account = pod["serviceAccountName"]
        container = pod["containers"][0]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            **{one["name"]: one["value"] for one in container["env"] if "value" in one},
            **OURS,
            "SYSTEM_NAMESPACE": NAMESPACE,
            "KUBECONFIG": str(self._kubeconfig(folder, account)),
            **self._aws(folder, account),
        }
        logger.info("starting %s of %s", NAME, self._ref.slug)
        command = [str(build.ensure()[NAME]), *(container.get("args") or [])]
        return processes.spawn(settings.state, f"kubernetes-{self._ref.slug}-{NAME}", command, env=environment)

    def _token(self, account: str, *audiences: str) -> str:
        """A token of the service account. Raises ApiError."""
        wanted = {"expirationSeconds": TOKEN_SECONDS, **({"audiences": list(audiences)} if audiences else {})}
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": wanted}
        path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
        return str(self._client.request("POST", path, request)["status"]["token"])

    def _kubeconfig(self, folder: Path, account: str) -> Path:
        cluster = {"server": self._client.endpoint, "certificate-authority": str(folder / "ca.crt")}
        content = components.kubeconfig(cluster, {"token": self._token(account)})
        return _written(folder / f"{NAME}.kubeconfig", json.dumps(content))

    def _aws(self, folder: Path, account: str) -> dict[str, str]:
        """What EKS puts into a pod whose service account has a role, and where AWS is."""
        found = self._client.request("GET", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}")
        role = (found["metadata"].get("annotations") or {}).get(ROLE_ANNOTATION, "")
        token = _written(folder / f"{NAME}.token", self._token(account, AUDIENCE))
        return {
            "AWS_REGION": self._ref.region,
            "AWS_ENDPOINT_URL": settings.url,
            "AWS_ENDPOINT_URL_STS": settings.url,
            "AWS_ROLE_ARN": role,
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _written(path: Path, content: str) -> Path:
    """The path of a file that only its owner reads, with this content."""
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    return path
