"""Faults on the Kubernetes writes of AWS principals: asked once per write, after authorization and before storage.

What only the cluster's endpoint can do, losing an answer, is asked of it by a warning (`fault_relay`).
"""

from __future__ import annotations

import re
import time
from typing import Any

from piksel_sandbox.faults import registry
from piksel_sandbox.kubernetes.refs import ClusterRef

# an admission webhook may take 30 s at most; a write that was held so long is refused
HOLD_SECONDS = 28.0
TIMEOUT_SECONDS = 30
_LOSE = re.compile(r"sandbox-fault (?P<number>\d+) (?P<operation>\S+) (?P<when>always|done)")
_REASONS = {429: "TooManyRequests", 500: "InternalError", 504: "Timeout"}


def webhook_configuration(client_configuration: dict[str, str]) -> dict[str, Any]:
    """The manifest. Dry runs and everything that is not an EKS principal's write pass by it."""
    name = "faults.sandbox.piksel"
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": name,
                "clientConfig": client_configuration,
                "rules": [
                    {
                        "apiGroups": ["*"],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE", "DELETE"],
                        "resources": ["*"],
                    }
                ],
                "matchConditions": [
                    {
                        "name": "written-by-an-aws-principal",
                        "expression": "has(request.userInfo.extra) && 'canonicalArn' in request.userInfo.extra",
                    },
                    {"name": "for-real", "expression": "!(has(request.dryRun) && request.dryRun)"},
                ],
                "failurePolicy": "Fail",
                "sideEffects": "NoneOnDryRun",
                "timeoutSeconds": TIMEOUT_SECONDS,
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


def review_write(ref: ClusterRef, request: dict[str, Any]) -> dict[str, Any]:
    """Lets the faults that are set act on a write, named `<group>/<version>:<verb>:<resource>` for their globs.

    throttle answers 429, error its status, latency and stall wait; the faults of a connection warn the relay.
    """
    resource = request["resource"]
    service = f"{resource.get('group') or 'core'}/{resource['version']}"
    operation = f"{service}:{request['operation'].lower()}:{resource['resource']}"
    name = "/".join(filter(None, (request.get("namespace"), request.get("name"))))
    caller = (request["userInfo"].get("extra", {}).get("arn") or [""])[0]
    for fault in registry.acting(operation, lambda: name, ref.account_id, caller, write=True):
        match fault.rule.action:
            case "latency":
                time.sleep(min(fault.rule.seconds, HOLD_SECONDS))
            case "throttle":
                return _refusal(request, 429)
            case "error":
                return _refusal(request, fault.rule.status)
            case "stall":
                fault.released.wait(HOLD_SECONDS)
                return _refusal(request, 503)
            case "reset-before":
                return {**_refusal(request, 503), "warnings": [f"sandbox-fault {fault.number} {operation} always"]}
            case "reset-after":
                warning = f"sandbox-fault {fault.number} {operation} done"
                return {"uid": request["uid"], "allowed": True, "warnings": [warning]}
    return {"uid": request["uid"], "allowed": True}


def asked_to_lose(warning: str) -> tuple[int, str, bool]:
    """(number of the fault, operation, whether also a refusal is lost) from an answer's field Warning; 0 for none."""
    found = _LOSE.search(warning)
    return (int(found["number"]), found["operation"], found["when"] == "always") if found else (0, "", False)


def refusal_status(code: int) -> dict[str, Any]:
    """The Status with which an API server would refuse.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
    """
    return {
        "status": "Failure",
        "code": code,
        "reason": _REASONS.get(code, "ServiceUnavailable"),
        "message": "a fault of the sandbox",
        "details": {"retryAfterSeconds": 1},
    }


def _refusal(request: dict[str, Any], code: int) -> dict[str, Any]:
    return {"uid": request["uid"], "allowed": False, "status": refusal_status(code)}
