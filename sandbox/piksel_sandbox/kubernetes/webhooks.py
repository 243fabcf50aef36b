"""What kube-apiserver asks the sandbox: who a token is (TokenReview) and what a policy allows (SubjectAccessReview).

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication and
https://kubernetes.io/docs/reference/access-authn-authz/webhook/
"""

from __future__ import annotations

import base64
import binascii
import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

from werkzeug import Request, Response

from piksel_sandbox import kubernetes
from piksel_sandbox.aws.eks.token import TokenError
from piksel_sandbox.internal import json_response
from piksel_sandbox.kubernetes import access_policies, identity
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings
from piksel_sandbox.postgresql.registry import servers

logger = logging.getLogger(__name__)
TOKEN_PREFIX = "k8s-aws-v1."


def handle(request: Request, rest: str) -> Response:
    """Answers `<account>/<region>/<cluster>/<uid>/{authenticate,authorize}`; 404 for anything else."""
    *parts, verb = rest.split("/")
    if len(parts) == 4 and verb == "forward":
        return forward(ClusterRef(*parts))
    if len(parts) != 4 or verb not in ("authenticate", "authorize"):
        return json_response({"error": f"no such path: {rest}"}, 404)
    body = request.get_json(force=True)
    answer = (authenticate if verb == "authenticate" else authorize)(ClusterRef(*parts), body["spec"])
    return json_response({"apiVersion": body["apiVersion"], "kind": body["kind"], "status": answer})


def forward(ref: ClusterRef) -> Response:
    """Where a port-forward goes: "address port" of the database that a running pod names, else 404."""
    address = servers.named_in(kubernetes.control_planes.pod_arguments(ref))
    return Response(address or "no running pod leads to a database", 200 if address else 404)


def presigned_url(token: str) -> str | None:
    """The presigned STS URL inside an EKS token, None when it is no EKS token."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    encoded = token.removeprefix(TOKEN_PREFIX)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def authenticate(ref: ClusterRef, spec: dict[str, Any]) -> dict[str, Any]:
    """Status of a TokenReview: the user behind a token, or why there is none."""
    url = presigned_url(spec.get("token", ""))
    if url is None:
        return {"authenticated": False, "error": "not an EKS token"}
    try:
        caller = settings.caller_of_token(url, ref.name)
    except TokenError as error:
        logger.info("token for %s refused: %s", ref.slug, error)
        return {"authenticated": False, "error": str(error)}
    principal = identity.principal_of(caller["arn"])
    user = identity.identity_of(ref, principal) if principal else None
    if principal is None or user is None:
        logger.info("no access entry of %s for %s", ref.slug, caller["arn"])
        return {"authenticated": False, "error": f"no access entry for {caller['arn']}"}
    principal_id = caller["user_id"].partition(":")[0]
    credential = parse_qs(urlsplit(url).query).get("X-Amz-Credential", [""])[0]
    return {
        "authenticated": True,
        "user": {
            "username": user.username,
            "uid": f"aws-iam-authenticator:{principal.account}:{principal_id}",
            "groups": list(user.groups),
            "extra": {
                "accessKeyId": [credential.partition("/")[0]],
                "arn": [caller["arn"]],
                "canonicalArn": [principal.arn],
                "principalId": [principal_id],
                "sessionName": [principal.session],
            },
        },
        "audiences": spec.get("audiences") or [],
    }


def authorize(ref: ClusterRef, spec: dict[str, Any]) -> dict[str, Any]:
    """Status of a SubjectAccessReview: allowed by a policy, denied without an access entry, else left to RBAC."""
    extra = spec.get("extra") or {}
    caller, canonical = (extra.get(key) or [""] for key in ("arn", "canonicalArn"))
    principal = identity.Principal(canonical[0], canonical[0].split(":")[4], caller[0].rpartition("/")[2])
    user = identity.identity_of(ref, principal)
    if user is None:
        return {"allowed": False, "denied": True, "reason": f"no access entry for {canonical[0]}"}
    policy = access_policies.allowing_policy(user.policies, spec)
    if policy:
        return {"allowed": True, "reason": f"EKS access policy {policy}"}
    return {"allowed": False}
