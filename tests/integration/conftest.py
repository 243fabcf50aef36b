"""A sandbox without Kubernetes, and the platform's modules as functions: the core against the AWS API."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from integration import estate_secrets
from integration.estate import Platform
from piksel_sandbox.client import Sandbox


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """AWS alone: clusters are ACTIVE as soon as their time has passed, their endpoints do not answer."""
    running = Sandbox(tmp_path_factory.mktemp("cloud"), kubernetes=False, bound=True)
    running.up()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.env().items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        patch.setenv(estate_secrets.VARIABLE, estate_secrets.VALUE)
        yield running
    running.down()


@pytest.fixture
def platform(cloud: Sandbox) -> Iterator[Platform]:
    """The platform's modules on empty accounts."""
    cloud.clear_faults()
    cloud.reset()
    cloud.clear_calls()
    yield Platform(cloud)
    cloud.clear_faults()


@pytest.fixture(scope="module")
def built(cloud: Sandbox) -> Platform:
    """The platform's modules on an account that a converge has filled, for a whole file of tests."""
    cloud.clear_faults()
    cloud.reset()
    ready = Platform(cloud)
    ready.converge()
    return ready


@pytest.fixture
def wanted(built: Platform) -> dict:
    """A copy of what the filled account was made from, to be changed at will."""
    return copy.deepcopy(built.wanted)
