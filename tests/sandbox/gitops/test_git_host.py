"""The Git host of the sandbox: repositories over HTTP, and the API of deploy keys."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml
from werkzeug import Request
from werkzeug.test import Client
from werkzeug.wrappers import Response

from piksel_sandbox.gitops import install
from piksel_sandbox.gitops.manifests import CONTROLLERS, stream
from piksel_sandbox.gitops.repositories import BRANCH, EXAMPLE, GitError, Repositories, git
from piksel_sandbox.internal import answer
from piksel_sandbox.state import State

URL = "ssh://git@github.com/piksel-ina/piksel-gitops"
KEYS = f"/_sandbox/github/repos/{EXAMPLE}/keys"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLE"
TOKEN = {"Authorization": "Bearer any"}


@pytest.fixture
def repositories(tmp_path: Path) -> Repositories:
    """The host of a sandbox that has just started."""
    state = State(tmp_path / "state")
    state.make()
    return install(state)


@pytest.fixture
def api(repositories: Repositories) -> Client:
    """Calls the host's own paths."""
    return Client(Request.application(answer), Response)


def test_the_example_has_a_folder_for_each_environment_with_the_components(repositories: Repositories) -> None:
    bare = repositories.path(EXAMPLE)
    assert bare is not None
    names = git(bare, "ls-tree", "-r", "--name-only", BRANCH).decode().splitlines()
    for folder in ("development", "staging", "production"):
        assert f"clusters/{folder}/flux-system/gotk-components.yaml" in names
        sync = yaml.safe_load_all(git(bare, "show", f"{BRANCH}:clusters/{folder}/flux-system/gotk-sync.yaml"))
        source, root = sync
        assert (source["spec"]["url"], source["spec"]["ref"]) == (URL, {"branch": "main"})
        assert root["spec"]["path"] == f"./clusters/{folder}"


def test_the_components_are_those_of_flux() -> None:
    objects = list(yaml.safe_load_all(stream()))
    deployments = {item["metadata"]["name"] for item in objects if item["kind"] == "Deployment"}
    assert deployments == set(CONTROLLERS)
    definitions = [item for item in objects if item["kind"] == "CustomResourceDefinition"]
    assert {item["spec"]["names"]["kind"] for item in definitions} >= {"GitRepository", "Kustomization", "HelmRelease"}
    versions = {item["metadata"]["labels"]["app.kubernetes.io/version"] for item in objects}
    assert versions == {"v2.6.0"}


def test_a_head_and_its_archive(repositories: Repositories) -> None:
    commit = repositories.head(EXAMPLE, BRANCH)
    archive = repositories.archive(EXAMPLE, commit)
    listed = subprocess.run(["tar", "-tzf", archive], check=True, capture_output=True, text=True).stdout.splitlines()
    assert "apps/notebooks.yaml" in listed
    assert repositories.archive(EXAMPLE, commit) == archive
    with pytest.raises(GitError, match="couldn't find remote ref"):
        repositories.head(EXAMPLE, "nothing")
    with pytest.raises(GitError, match="repository not found"):
        repositories.head("nobody/nothing", BRANCH)


def test_another_folder_is_served_in_place_of_the_example(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "clusters/development").mkdir(parents=True)
    (folder / "clusters/development/a.yaml").write_text("kind: A")
    state = State(tmp_path / "state")
    state.make()
    served = install(state, str(folder))
    bare = served.path(EXAMPLE)
    assert bare is not None
    assert git(bare, "ls-tree", "-r", "--name-only", BRANCH).decode().split() == ["clusters/development/a.yaml"]


def test_a_path_outside_is_no_repository(repositories: Repositories) -> None:
    assert repositories.path("../../etc") is None
    assert repositories.path("nobody/nothing") is None


def test_deploy_keys_as_github_has_them(api: Client) -> None:
    assert api.get(KEYS).status_code == 401
    assert api.get("/_sandbox/github/repos/nobody/nothing/keys", headers=TOKEN).status_code == 404
    made = api.post(KEYS, json={"title": "a", "key": f"{KEY} comment", "read_only": True}, headers=TOKEN)
    assert made.status_code == 201
    (row,) = api.get(KEYS, headers=TOKEN).json
    assert (row["key"], row["title"], row["read_only"]) == (KEY, "a", True)
    twice = api.post(KEYS, json={"title": "b", "key": KEY}, headers=TOKEN)
    assert (twice.status_code, twice.json["errors"][0]["message"]) == (422, "key is already in use")
    assert api.post(KEYS, json={"title": "b", "key": "no key"}, headers=TOKEN).status_code == 422
    assert api.delete(f"{KEYS}/{row['id']}", headers=TOKEN).status_code == 204
    assert api.delete(f"{KEYS}/{row['id']}", headers=TOKEN).status_code == 404
    assert api.get(KEYS, headers=TOKEN).json == []


def test_git_reads_and_writes_over_http(sandbox, env: dict[str, str], tmp_path: Path) -> None:
    """With the address of the real host, which the environment leads here."""

    def run(*arguments: str, cwd: Path = tmp_path) -> subprocess.CompletedProcess:
        line = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
        return subprocess.run(line, cwd=cwd, env=env, capture_output=True, text=True, check=False)

    assert run("clone", "--quiet", "--depth=1", URL, "copy").returncode == 0
    copy = tmp_path / "copy"
    (copy / "new.txt").write_text("new")
    for line in (("add", "."), ("commit", "--quiet", "--message", "New"), ("push", "--quiet")):
        done = run(*line, cwd=copy)
        assert done.returncode == 0, done.stderr
    head = run("rev-parse", "HEAD", cwd=copy).stdout.strip()
    assert head in run("ls-remote", URL, "refs/heads/main").stdout
    assert "not found" in run("ls-remote", "ssh://git@github.com/nobody/nothing").stderr
    sandbox.reset()
    assert head not in run("ls-remote", URL, "refs/heads/main").stdout


def test_the_environment_leads_the_api_here(env: dict[str, str]) -> None:
    assert env["GITHUB_API_URL"].endswith("/_sandbox/github")
    request = urllib.request.Request(
        f"{env['GITHUB_API_URL']}/repos/{EXAMPLE}/keys",
        headers={"Authorization": f"Bearer {env['PIKSEL_GITHUB_TOKEN']}"},
    )
    with urllib.request.urlopen(request) as answered:
        assert json.load(answered) == []
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request.full_url)
