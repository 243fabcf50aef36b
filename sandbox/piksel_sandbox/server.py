"""The sandbox's one long-lived process: our layers around moto, on one loopback port.

`make_app()` = recorder(faults(credentials(dispatcher))), and `/_sandbox/` beside it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import ThreadedWSGIServer

from piksel_sandbox import internal
from piksel_sandbox.state import State, write_json

logger = logging.getLogger(__name__)
HOST = "127.0.0.1"

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def _install_extensions() -> None:
    """Lets the parts change moto's routes, which must happen before its first request."""
    for name in ("piksel_sandbox.aws",):
        install = getattr(importlib.import_module(name), "install", None)
        if install:
            install()


def make_app(state: State | None = None, *, kubernetes: bool = True) -> WsgiApp:
    """The whole WSGI application; `kubernetes=False` gives clusters that are READY at once, without processes."""
    if not kubernetes:
        os.environ["PIKSEL_SANDBOX_NO_KUBERNETES"] = "1"
    # Without them a role cannot attach AmazonEKSClusterPolicy and its kin.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    from piksel_sandbox.authentication import Credentials
    from piksel_sandbox.dispatcher import Dispatcher

    _install_extensions()
    aws = Credentials(Dispatcher())

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(internal.PREFIX):
            return internal.answer(Request(environ))(environ, start_response)
        return aws(environ, start_response)

    return app


def make_server(app: WsgiApp, port: int) -> ThreadedWSGIServer:
    """Binds the server to loopback, on `port` or, when that is taken or 0, on a free one."""
    from piksel_sandbox.request_handler import RequestHandler

    try:
        return ThreadedWSGIServer(HOST, port, app, handler=RequestHandler)
    except (OSError, SystemExit):
        return ThreadedWSGIServer(HOST, 0, app, handler=RequestHandler)


class Daemon:
    """One running sandbox."""

    def __init__(self, state: State, *, kubernetes: bool = True) -> None:
        self.state = state
        self.stopping = threading.Event()
        self.server = make_server(make_app(state, kubernetes=kubernetes), state.remembered().get("port", 0))
        self.url = f"http://{HOST}:{self.server.port}"
        os.environ["MOTO_PORT"] = str(self.server.port)
        internal.route("status", lambda request, rest: internal.json_response(self.status()))
        internal.route("reset", self._reset)
        internal.route("shutdown", self._shutdown)

    def status(self) -> dict[str, Any]:
        """What `piksel-sandbox status` shows."""
        return {"pid": os.getpid(), "port": self.server.port, "url": self.url}

    def _reset(self, request: Request, rest: str) -> Response:
        started = time.monotonic()
        self.fill(empty=True)
        return internal.json_response({"seconds": round(time.monotonic() - started, 3)})

    def _shutdown(self, request: Request, rest: str) -> Response:
        self.stopping.set()
        return internal.json_response({"stopping": True})

    def fill(self, *, empty: bool) -> None:
        """Builds sessions and fixture, after emptying all accounts when `empty`."""
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        from piksel_sandbox import credentials
        from piksel_sandbox.dispatcher import moto_lock

        with moto_lock:
            if empty:
                internal.run_reset_callbacks()
                BackendDict.reset()
                reset_model_data()
            for session in credentials.sessions(self.state):
                credentials.lay_into_moto(session)

    def run(self) -> None:
        """Serves until told to stop."""
        from piksel_sandbox import credentials

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        threading.Thread(target=self.server.serve_forever, name="server", daemon=True).start()
        self.fill(empty=False)
        credentials.write_profiles(self.state, self.url)
        self.state.remember(port=self.server.port)
        write_json(self.state.daemon_file, {**self.status(), "started": time.time()})
        logger.info("ready on %s", self.url)
        self.stopping.wait()
        internal.run_shutdown_callbacks()
        self.server.shutdown()
        self.state.daemon_file.unlink(missing_ok=True)


def main(argv: list[str] | None = None) -> None:
    """The daemon's entry: `python -m piksel_sandbox.server --state FOLDER`, as `up` starts it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    parser.add_argument("--no-kubernetes", action="store_true")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    state = State(options.state)
    state.make()
    lock = state.lock_daemon()
    # A stray session of the operator must neither reach moto's own clients nor a child.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    daemon = Daemon(state, kubernetes=not options.no_kubernetes)
    daemon.run()
    lock.close()


if __name__ == "__main__":
    main()
