# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalogues of secrets may not say."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils.catalogue import RULES

PASSWORD = {"name": "database-password", "generate": "password"}
OAUTH = {"name": "example-oauth", "keys": ["client_id", "client_secret"]}
COPY = {"name": "app", "namespaces": ["web"], "data": {"password": {"from_secret": "password"}}}
VALUES = {"secrets_catalogue": {"password": PASSWORD, "oauth": OAUTH}, "secrets_namespaces": {"web": {"name": "web"}}}


def problems(rule, catalogue):
    """The problems as (path, message)."""
    return [(".".join(problem.path), problem.message) for problem in RULES[rule](catalogue, VALUES)]


def test_good_catalogues_have_none():
    off = {"enabled": False}
    template = {"yaml": {"a": [{"from_secret": "oauth", "key": "client_id"}]}}
    assert problems("secrets_catalogue", {"password": PASSWORD, "oauth": OAUTH, "off": off}) == []
    other = {**COPY, "name": "other", "data": {"user": "app", "values.yaml": template}}
    assert problems("secrets_kubernetes_secrets", {"app": COPY, "other": other, "off": off}) == []


@pytest.mark.parametrize(
    ("entry", "path", "words"),
    [
        ({"name": "a"}, "a", "has no value"),
        ({"name": "a", "keys": []}, "a", "has no value"),
        ({**OAUTH, "generate": "hex"}, "a", "both keys and a form"),
        ({"name": "a", "generate": "dice"}, "a.generate", "dice is no form"),
        ({"name": "a", "keys": ["k", "k"]}, "a.keys", "a key twice"),
        ({**PASSWORD, "name": "a name"}, "a.name", "no name that Secrets Manager takes"),
    ],
)
def test_a_secret_that_cannot_be(entry, path, words):
    ((found, message),) = problems("secrets_catalogue", {"a": entry})
    assert found == path
    assert words in message


def test_names_and_variables_are_used_once():
    found = problems("secrets_catalogue", {"a": OAUTH, "b": OAUTH, "c": {**OAUTH, "name": "example_oauth"}})
    assert [path for path, _message in found] == ["b.name", "c.name"]
    assert "PIKSEL_SECRET_EXAMPLE_OAUTH" in found[1][1]


@pytest.mark.parametrize(
    ("entry", "path", "words"),
    [
        ({**COPY, "namespaces": ["wbe"]}, "a.namespaces", "no namespace has the key wbe"),
        ({**COPY, "data": {"k": {"from_secret": "nobody"}}}, "a.data.k", "no secret has the key nobody"),
        ({**COPY, "data": {"k": {"from_secret": "oauth"}}}, "a.data.k", "has no key None"),
        ({**COPY, "data": {"k": {"from_secret": "oauth", "key": "id"}}}, "a.data.k", "has no key id"),
        ({**COPY, "data": {"k": {"from_secret": "password", "key": "id"}}}, "a.data.k", "is one text"),
        ({"name": "app", "namespaces": ["web"]}, "a", "has no data"),
    ],
)
def test_a_copy_that_cannot_be(entry, path, words):
    ((found, message),) = problems("secrets_kubernetes_secrets", {"a": entry})
    assert found == path
    assert words in message


def test_two_entries_may_not_make_the_same_secret():
    found = problems("secrets_kubernetes_secrets", {"a": COPY, "b": COPY})
    assert found == [("b.name", "app in namespace web is what a makes already")]
