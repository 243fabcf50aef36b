"""Faults where a cluster's endpoint is: reads that fail, and answers that get lost.

What happens to a write is decided by `fault_admission`, which knows whether an apply creates or updates, and sees only
what the API server would carry out. It asks for the loss of an answer by a warning, which comes in the answer's head.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from piksel_sandbox import audit
from piksel_sandbox.aws.eks.token import TokenError
from piksel_sandbox.faults import Fault, registry
from piksel_sandbox.internal import AccountsBusyError
from piksel_sandbox.kubernetes import fault_admission, webhooks
from piksel_sandbox.kubernetes.http_message import Head
from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.kubernetes.settings import settings

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
REASONS = {429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 504: "Gateway Timeout"}


class LostError(ConnectionResetError):
    """A fault drops this connection."""


@dataclass(frozen=True)
class Call:
    """A request by the names that faults select it by; `is_write` is what `fault_admission` decides about."""

    operation: str
    name: str
    is_write: bool

    @classmethod
    def of(cls, request: Head) -> Call:
        """`<group>/<version>:<verb>:<resource>`, or `url:<verb>:<path>` for what is no resource.

        https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
        """
        url = urlsplit(request.target)
        query = parse_qs(url.query)
        kind, *parts = url.path.strip("/").split("/")
        group = parts.pop(0) if kind == "apis" and parts else "core"
        version, *rest = parts or [""]
        verb = VERBS.get(request.method, request.method.lower())
        if kind not in ("api", "apis") or not rest:
            return cls(f"url:{verb}:{url.path}", url.path, is_write=False)
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
            namespace, rest = rest[1], rest[2:]
        resource, name = rest[0], rest[1] if len(rest) > 1 else ""
        if verb == "get" and not name:
            verb = "watch" if "watch" in query else "list"
        is_write = request.method in VERBS and "dryRun" not in query and resource not in audit.REVIEWS
        return cls(f"{group}/{version}:{verb}:{resource}", "/".join(filter(None, (namespace, name))), is_write)


@dataclass(frozen=True)
class Acting:
    """What faults do to one call: `answer` is given in the place of the API server's, `loses` drops that one."""

    operation: str = ""
    answer: bytes = b""
    loses: Fault | None = None

    def meets(self, response: Head) -> None:
        """Raises LostError when the answer that begins with this head does not arrive."""
        number, operation, always = fault_admission.asked_to_lose(response.fields.get("warning", ""))
        if self.loses:
            number, operation = self.loses.number, self.operation
        if not number:
            return
        if always or response.status < 400:
            raise LostError
        registry.give_back(number, operation)


async def before(ref: ClusterRef, request: Head) -> Acting:
    """Lets the faults that are set act on a call of an AWS principal; raises LostError for reset-before."""
    if registry.is_empty:
        return Acting()
    call = Call.of(request)
    caller = "" if call.is_write else await asyncio.get_running_loop().run_in_executor(None, _caller, ref, request)
    if not caller:
        return Acting()
    for fault in registry.acting(call.operation, lambda: call.name, ref.account_id, caller, write=False):
        match fault.rule.action:
            case "latency":
                await asyncio.sleep(fault.rule.seconds)
            case "throttle":
                return Acting(answer=_answer(429))
            case "error":
                return Acting(answer=_answer(fault.rule.status))
            case "reset-before":
                raise LostError
            case "reset-after":
                return Acting(call.operation, loses=fault)
    return Acting()


def _caller(ref: ClusterRef, request: Head) -> str:
    """ARN of the session behind the token, "" when no AWS principal asks."""
    url = webhooks.presigned_url(request.fields.get("authorization", "").removeprefix("Bearer "))
    try:
        return settings.caller_of_token(url, ref.name)["arn"] if url else ""
    except (TokenError, AccountsBusyError):
        return ""


def _answer(code: int) -> bytes:
    status = fault_admission.refusal_status(code)
    body = json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, **status}).encode()
    head = [
        f"HTTP/1.1 {code} {REASONS.get(code, 'Service Unavailable')}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Retry-After: {status['details']['retryAfterSeconds']}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
