"""moto with our extensions in a thread, emptied before every test; no Kubernetes process is started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from moto.backends import get_backend
from moto.moto_api import state_manager
from moto.server import ThreadedMotoServer

from piksel_sandbox import aws
from piksel_sandbox.aws.eks import seams
from piksel_sandbox.faults import MAY_FAIL
from sandbox.aws.support import Account, Planes, Ref

RESET = ("eks", "events", "iam", "kms", "rds", "s3", "secretsmanager", "sqs", "ssm", "sts")


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Address of the emulator."""
    aws.install()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Operations that are to end in a failed state, with the reason; a test fills it."""
    chosen: dict[str, str] = {}

    def failure_for(operation: str, _name: str, _account_id: str) -> str | None:
        assert operation in MAY_FAIL["eks"]
        return chosen.get(operation)

    monkeypatch.setattr(seams, "failure_for", failure_for)
    return chosen


@pytest.fixture
def planes(monkeypatch: pytest.MonkeyPatch) -> Planes:
    """The control planes' stand-in."""
    stand_in = Planes()
    monkeypatch.setattr(seams, "control_planes", lambda: stand_in)
    monkeypatch.setattr(seams, "cluster_ref", Ref)
    return stand_in


@pytest.fixture
def hold() -> Callable[[str], AbstractContextManager[None]]:
    """`with hold(model):` keeps the objects of a model in the state in which they are."""

    @contextmanager
    def held(model: str) -> Iterator[None]:
        state_manager.set_transition(model, {"progression": "time", "seconds": 3600})
        try:
            yield
        finally:
            state_manager.unset_transition(model)

    return held


@pytest.fixture(scope="session")
def clients(server_url: str) -> Account:
    """The account's clients, made once."""
    return Account(server_url)


@pytest.fixture
def account(
    clients: Account, planes: Planes, failures: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    """An account, empty but for networks; at the end every answer that the test got fitted its shape."""
    monkeypatch.setenv("PIKSEL_SANDBOX_TRANSITION_SECONDS", "0.05")
    _reset()
    yield clients
    _reset()
    problems, clients.answers.problems = clients.answers.problems, []
    assert problems == []


def _reset() -> None:
    # EC2 stays: to make its backend anew costs more than a second, and each test has a network of its own.
    for service in RESET:
        backends = get_backend(service)
        for account in list(backends.values()):
            account.reset()
        backends.clear()
