"""A server with the webhooks, a stand-in for the EKS model, and one cluster that all tests of this folder share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from piksel_sandbox import internal
from piksel_sandbox.kubernetes import build, control_planes
from piksel_sandbox.kubernetes.settings import settings
from piksel_sandbox.state import State
from sandbox.kubernetes.support import Cluster, Model, caller_of_token, start, wait_settled


@pytest.fixture(scope="package")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    """A state folder."""
    made = State(tmp_path_factory.mktemp("sandbox"))
    made.make()
    return made


@pytest.fixture(scope="package")
def shared_model(state: State) -> Iterator[Model]:
    """The EKS model's stand-in behind a running server."""

    @Request.application
    def application(request: Request) -> Response:
        return internal.answer(request)

    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    model = Model()
    before = vars(settings).copy()
    control_planes.configure(state, f"http://127.0.0.1:{server.server_port}", model, caller_of_token, fake=False)
    yield model
    control_planes.stop_all()
    vars(settings).update(before)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def model(shared_model: Model) -> Iterator[Model]:
    """The model, empty before and after the test."""
    shared_model.clear()
    yield shared_model
    shared_model.clear()


@pytest.fixture(scope="package")
def shared_cluster(shared_model: Model, state: State) -> Cluster:
    """A cluster of the newest version; on a fresh machine its binaries are built first."""
    build.ensure()
    ref = start("shared", "1.36")
    assert wait_settled(ref) == "READY", control_planes.failure(ref)
    return Cluster(ref, state.folder / "kubernetes" / ref.slug)


@pytest.fixture
def cluster(shared_cluster: Cluster, model: Model) -> Cluster:
    """The shared cluster, with an empty model."""
    return shared_cluster


@pytest.fixture
def folder(state: State) -> Path:
    """Where control planes keep their data."""
    return state.folder / "kubernetes"
