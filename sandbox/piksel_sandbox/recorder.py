"""The recorder's AWS side: a layer that writes one row for every call, refused and failed ones included.

A row is {time, account, caller, api, service, operation, object, write, status}; `object` is a name, and nothing in a
row is a value. `recordings` reads the rows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from piksel_sandbox.aws_call import AwsCall
from piksel_sandbox.objects import object_of
from piksel_sandbox.recordings import AWS_FILE, Row
from piksel_sandbox.state import State

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ConnectionLost(ConnectionResetError):
    """The connection is dropped without an answer; `status` is what the service answered, 0 when it was not reached."""

    def __init__(self, status: int = 0) -> None:
        super().__init__("dropped by a fault")
        self.status = status


class NeverServed(ConnectionResetError):
    """A call that was held until its client went away: it happened nowhere and leaves no row."""


class Recorder:
    """WSGI layer that writes a row before the answer leaves, so that who has an answer finds its row."""

    def __init__(self, app: WsgiApp, state: State | None) -> None:
        self.app = app
        # One write to a descriptor in append mode is whole: no lock is needed between threads.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(state.recorder / AWS_FILE, flags, 0o600) if state else None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        call = AwsCall.of(environ)
        seen: list[int] = []

        def note_status(status: str, headers: Any, *rest: Any) -> Any:
            seen.append(int(status.split(" ", 1)[0]))
            return start_response(status, headers, *rest)

        try:
            answer = b"".join(self.app(environ, note_status))
        except ConnectionLost as lost:
            self.write(row_of(call, lost.status, b""))
            raise
        self.write(row_of(call, seen[-1], answer))
        return [answer]

    def write(self, row: Row) -> None:
        """Appends a row to `<state>/recorder/aws.jsonl`."""
        if self._descriptor is not None:
            os.write(self._descriptor, json.dumps(row).encode() + b"\n")


def row_of(call: AwsCall, status: int, answer: bytes) -> Row:
    """The row of an AWS call; account and caller are "" when nobody knows the access key."""
    identity = call.identity
    return {
        "time": call.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "account": identity.account if identity else "",
        "caller": identity.arn if identity else "",
        "api": "aws",
        "service": call.service,
        "operation": call.operation or "Unknown",
        "object": object_of(call.service, call.operation, call.parameters, answer if status < 300 else b""),
        "write": call.is_write,
        "status": status,
    }
