"""Fixtures that every suite shares: one sandbox for the session, in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from piksel_sandbox.client import Sandbox
from piksel_sandbox.sessions import Session


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox with Kubernetes; it ends with the test process, however that ends."""
    running = Sandbox(tmp_path_factory.mktemp("sandbox"), bound=True)
    running.up()
    yield running
    running.down()


@pytest.fixture(scope="session")
def env_of() -> Callable[[Sandbox], dict[str, str]]:
    """A whole environment for child processes, with that sandbox's variables and without stray ones of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PIKSEL_"))}
    return lambda sandbox: {**kept, **sandbox.env()}


@pytest.fixture(scope="session")
def env(sandbox: Sandbox, env_of: Callable[[Sandbox], dict[str, str]]) -> dict[str, str]:
    """The environment of the session's sandbox."""
    return env_of(sandbox)


@pytest.fixture(scope="session")
def session_of(sandbox: Sandbox) -> Callable[[str], Session]:
    """`session_of("dev-piksel").client("eks")`: boto3 clients of a profile, whatever the environment says."""
    return lambda profile: Session(sandbox, profile)
