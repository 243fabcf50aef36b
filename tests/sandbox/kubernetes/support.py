"""What the tests of the Kubernetes side share: a stand-in for the EKS model, tokens, a client that is a user."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import urllib3
from moto.iam.models import iam_backends

from piksel_sandbox.aws.eks.token import TokenError
from piksel_sandbox.kubernetes import ClusterRef, control_planes
from piksel_sandbox.kubernetes.client import Client

ACCOUNT = "111122223333"
REGION = "ap-southeast-3"
POLICY = "arn:aws:eks::aws:cluster-access-policy/"
SESSION = "someone@example.org"
T = TypeVar("T")


def wait_for(what: Callable[[], T], seconds: float = 10.0) -> T:
    """The first true answer; the last one when the time is over, for the assertion to show."""
    limit = time.monotonic() + seconds
    while not (answer := what()) and time.monotonic() < limit:
        time.sleep(0.05)
    return answer


class Model:
    """The EKS model's answers; a test sets the lists."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """As a new cluster has it."""
        self.entry_list: list[dict[str, Any]] = []
        self.addon_list: list[dict[str, Any]] = []
        self.profile_list: list[dict[str, Any]] = []
        self.group_list: list[dict[str, Any]] = []
        self.mode = "API"

    def access_entries(self, ref: ClusterRef) -> list[dict[str, Any]]:
        """The entries."""
        return list(self.entry_list)

    def addons(self, ref: ClusterRef) -> list[dict[str, Any]]:
        """The add-ons."""
        return list(self.addon_list)

    def fargate_profiles(self, ref: ClusterRef) -> list[dict[str, Any]]:
        """The profiles."""
        return list(self.profile_list)

    def nodegroups(self, ref: ClusterRef) -> list[dict[str, Any]]:
        """The node groups."""
        return list(self.group_list)

    def cluster(self, ref: ClusterRef) -> dict[str, Any]:
        """The cluster."""
        return {
            "accessConfig": {"authenticationMode": self.mode},
            "endpoint": control_planes.endpoint(ref),
            "certificateAuthority": {"data": control_planes.certificate_authority(ref)},
        }

    def add_profile(self, name: str, *namespaces: str, labels: dict[str, str] | None = None) -> None:
        """An ACTIVE Fargate profile."""
        selectors = [{"namespace": namespace, "labels": labels or {}} for namespace in namespaces]
        self.profile_list.append(
            {"fargateProfileName": name, "status": "ACTIVE", "selectors": selectors, "subnets": ["subnet-1"]}
        )

    def add_entry(self, arn: str, *policies: str, namespaces: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
        """An access entry with policies, cluster-wide or for `namespaces`."""
        scope = {"type": "namespace" if namespaces else "cluster", "namespaces": list(namespaces)}
        associated = [{"policyArn": POLICY + policy, "accessScope": scope} for policy in policies]
        entry = {"principalArn": arn, "type": "STANDARD", "associatedAccessPolicies": associated, **fields}
        self.entry_list.append(entry)
        return entry


def addon(name: str, resolve_conflicts: str = "OVERWRITE", **configuration: Any) -> dict[str, Any]:
    """An add-on's row, with a change of its own."""
    return {
        "change": {"id": uuid.uuid4().hex, "resolveConflicts": resolve_conflicts},
        "addonName": name,
        "addonVersion": "v1.0.0-eksbuild.1",
        "status": "ACTIVE",
        "configurationValues": json.dumps(configuration) if configuration else None,
    }


def make_role(name: str, path: str = "/") -> str:
    """Makes a role in the emulator's IAM and returns its ARN."""
    backend = iam_backends[ACCOUNT]["aws"]
    return str(backend.create_role(name, "{}", path, None, "", [], "3600").arn)


def session_arn(role: str, session: str = SESSION) -> str:
    """ARN of a session of a role, as STS shows it."""
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"


def token(caller: str, cluster: str) -> str:
    """A token whose verification is played by `caller_of_token`."""
    url = f"https://sts.example/?X-Amz-Credential=ASIATEST%2F20260101&caller={quote(caller)}&cluster={cluster}"
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def caller_of_token(url: str, cluster_name: str) -> dict[str, str]:
    """Stands for the verification of a presigned URL."""
    query = parse_qs(urlsplit(url).query)
    if query["cluster"][0] != cluster_name:
        raise TokenError("the token is for another cluster")
    return {"arn": query["caller"][0], "account": ACCOUNT, "user_id": "AROATEST:session"}


class Cluster:
    """A cluster that is READY, its administrator's client, and users with tokens."""

    def __init__(self, ref: ClusterRef, folder: Path) -> None:
        self.ref = ref
        self.folder = folder
        self.endpoint = control_planes.endpoint(ref)
        self.admin = Client(control_planes.server(ref), folder)
        authority = base64.b64decode(control_planes.certificate_authority(ref)).decode()
        self._pool = urllib3.PoolManager(ca_cert_data=authority, retries=False)

    def as_caller(
        self, caller: str, method: str, path: str, body: Any = None, cluster: str | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer of one request with an EKS token."""
        answer = self._pool.request(
            method,
            self.endpoint + path,
            json=body,
            headers={"Authorization": f"Bearer {token(caller, cluster or self.ref.name)}", **headers},
        )
        return answer.status, answer.json() if answer.data[:1] == b"{" else {}

    def items(self, path: str) -> list[dict[str, Any]]:
        """The items of a list."""
        return (self.admin.get(path) or {}).get("items") or []

    def pods(self, namespace: str) -> dict[str, dict[str, Any]]:
        """Pods by name."""
        return {pod["metadata"]["name"]: pod for pod in self.items(f"/api/v1/namespaces/{namespace}/pods")}

    def make_namespace(self, name: str) -> None:
        """Makes a namespace and waits until pods can be made in it."""
        self.admin.request(
            "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )
        wait_for(lambda: self.admin.get(f"/api/v1/namespaces/{name}/serviceaccounts/default"))

    def make_pod(self, namespace: str, name: str, labels: dict[str, str] | None = None, **spec: Any) -> None:
        """Makes a pod with one container."""
        self.admin.request(
            "POST",
            f"/api/v1/namespaces/{namespace}/pods",
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "labels": labels or {}},
                "spec": {"containers": [{"name": "main", "image": "example/none:1"}], **spec},
            },
        )


def start(name: str, version: str) -> ClusterRef:
    """Starts a control plane and returns without waiting."""
    ref = ClusterRef(ACCOUNT, REGION, name, "0123456789abcdef")
    control_planes.start(ref, version, f"https://oidc.eks.{REGION}.amazonaws.com/id/{name.upper()}", None)
    return ref


def wait_settled(ref: ClusterRef) -> str:
    """READY or FAILED."""
    wait_for(lambda: control_planes.state(ref) != "STARTING", 90)
    return control_planes.state(ref)
