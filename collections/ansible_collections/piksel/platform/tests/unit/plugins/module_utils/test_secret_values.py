# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that are made here, and values that an operator gives."""

from __future__ import annotations

import json
import string

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import secret_values
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from cryptography.hazmat.primitives import serialization

KEYS = ["client_id", "client_secret"]
WHOLE = {"client_id": "abc", "client_secret": "a canary that no message may hold"}


@pytest.mark.requirement("SECR-01", "SECR-06", "SECR-16", "SECU-05")
@pytest.mark.parametrize(
    ("form", "length", "alphabet"),
    [
        ("password", 32, string.ascii_letters + string.digits + "-_"),
        ("hex", 64, "0123456789abcdef"),
        ("token", 64, string.ascii_lowercase + string.digits),
    ],
)
def test_each_form_has_its_length_and_alphabet(form, length, alphabet):
    values = [secret_values.generate(form) for _number in range(200)]
    assert {len(value) for value in values} == {length}
    assert set("".join(values)) == set(alphabet)
    assert len(set(values)) == len(values)
    assert all(value[0].isalnum() for value in values)


@pytest.mark.requirement("FLUX-05")
def test_a_key_pair_is_one_that_ssh_reads():
    pairs = [json.loads(secret_values.generate("ed25519")) for _number in range(3)]
    for pair in pairs:
        assert tuple(pair) == secret_values.PARTS["ed25519"]
        private = serialization.load_ssh_private_key(pair["identity"].encode(), None)
        public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        assert pair["identity.pub"] == public.decode()
        assert pair["identity.pub"].startswith("ssh-ed25519 ")
    assert len({pair["identity"] for pair in pairs}) == len(pairs)


def test_a_variable_and_a_command_are_made_from_the_name():
    assert secret_values.variable("argo-oauth-dev") == "PIKSEL_SECRET_ARGO_OAUTH_DEV"
    assert secret_values.command("argo-oauth-dev", KEYS) == (
        'export PIKSEL_SECRET_ARGO_OAUTH_DEV=\'{"client_id": "...", "client_secret": "..."}\''
    )


@pytest.mark.requirement("SECR-02")
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "no JSON object"),
        ({"client_id": "abc"}, "lacks the key client_secret"),
        ({**WHOLE, "clientsecret": "x"}, "has the key clientsecret"),
        ({**WHOLE, "client_id": " "}, "key client_id holds no text"),
        ({**WHOLE, "client_id": 5}, "key client_id holds no text"),
    ],
)
def test_a_value_that_is_not_whole_is_told_without_showing_it(value, words):
    problem = secret_values.problem(value, KEYS)
    assert words in problem
    assert "canary" not in problem
    assert secret_values.problem(WHOLE, KEYS) is None


@pytest.mark.requirement("SECR-02")
def test_the_environment_comes_before_the_file(monkeypatch):
    params = {"values_file": "secrets.yml", "given": {"example": WHOLE}}
    assert json.loads(secret_values.Given(params).text("example", KEYS)) == WHOLE
    monkeypatch.setenv("PIKSEL_SECRET_EXAMPLE", json.dumps({**WHOLE, "client_id": "other"}))
    assert json.loads(secret_values.Given(params).text("example", KEYS))["client_id"] == "other"
    assert secret_values.Given({}).text("nowhere", KEYS) is None


@pytest.mark.parametrize("text", ["id:a canary", '["a canary"]', '{"client_id": "a canary"}'])
def test_a_wrong_value_names_its_place_and_the_command(monkeypatch, text):
    monkeypatch.setenv("PIKSEL_SECRET_EXAMPLE", text)
    with pytest.raises(PlatformError) as caught:
        secret_values.Given({}).text("example", KEYS)
    assert "$PIKSEL_SECRET_EXAMPLE" in str(caught.value)
    assert "export PIKSEL_SECRET_EXAMPLE=" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_file_is_refused_where_nobody_can_decrypt_it():
    with pytest.raises(PlatformError, match="controller only"):
        secret_values.Given({"values_file": "secrets.yml"})
