"""Admission webhooks on a TLS port of the sandbox process: EKS's own for Fargate, and the sandbox's for faults.

As on EKS a pod is given to Fargate when it is *created*: a pod that is older than the profile stays Pending until it
is made again (https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html).
"""

from __future__ import annotations

import base64
import json
import logging
import shutil
import tempfile
import threading
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from piksel_sandbox.kubernetes import fault_admission
from piksel_sandbox.kubernetes.certificates import Authority
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

logger = logging.getLogger(__name__)
SCHEDULER = "fargate-scheduler"
PROFILE_LABEL = "eks.amazonaws.com/fargate-profile"
COMPUTE_TYPE = "eks.amazonaws.com/compute-type"


def matching_profile(pod: dict[str, Any], namespace: str, profiles: list[dict[str, Any]]) -> str | None:
    """Name of the ACTIVE profile that takes a pod, None when none does; the first by name, as on EKS.

    Namespaces and label values of a selector may hold `*` and `?`. Fargate leaves alone what is marked for EC2 by
    annotation or node selector, and the pods of DaemonSets.
    """
    metadata, spec = pod.get("metadata", {}), pod.get("spec", {})
    labels = metadata.get("labels") or {}
    marks = ((metadata.get("annotations") or {}).get(COMPUTE_TYPE), (spec.get("nodeSelector") or {}).get(COMPUTE_TYPE))
    if any(mark and mark.lower() != "fargate" for mark in marks) or spec.get("nodeName"):
        return None
    if any(owner.get("kind") == "DaemonSet" for owner in metadata.get("ownerReferences") or []):
        return None
    for profile in sorted(profiles, key=lambda profile: profile["fargateProfileName"]):
        if profile.get("status") != "ACTIVE":
            continue
        for selector in profile.get("selectors") or []:
            wanted_labels = selector.get("labels") or {}
            if fnmatchcase(namespace, selector.get("namespace", "")) and all(
                key in labels and fnmatchcase(labels[key], value) for key, value in wanted_labels.items()
            ):
                return str(profile["fargateProfileName"])
    return None


def fargate_patch(pod: dict[str, Any], profile: str) -> list[dict[str, Any]]:
    """JSON patch that hands a pod to the Fargate scheduler, as EKS does it."""
    labels = {**(pod.get("metadata", {}).get("labels") or {}), PROFILE_LABEL: profile}
    return [
        {"op": "add", "path": "/metadata/labels", "value": labels},
        {"op": "add", "path": "/spec/schedulerName", "value": SCHEDULER},
        {"op": "add", "path": "/spec/priority", "value": 2000001000},
        {"op": "add", "path": "/spec/priorityClassName", "value": "system-node-critical"},
    ]


def review_pod(ref: ClusterRef, request: dict[str, Any]) -> dict[str, Any]:
    """Answers one AdmissionRequest about a new pod; always allows.

    https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response
    """
    answer: dict[str, Any] = {"uid": request["uid"], "allowed": True}
    pod = request.get("object") or {}
    profile = matching_profile(pod, request.get("namespace", ""), settings.queries.fargate_profiles(ref))
    if profile:
        patch = json.dumps(fargate_patch(pod, profile)).encode()
        answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(patch).decode()}
    return answer


_REVIEWS: dict[str, Callable[[ClusterRef, dict[str, Any]], dict[str, Any]]] = {
    "fargate": review_pod,
    "faults": fault_admission.review_write,
}


class _Silent(WSGIRequestHandler):
    # the API server keeps its connections, which saves a handshake per write
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: the API server's audit log has the request already."""


class AdmissionServer:
    """One TLS server per sandbox process, for all clusters; starts with the first cluster."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: BaseWSGIServer | None = None
        self._authority_pem = b""

    def client_configuration(self, ref: ClusterRef, kind: str) -> dict[str, str]:
        """`clientConfig` of this cluster's webhook `kind` (fargate, faults); starts the server when it does not run."""
        with self._lock:
            if self._server is None:
                self._start()
            assert self._server is not None
            return {
                "url": f"https://127.0.0.1:{self._server.server_port}/{ref.path}/{kind}",
                "caBundle": base64.b64encode(self._authority_pem).decode(),
            }

    def stop(self) -> None:
        """Ends the server; the next cluster starts another one."""
        with self._lock:
            if self._server is not None:
                self._server.shutdown()
                self._server.server_close()
                self._server = None

    def _start(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=settings.state.folder, prefix="admission-"))
        try:
            authority = Authority("sandbox-admission", folder)
            certificate, key = authority.issue("server", "sandbox", hosts=("127.0.0.1",))
            self._server = make_server(
                "127.0.0.1", 0, _application, threaded=True, request_handler=_Silent,
                ssl_context=(str(certificate), str(key)),
            )  # fmt: skip
            self._authority_pem = authority.pem
        finally:
            shutil.rmtree(folder)
        threading.Thread(target=self._server.serve_forever, name="admission", daemon=True).start()


@Request.application
def _application(request: Request) -> Response:
    try:
        *parts, kind = request.path.strip("/").split("/")
        answer = _REVIEWS[kind](ClusterRef(*parts), request.get_json()["request"])
    except Exception:
        logger.exception("admission review %s", request.path)
        return Response(status=500)
    body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
    return Response(json.dumps(body), content_type="application/json")


server = AdmissionServer()
