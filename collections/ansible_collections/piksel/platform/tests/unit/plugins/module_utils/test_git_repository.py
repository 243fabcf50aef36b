# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Branches of a Git repository, read by git itself."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import git_repository, secret_values
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

KEY = json.loads(secret_values.generate("ed25519"))


@pytest.fixture
def upstream(tmp_path, monkeypatch):
    """A repository with one file, under an address by SSH."""
    folder = tmp_path / "upstream"
    (folder / "clusters/dev").mkdir(parents=True)
    (folder / "clusters/dev/a.yaml").write_text("kind: A")
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for line in (("init", "--quiet", "-b", "main"), ("add", "."), (*author, "commit", "--quiet", "-m", "One")):
        subprocess.run(["git", *line], cwd=folder, check=True)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{folder}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "ssh://git@example.org/o/n")
    return {"url": "ssh://git@example.org/o/n", "branch": "main", "path": "./clusters/dev/"}


@pytest.mark.requirement("FLUX-06")
def test_a_branch_has_a_revision_and_files(upstream):
    with git_repository.opened(upstream, KEY) as tree:
        assert tree.revision.startswith("main@sha1:")
        assert len(tree.revision) == len("main@sha1:") + 40
        assert tree.text("clusters/dev/a.yaml") == "kind: A"
        assert tree.text("clusters/dev/b.yaml") is None


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"branch": "dev"}, "it has no branch dev"),
        ({"path": "clusters/prod"}, "branch main has no folder clusters/prod"),
        ({"path": "clusters/dev/a.yaml"}, "branch main has no folder"),
    ],
)
def test_a_branch_or_folder_that_is_not_there_is_told(upstream, part, words):
    with pytest.raises(PlatformError, match=words), git_repository.opened({**upstream, **part}, KEY):
        pass


@pytest.mark.requirement("GEN-11", "FLUX-05")
def test_a_repository_that_cannot_be_read_is_told_with_the_key_and_its_page(tmp_path, monkeypatch):
    wanted = {"url": "ssh://git@github.com/o/n.git", "branch": "main", "path": "a"}
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{tmp_path / 'nothing'}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "ssh://git@github.com/o/n.git")
    with pytest.raises(git_repository.UnreachableError) as told, git_repository.opened(wanted, KEY):
        pass
    assert "does not appear to be a git repository" in str(told.value)
    assert "https://github.com/o/n/settings/keys/new" in str(told.value)
    assert KEY["identity.pub"] in str(told.value)
    assert KEY["identity"] not in str(told.value)


@pytest.mark.requirement("FLUX-05", "SECR-02")
def test_ssh_gets_the_key_from_memory_and_refuses_unknown_hosts():
    with git_repository._access("ssh://git@example.org/o/n", KEY, "example.org ssh-ed25519 AAAA") as access:
        words = access["env"]["GIT_SSH_COMMAND"].split()
        (identity,) = [words[number + 1] for number, word in enumerate(words) if word == "-i"]
        with open(identity, encoding="utf-8") as stream:
            assert stream.read() == KEY["identity"]
        assert os.stat(identity).st_mode & 0o077 == 0
        assert os.stat(identity).st_nlink == 0
        assert "StrictHostKeyChecking=yes" in words
        told = subprocess.run(["ssh-keygen", "-y", "-f", identity], capture_output=True, text=True, check=True)
        assert told.stdout.split()[:2] == KEY["identity.pub"].split()
    assert not os.path.exists(identity)


def test_without_git_that_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = {"url": "https://example.org/o/n", "branch": "main", "path": "a"}
    with pytest.raises(git_repository.UnreachableError, match="no git"), git_repository.opened(wanted, None):
        pass
