"""Rows from events of a Kubernetes audit log (audit.k8s.io/v1, level Metadata).

https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

READS = {"get", "list", "watch", "head", "options"}
REVIEWS = {
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "selfsubjectreviews",
    "subjectaccessreviews",
    "localsubjectaccessreviews",
    "tokenreviews",
}


def row_of_event(event: dict[str, Any], account: str) -> dict[str, Any] | None:
    """The recorder's row of one audit event; None for the stages before the answer was complete."""
    if event.get("stage") not in ("ResponseComplete", "Panic"):
        return None
    user = event.get("user", {})
    reference = event.get("objectRef") or {}
    url = urlsplit(event.get("requestURI", ""))
    resource = reference.get("resource", "")
    return {
        "time": event["requestReceivedTimestamp"],
        "account": account,
        "caller": (user.get("extra", {}).get("arn") or [user.get("username", "")])[0],
        "api": "kubernetes",
        "service": f"{reference.get('apiGroup') or 'core'}/{reference['apiVersion']}" if resource else "",
        "operation": _operation(event["verb"], reference),
        "object": _object(reference, url.path),
        "write": _is_write(event["verb"], resource, url.query),
        "status": event.get("responseStatus", {}).get("code", 0),
    }


def _operation(verb: str, reference: dict[str, Any]) -> str:
    resource = "/".join(filter(None, (reference.get("resource"), reference.get("subresource"))))
    return f"{verb}:{resource}" if resource else verb


def _object(reference: dict[str, Any], path: str) -> str:
    if not reference.get("resource"):
        return path
    # The API server counts a namespace as lying in itself.
    namespace = None if reference["resource"] == "namespaces" else reference.get("namespace")
    return "/".join(filter(None, (namespace, reference.get("name"))))


def _is_write(verb: str, resource: str, query: str) -> bool:
    if verb in READS or resource in REVIEWS:
        return False
    return "dryRun" not in parse_qs(query)
