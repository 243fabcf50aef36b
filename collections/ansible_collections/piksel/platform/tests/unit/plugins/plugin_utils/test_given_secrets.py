# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that only the controller can get: by decrypting a file, or by asking a person."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible_collections.piksel.platform.plugins.module_utils import secret_values
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.plugin_utils import given_secrets

COLLECTIONS = pathlib.Path(__file__).parents[7]
PASSWORD = b"a password of the vault"
SECRETS = [("default", VaultSecret(PASSWORD))]


def encrypted(folder, text):
    """A file that the vault encrypted, and a loader that can read it."""
    loader = DataLoader()
    loader.set_vault_secrets(SECRETS)
    path = folder / "secrets.yml"
    path.write_bytes(VaultLib(SECRETS).encrypt(text, SECRETS[0][1]))
    return {"values_file": str(path)}, loader


@pytest.mark.requirement("SECR-02")
def test_an_encrypted_file_is_read(tmp_path):
    params, loader = encrypted(tmp_path, "example-oauth: {client_id: abc, client_secret: xyz}\n")
    given = given_secrets.with_file(params, loader)["given"]
    assert given == {"example-oauth": {"client_id": "abc", "client_secret": "xyz"}}
    assert {type(text) for text in given["example-oauth"].values()} == {str}


@pytest.mark.requirement("SECR-02")
@pytest.mark.parametrize("written", ["0123", "", "yes", "2026-11-25", "[abc]"])
def test_what_yaml_takes_for_no_text_is_refused_and_never_changed(tmp_path, written):
    params, loader = encrypted(tmp_path, f"example-oauth: {{client_id: {written}, client_secret: '0123'}}\n")
    given = secret_values.Given(given_secrets.with_file(params, loader))
    with pytest.raises(PlatformError, match=r"its key client_id holds no text\. .* unless they are quoted"):
        given.text("example-oauth", ["client_id", "client_secret"])


def test_a_text_that_is_encrypted_once_more_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext(SECRETS))
    inner = VaultLib(SECRETS).encrypt("abc", SECRETS[0][1]).decode().replace("\n", "\n    ")
    params, loader = encrypted(tmp_path, f"example-oauth:\n  client_id: !vault |\n    {inner}\n")
    assert given_secrets.with_file(params, loader)["given"] == {"example-oauth": {"client_id": "abc"}}


def test_without_a_file_nothing_is_read():
    assert given_secrets.with_file({"values_file": None}, DataLoader()) == {"values_file": None}


def test_a_file_that_is_not_encrypted_is_refused(tmp_path):
    path = tmp_path / "secrets.yml"
    path.write_text("example-oauth: {client_id: a canary}\n", encoding="utf-8")
    with pytest.raises(PlatformError, match="is not encrypted") as caught:
        given_secrets.with_file({"values_file": str(path)}, DataLoader())
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("text", ["a canary: [", "- a canary\n"])
def test_what_is_no_map_is_refused_without_quoting_it(tmp_path, text):
    params, loader = encrypted(tmp_path, text)
    with pytest.raises(PlatformError) as caught:
        given_secrets.with_file(params, loader)
    assert "canary" not in str(caught.value)


@pytest.mark.requirement("SECR-02")
def test_what_a_run_shows_of_a_broken_file_quotes_nothing_of_it(tmp_path):
    """Ansible shows the whole chain of causes, so the message alone proves nothing."""
    params, _loader = encrypted(tmp_path, "example-oauth: {client_id: abc, client_secret: !canary xyz}\n")
    (tmp_path / "password").write_bytes(PASSWORD)
    task = {"piksel.platform.secretsmanager_secrets": {"scope": "s", "region": "none", "secrets": {}, **params}}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    (tmp_path / "book.yml").write_text(json.dumps(play), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_"))}
    process = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "book.yml", "--vault-password-file", "password", "-vvv"],
        env={**kept, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "cannot be decrypted, or is no YAML" in process.stdout
    assert "canary" not in process.stdout + process.stderr


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(PlatformError, match="cannot be read"):
        given_secrets.with_file({"values_file": "/nowhere/secrets.yml"}, DataLoader())


class Terminal:
    """A display whose person answers; or that has no terminal."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def prompt_until(self, text, private):
        """As Display.prompt_until."""
        assert private
        self.asked.append(text)
        return self.answer


def test_a_person_is_asked_key_by_key():
    terminal = Terminal(b" abc \n")
    assert given_secrets.asker(terminal)("example-oauth", "client_id") == "abc"
    assert "example-oauth, client_id" in terminal.asked[0]


def test_a_run_without_terminal_says_so():
    with pytest.raises(PlatformError, match="no terminal"):
        given_secrets.asker(Terminal(AnsibleError("stdin is not interactive")))("example-oauth", "client_id")
