"""Fixtures of the end-to-end tests: one sandbox for the session, empty accounts for each test that asks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from end_to_end.harness import Cluster, Play
from piksel_sandbox.client import Sandbox

REGION = "ap-southeast-3"
ACCOUNTS = {"dev": "236122835646", "staging": "326641642924", "prod": "522783511350"}
# The parameter that tells a converged account.
CONVERGED = "/tests/converged"
CLUSTERS = {"dev": "piksel-dev", "staging": "piksel-staging", "prod": "piksel-production"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a converged account go before those that begin with an empty one, so that they can share it."""
    items.sort(key=lambda item: "converged" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def play(env: dict[str, str]) -> Play:
    """Runs playbooks under the sandbox's environment."""
    return Play(env)


@pytest.fixture
def empty(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox with empty accounts, an empty record and no faults; faults are cleared afterwards too."""
    sandbox.clear_faults()
    sandbox.reset()
    sandbox.clear_calls()
    yield sandbox
    sandbox.clear_faults()


@pytest.fixture(scope="module")
def converged(sandbox: Sandbox, play: Play, aws: Callable) -> Sandbox:
    """Dev, converged for all tests of a module, which leave it as they find it.

    The next module takes it over, after a run that makes sure: most of the time there is nothing to do.
    """
    sandbox.clear_faults()
    ssm = aws("ssm")
    if not ssm.get_parameters(Names=[CONVERGED])["Parameters"]:
        sandbox.reset()
    play().ok()
    # It goes with the next reset, whoever asks for that.
    ssm.put_parameter(Name=CONVERGED, Value="dev", Type="String", Overwrite=True)
    return sandbox


@pytest.fixture(scope="session")
def aws(session_of: Callable) -> Callable:
    """Makes boto3 clients of somebody else in the account, whose calls are not the run's: ``aws("eks", "dev")``."""
    return lambda service, account="dev": session_of(f"{account}-network-owner").client(service)


@pytest.fixture(scope="session")
def kubectl(env: dict[str, str]) -> Callable:
    """Runs kubectl against a context of the kubeconfig that the platform wrote."""

    def run(*arguments: str, context: str = "piksel-dev", **more: str) -> subprocess.CompletedProcess:
        return Cluster({**env, **more}, context).run(*arguments)

    return run


@pytest.fixture(scope="session")
def kubectl_json(env: dict[str, str]) -> Callable:
    """Runs ``kubectl get ... -o json`` and returns what it printed, parsed."""
    return lambda *arguments, context="piksel-dev": Cluster(env, context).get(*arguments)
