"""source-controller as the sandbox plays it: what it says of a source, and when it writes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import secret_values

from piksel_sandbox.gitops import install
from piksel_sandbox.gitops.repositories import EXAMPLE, Repositories
from piksel_sandbox.gitops.source import SourceController
from piksel_sandbox.state import State

URL = f"ssh://git@github.com/{EXAMPLE}"
PAIR = json.loads(secret_values.generate("ed25519"))


class Api:
    """Stands in for an API server: one Secret, and what was written."""

    def __init__(self, secret: dict[str, str] | None) -> None:
        self.secret = secret
        self.written: list[dict[str, Any]] = []

    def get(self, _path: str) -> dict[str, Any] | None:
        """The Secret."""
        if self.secret is None:
            return None
        return {"data": {key: base64.b64encode(text.encode()).decode() for key, text in self.secret.items()}}

    def request(self, _method: str, _path: str, body: dict[str, Any], _content: str) -> dict[str, Any]:
        """Takes a status."""
        self.written.append(body["status"])
        return {}


@pytest.fixture
def repositories(tmp_path: Path) -> Repositories:
    """A host that knows the key."""
    state = State(tmp_path)
    state.make()
    made = install(state)
    assert made.keys is not None
    made.keys._add(EXAMPLE, {"title": "a", "key": PAIR["identity.pub"]})
    return made


def source(url: str = URL, branch: str = "main", reference: str | None = "flux-system") -> dict[str, Any]:
    """A GitRepository."""
    named = {"secretRef": {"name": reference}} if reference else {}
    return {
        "metadata": {"name": "flux-system", "namespace": "flux-system", "generation": 1},
        "spec": {"url": url, "ref": {"branch": branch}, **named},
    }


def looked(repositories: Repositories, wanted: dict[str, Any], secret: dict[str, str] | None) -> dict[str, Any]:
    """The status that a source gets."""
    api = Api(secret)
    SourceController(api, repositories, "http://127.0.0.1/artifacts").reconcile([wanted])
    (status,) = api.written
    return status


GOOD = {"identity": PAIR["identity"], "identity.pub": PAIR["identity.pub"], "known_hosts": "github.com ssh-ed25519 A"}
OTHER = json.loads(secret_values.generate("ed25519"))


def test_a_branch_becomes_an_archive(repositories: Repositories) -> None:
    status = looked(repositories, source(), GOOD)
    commit = repositories.head(EXAMPLE, "main")
    assert status["artifact"]["revision"] == f"main@sha1:{commit}"
    assert status["artifact"]["url"] == f"http://127.0.0.1/artifacts/{commit}.tar.gz"
    assert [one["status"] for one in status["conditions"]] == ["True", "True"]


def test_what_has_not_changed_is_not_written(repositories: Repositories) -> None:
    wanted = source()
    wanted["status"] = looked(repositories, wanted, GOOD)
    api = Api(GOOD)
    SourceController(api, repositories, "http://127.0.0.1/artifacts").reconcile([wanted])
    assert api.written == []


@pytest.mark.parametrize(
    ("wanted", "secret", "words"),
    [
        (source(), None, 'secrets "flux-system" not found'),
        (source(reference=None), GOOD, "needs a secret reference"),
        (source(), {**GOOD, "known_hosts": ""}, "'known_hosts' is required"),
        (source(), {**GOOD, "known_hosts": "example.org x"}, "knownhosts: key is unknown"),
        (source(), {**GOOD, "identity": OTHER["identity"]}, "unable to authenticate"),
        (source(), {**GOOD, "identity": "no key"}, "unable to authenticate"),
        (source(branch="nothing"), GOOD, "couldn't find remote ref"),
        (source(url="ssh://git@example.org/a/b"), GOOD, "unable to list remote"),
        (source(url="https://github.com/nobody/nothing", reference=None), None, "repository not found"),
    ],
)
def test_why_a_source_is_not_ready(repositories: Repositories, wanted: dict, secret: dict | None, words: str) -> None:
    (condition,) = looked(repositories, wanted, secret)["conditions"]
    assert condition["status"] == "False"
    assert words in condition["message"]
