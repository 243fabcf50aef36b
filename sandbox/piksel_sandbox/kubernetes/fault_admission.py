"""Faults on the Kubernetes writes of AWS principals: asked once per write, after authorization and before storage."""

from __future__ import annotations

import time
from typing import Any

from piksel_sandbox.faults import registry
from piksel_sandbox.kubernetes.refs import ClusterRef

# an admission webhook may take 30 s at most; a write that was held so long is refused
HOLD_SECONDS = 28.0
TIMEOUT_SECONDS = 30


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

    throttle answers 429, error its status, latency and stall wait; faults of a connection cannot act here.
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
                return _refusal(request, 429, "TooManyRequests")
            case "error":
                return _refusal(request, fault.rule.status, "ServiceUnavailable")
            case "stall":
                fault.released.wait(HOLD_SECONDS)
                return _refusal(request, 503, "ServiceUnavailable")
            case _:
                registry.give_back(fault, operation)
    return {"uid": request["uid"], "allowed": True}


def _refusal(request: dict[str, Any], code: int, reason: str) -> dict[str, Any]:
    status = {
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": "a fault of the sandbox",
        "details": {"retryAfterSeconds": 1},
    }
    return {"uid": request["uid"], "allowed": False, "status": status}
