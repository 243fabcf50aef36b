"""The layer that lets faults act on AWS calls, and the paths by which they are set."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug import Request, Response

from piksel_sandbox import internal
from piksel_sandbox.aws_call import AwsCall
from piksel_sandbox.aws_errors import refusal
from piksel_sandbox.faults import Fault, registry
from piksel_sandbox.objects import object_of
from piksel_sandbox.recorder import ConnectionLost, NeverServed, WsgiApp


class Faults:
    """WSGI layer: delays, refuses or drops the calls that a fault acts on."""

    def __init__(self, app: WsgiApp) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        call = AwsCall.of(environ)
        identity = call.identity
        operation = f"{call.service}:{call.operation}"
        account, caller = (identity.account, identity.arn) if identity else ("", "")
        acting = registry.acting(
            operation, lambda: object_of(call.service, call.operation, call.parameters), account, caller, call.is_write
        )
        for fault in acting:
            match fault.rule.action:
                case "latency":
                    time.sleep(fault.rule.seconds)
                case "throttle":
                    return refusal(call, "throttled")(environ, start_response)
                case "error":
                    kind = "internal" if fault.rule.status == 500 else "unavailable"
                    return refusal(call, kind, status=fault.rule.status)(environ, start_response)
                case "reset-before":
                    raise ConnectionLost
                case "stall":
                    fault.released.wait()
                    raise NeverServed
                case "reset-after":
                    return self._serve_and_drop(fault, operation, environ, start_response)
        return self.app(environ, start_response)

    def _serve_and_drop(
        self, fault: Fault, operation: str, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        response = Response.from_app(self.app, environ, buffered=True)
        if response.status_code >= 400:
            registry.give_back(fault.number, operation)
            return response(environ, start_response)
        raise ConnectionLost(response.status_code)


def handle(request: Request, rest: str) -> Response:
    """GET lists, POST sets (the fields of Rule as JSON), DELETE clears all or the one whose id follows."""
    if request.method == "POST":
        try:
            return internal.json_response(registry.add(**json.loads(request.get_data())))
        except ValueError as error:
            return internal.json_response({"error": str(error)}, 400)
    if request.method == "DELETE":
        return internal.json_response({"cleared": registry.clear(int(rest) if rest else None)})
    return internal.json_response(registry.list())
