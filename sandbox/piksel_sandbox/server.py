"""The sandbox's one long-lived process: our layers around moto, on one loopback port.

`make_app()` = recorder(faults(credentials(dispatcher))), and `/_sandbox/` beside it.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend, backend_lock
from moto.core.model_instances import reset_model_data
from moto.core.utils import get_service_model
from werkzeug import Request, Response
from werkzeug.serving import ThreadedWSGIServer

from piksel_sandbox import aws, credentials, fault_layer, fixture, gitops, in_process, internal, interruptions
from piksel_sandbox.accounts import Account
from piksel_sandbox.authentication import Credentials
from piksel_sandbox.aws_call import AwsCall
from piksel_sandbox.aws_errors import refusal
from piksel_sandbox.dispatcher import Dispatcher
from piksel_sandbox.kubernetes import control_planes
from piksel_sandbox.kubernetes.settings import settings
from piksel_sandbox.postgresql.registry import servers
from piksel_sandbox.recorder import Recorder
from piksel_sandbox.request_handler import HANDLER_KEY, RequestHandler
from piksel_sandbox.state import State, write_json

logger = logging.getLogger(__name__)
HOST = "127.0.0.1"
WARM_SERVICES = ("sts", "iam", "ec2", "eks", "kms", "logs", "ssm", "s3")

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def install_extensions() -> None:
    """Lets the parts take their places in moto, which must happen before its first request."""
    # Without them a role cannot attach AmazonEKSClusterPolicy and its kin.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # moto's 1300 images per account have made-up ids, and cost half a second.
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    aws.install()


def make_app(state: State | None = None, *, kubernetes: bool = True) -> Application:
    """The whole WSGI application.

    Without `state` nothing is recorded. `kubernetes=False` gives clusters that are READY at once, without processes.
    """
    if not kubernetes:
        os.environ["PIKSEL_SANDBOX_NO_KUBERNETES"] = "1"
    install_extensions()
    internal.route("faults", fault_layer.handle)
    internal.route("interruptions", interruptions.handle)
    return Application(state)


class Application:
    """The layers; `dispatcher` is the innermost, for callers inside the process."""

    def __init__(self, state: State | None) -> None:
        self.dispatcher = Dispatcher()
        self._clients: dict[tuple[str, str], Any] = {}
        self.aws = Recorder(fault_layer.Faults(Credentials(self.dispatcher)), state)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(internal.PREFIX):
            return internal.answer(Request(environ))(environ, start_response)
        try:
            return self.aws(environ, start_response)
        except internal.AccountsBusyError:
            return refusal(AwsCall.of(environ), "unavailable")(environ, start_response)
        except ConnectionResetError:
            if HANDLER_KEY in environ:
                environ[HANDLER_KEY].reset_connection()
            raise

    def client(self, account: Account, service: str) -> Any:
        """A boto3 client for the sandbox's own work: it leaves no row and needs no credentials."""
        key = (account.id, service)
        if key not in self._clients:
            self._clients[key] = in_process.client(self.dispatcher, account.id, service)
        return self._clients[key]


def empty_accounts() -> None:
    """Forgets all models; moto's own reset first builds each backend anew, for references that nobody holds here."""
    with backend_lock:
        for registry in BackendDict._instances:
            for _, _, backend in registry.iter_backends():
                if type(backend).reset is not BaseBackend.reset:
                    backend.reset()
            registry.clear()
        BackendDict._instances.clear()
    reset_model_data()


def make_server(app: WsgiApp, port: int) -> ThreadedWSGIServer:
    """Binds the server to loopback, on `port` or, when that is taken or 0, on a free one."""
    try:
        return ThreadedWSGIServer(HOST, port, app, handler=RequestHandler)
    except (OSError, SystemExit):
        logger.info("port %s is taken, choosing another", port)
        return ThreadedWSGIServer(HOST, 0, app, handler=RequestHandler)


class Daemon:
    """One running sandbox."""

    def __init__(
        self, state: State, *, kubernetes: bool = True, repository: str | None = None, karpenter: bool = False
    ) -> None:
        self.state = state
        settings.karpenter = karpenter
        self.repositories = gitops.install(state, repository)
        self.stopping = threading.Event()
        self.app = make_app(state, kubernetes=kubernetes)
        self.server = make_server(self.app, state.remembered().get("port", 0))
        self.url = f"http://{HOST}:{self.server.port}"
        os.environ["MOTO_PORT"] = str(self.server.port)
        self.networks: dict[str, fixture.network.Network] = {}
        self.control_planes = control_planes
        self.control_planes.configure(state=state, url=self.url, fake=not kubernetes)
        servers.configure(state if kubernetes else None)
        internal.route("status", self._status)
        internal.route("reset", self._reset)
        internal.route("shutdown", self._shutdown)

    def _status(self, _request: Request, _rest: str) -> Response:
        return internal.json_response(self.status())

    def status(self) -> dict[str, Any]:
        """What `piksel-sandbox status` shows."""
        return {
            "pid": os.getpid(),
            "port": self.server.port,
            "url": self.url,
            "state": str(self.state.folder),
            "kubernetes": not self.control_planes.is_fake,
            "networks": {key: vars(network) for key, network in self.networks.items()},
        }

    def _reset(self, _request: Request, _rest: str) -> Response:
        started = time.monotonic()
        self.fill(empty=True)
        return internal.json_response({"seconds": round(time.monotonic() - started, 3)})

    def _shutdown(self, _request: Request, _rest: str) -> Response:
        self.stopping.set()
        return internal.json_response({"stopping": True})

    def fill(self, *, empty: bool) -> None:
        """Builds sessions and fixture, after emptying all accounts when `empty`; calls wait until it is done."""
        with internal.moto_lock:
            if empty:
                internal.run_reset_callbacks()
                empty_accounts()
            # The contexts in it name clusters that are gone.
            self.state.kubeconfig.unlink(missing_ok=True)
            self.networks = fixture.build(self.app.client)
            for session in credentials.sessions(self.state):
                credentials.lay_into_moto(session)

    def run(self) -> None:
        """Serves until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        for service in WARM_SERVICES:
            get_service_model(service)
        self.fill(empty=False)
        credentials.write_profiles(self.state, self.url)
        self.state.remember(port=self.server.port)
        # What is loaded now stays until the end: the collector need not look at it again.
        gc.freeze()
        gc.enable()
        threading.Thread(target=self.server.serve_forever, name="server", daemon=True).start()
        write_json(self.state.daemon_file, {"pid": os.getpid(), "url": self.url, "started": time.time()})
        logger.info("ready on %s", self.url)
        self.stopping.wait()
        internal.run_shutdown_callbacks()
        self.server.shutdown()
        self.server.server_close()
        self.state.daemon_file.unlink(missing_ok=True)


def main(argv: list[str] | None = None) -> None:
    """The daemon's entry: `python -m piksel_sandbox.daemon --state FOLDER`, as `up` starts it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    parser.add_argument("--no-kubernetes", action="store_true")
    parser.add_argument("--repository")
    parser.add_argument("--karpenter", action="store_true")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    state = State(options.state)
    state.make()
    with state.daemon_lock():
        # A stray session of the operator must neither reach moto's own clients nor a child.
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        Daemon(
            state, kubernetes=not options.no_kubernetes, repository=options.repository, karpenter=options.karpenter
        ).run()
