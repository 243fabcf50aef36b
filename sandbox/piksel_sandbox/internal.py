"""The sandbox's own HTTP paths under `/_sandbox/`, the lock on the accounts, and the callbacks of reset and shutdown.

Parts register themselves at import: `route("authenticate", handler)` answers `/_sandbox/authenticate/<rest>`.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug import Request, Response

from piksel_sandbox.state import INTERNAL_PREFIX as PREFIX

logger = logging.getLogger(__name__)

# moto's models are plain dicts, walked while other threads change them; a call takes 4 ms, so one at a time will do.
# A reset holds it from the first account that it empties to the last session that it lays in.
moto_lock = threading.RLock()
# A reset takes a second; one that takes this long has died.
RESET_SECONDS = 30.0

Handler = Callable[[Request, str], Response]
_routes: dict[str, Handler] = {}
_on_reset: list[Callable[[], None]] = []
_on_shutdown: list[Callable[[], None]] = []


class AccountsBusyError(Exception):
    """The accounts were not to be had in time: a reset does not come to its end."""


@contextmanager
def accounts(seconds: float = RESET_SECONDS) -> Iterator[None]:
    """Holds the lock on the accounts; raises AccountsBusyError after `seconds` of waiting."""
    if not moto_lock.acquire(timeout=seconds):
        raise AccountsBusyError
    try:
        yield
    finally:
        moto_lock.release()


@contextmanager
def left() -> Iterator[None]:
    """Leaves the accounts to others meanwhile: for a call that waits, in a server or without one."""
    try:
        moto_lock.release()
    except RuntimeError:
        # Called without a server around it.
        yield
        return
    try:
        yield
    finally:
        moto_lock.acquire()


def route(path_prefix: str, handler: Handler) -> None:
    """Lets `handler(request, rest)` answer `/_sandbox/<path_prefix>` and all below it; the longest prefix wins."""
    _routes[path_prefix.removeprefix(PREFIX).strip("/")] = handler


def on_reset(callback: Callable[[], None]) -> None:
    """Calls back when the accounts are emptied, before the fixture is built again. Registering twice counts once."""
    if callback not in _on_reset:
        _on_reset.append(callback)


def on_shutdown(callback: Callable[[], None]) -> None:
    """Calls back when the daemon ends in order. Registering twice counts once."""
    if callback not in _on_shutdown:
        _on_shutdown.append(callback)


def run_reset_callbacks() -> None:
    """Runs all reset callbacks; the first error ends the reset, since a half-emptied sandbox would mislead."""
    for callback in list(_on_reset):
        callback()


def run_shutdown_callbacks() -> None:
    """Runs all shutdown callbacks; one that fails is logged and the next ones run, so that nothing stays behind."""
    for callback in list(_on_shutdown):
        try:
            callback()
        except Exception:
            logger.exception("shutdown callback %r failed", callback)


def json_response(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(json.dumps(value), status=status, content_type="application/json")


def answer(request: Request) -> Response:
    """Hands a request under `/_sandbox/` to the handler with the longest matching prefix; 404 without one."""
    path = request.path.removeprefix(PREFIX).strip("/")
    parts = path.split("/")
    for length in range(len(parts), 0, -1):
        handler = _routes.get("/".join(parts[:length]))
        if handler:
            try:
                return handler(request, "/".join(parts[length:]))
            except Exception as error:
                logger.exception("%s %s failed", request.method, request.path)
                return json_response({"error": f"{type(error).__name__}: {error}"}, 500)
    return json_response({"error": f"no handler for {request.path}"}, 404)
