# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contexts in kubeconfig files: ours is right, everything else stays."""

from __future__ import annotations

import base64
import multiprocessing
import os
import pathlib
import types

import pytest
import yaml
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_kubeconfig as kubeconfig
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

AUTHORITY = base64.b64encode(b"certificate").decode()
ARGUMENTS = [
    *("--region", "ap-southeast-3", "eks", "get-token"),
    *("--cluster-name", "piksel-dev", "--output", "json"),
]
FOREIGN = {
    "apiVersion": "v1",
    "kind": "Config",
    "preferences": {},
    "clusters": [{"name": "other", "cluster": {"server": "https://other", "insecure-skip-tls-verify": True}}],
    "users": [{"name": "other", "user": {"token": "a-token-of-somebody-else"}}],
    "contexts": [{"name": "other", "context": {"cluster": "other", "user": "other", "namespace": "n"}}],
    "current-context": "other",
}


def access(**more) -> types.SimpleNamespace:
    settings = {"profile": "dev-piksel", "region": "ap-southeast-3", "role_arn": None, "endpoint_url": None, **more}
    return types.SimpleNamespace(account_id="123456789012", **settings)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "folder" / "config"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, path: pathlib.Path):
    """Runs the module on ``path`` for a cluster at ``server``, None for no cluster yet."""

    def call(server: str | None = "https://cluster", check: bool = False, clients=None, **more) -> dict:
        cluster = types.SimpleNamespace(endpoint=server, authority=AUTHORITY) if server else None
        monkeypatch.setattr(kubeconfig, "connect", lambda *_arguments: cluster)
        params = {"cluster_name": "piksel-dev", "context": None, "path": str(path), "set_current": False}
        return kubeconfig.run_kubeconfig({**params, "state": "present", **more}, check, clients or access())

    return call


def write(path: pathlib.Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def read(path: pathlib.Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def changed_paths(result: dict) -> list[str]:
    return [change["path"] for operation in result["operations"] for change in operation["changes"]]


@pytest.mark.requirement("OPS-09")
def test_a_new_file_is_what_the_aws_command_writes(run, path: pathlib.Path) -> None:
    (operation,) = run()["operations"]
    assert (operation["action"], operation["api"], operation["key"]) == ("create", "local", "kubeconfig.piksel-dev")
    assert read(path) == {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [
            {"cluster": {"certificate-authority-data": AUTHORITY, "server": "https://cluster"}, "name": "piksel-dev"}
        ],
        "users": [
            {
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "args": ARGUMENTS,
                        "command": "aws",
                        "env": [{"name": "AWS_PROFILE", "value": "dev-piksel"}],
                    }
                },
                "name": "piksel-dev",
            }
        ],
        "contexts": [{"context": {"cluster": "piksel-dev", "user": "piksel-dev"}, "name": "piksel-dev"}],
        "current-context": "",
    }
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert run()["operations"] == []


@pytest.mark.requirement("OPS-09")
def test_other_contexts_stay(run, path: pathlib.Path) -> None:
    write(path, FOREIGN)
    run()
    content = read(path)
    for section in ("clusters", "users", "contexts"):
        assert content[section][0] == FOREIGN[section][0]
        assert len(content[section]) == 2
    assert content["current-context"] == "other"
    assert list(path.parent.iterdir()) == [path]


def test_check_mode_writes_nothing_and_knows_no_server_yet(run, path: pathlib.Path) -> None:
    (operation,) = run(server=None, check=True)["operations"]
    assert operation["action"] == "create"
    assert {"path": "server", "before": None, "after": "(known after apply: eks_cluster/piksel-dev.endpoint)"} in (
        operation["changes"]
    )
    assert not path.exists()


def test_a_cluster_made_anew_is_followed(run, path: pathlib.Path) -> None:
    run()
    content = read(path)
    content["contexts"][0]["context"]["namespace"] = "mine"
    write(path, content)
    os.chmod(path, 0o600)
    assert changed_paths(run(server="https://new")) == ["server"]
    assert read(path)["clusters"][0]["cluster"]["server"] == "https://new"
    assert read(path)["contexts"][0]["context"]["namespace"] == "mine"


def test_a_file_open_to_others_is_closed(run, path: pathlib.Path) -> None:
    run()
    os.chmod(path, 0o644)
    assert changed_paths(run()) == ["mode"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_role_and_endpoint_reach_the_command(run, path: pathlib.Path) -> None:
    role = "arn:aws:iam::123456789012:role/deploy"
    run(clients=access(profile=None, role_arn=role, endpoint_url="http://127.0.0.1:1"))
    command = read(path)["users"][0]["user"]["exec"]
    assert command["args"][-2:] == ["--role-arn", role]
    assert command["env"] == [{"name": "AWS_ENDPOINT_URL", "value": "http://127.0.0.1:1"}]


def test_the_current_context_is_switched_only_when_asked(run, path: pathlib.Path) -> None:
    write(path, FOREIGN)
    run()
    assert changed_paths(run(set_current=True)) == ["current"]
    assert read(path)["current-context"] == "piksel-dev"
    assert run()["operations"] == []


def test_another_name_and_the_first_of_several_files(run, path: pathlib.Path) -> None:
    result = run(context="staging", path=f"{path}{os.pathsep}/elsewhere")
    assert result["resources"]["staging"] == {"name": "staging", "path": str(path), "server": "https://cluster"}


def test_a_link_stays_a_link(run, path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "real")
    run()
    assert path.is_symlink()
    assert read(tmp_path / "real")["contexts"]


@pytest.mark.parametrize("content", ["{", "- a\n", "clusters: text\n", "users: [text]\n"])
def test_what_is_no_kubeconfig_is_left_as_it_is(run, path: pathlib.Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PlatformError, match="left as it is"):
        run()
    assert path.read_text(encoding="utf-8") == content


def test_a_folder_that_cannot_be_made_is_told(run, path: pathlib.Path) -> None:
    path.parent.write_text("a file", encoding="utf-8")
    with pytest.raises(PlatformError, match="kubeconfig"):
        run()


@pytest.mark.requirement("OPS-09")
def test_whoever_acts_on_the_current_context_can_ask_first(run, path: pathlib.Path) -> None:
    with pytest.raises(PlatformError, match="is not set"):
        run(state="verified")
    write(path, FOREIGN)
    with pytest.raises(PlatformError, match="other reaches https://other") as error:
        run(state="verified")
    assert "kubectl config use-context piksel-dev" in str(error.value)
    run(set_current=True)
    assert run(state="verified")["changed"] is False
    with pytest.raises(PlatformError, match="https://elsewhere"):
        run(state="verified", server="https://elsewhere")
    assert run(state="verified", server=None, check=True)["operations"] == []


def _write_one(path: str, name: str) -> None:
    cluster = types.SimpleNamespace(endpoint=f"https://{name}", authority=AUTHORITY)
    context = kubeconfig.Context(access(), name, path, name, cluster, set_current=False)
    context.create()


def test_runs_side_by_side_lose_nothing(path: pathlib.Path) -> None:
    fork = multiprocessing.get_context("fork")
    names = [f"cluster-{number}" for number in range(8)]
    writers = [fork.Process(target=_write_one, args=(str(path), name)) for name in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(entry["name"] for entry in read(path)["contexts"]) == names
