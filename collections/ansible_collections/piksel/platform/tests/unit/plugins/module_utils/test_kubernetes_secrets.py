# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of the sources of a Kubernetes Secret."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_secrets, unknown
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from botocore.exceptions import ClientError

NASTY = "quote \" and ' and: {colon} # hash\n- dash %s {{ braces }} \\ ünicode"


def value_of(reference):
    """A value that no careless quoting survives."""
    return {"plain": "x", "nasty": NASTY}[reference["from_secret"]]


@pytest.mark.parametrize(
    ("source", "text"),
    [("text", "text"), (5432, "5432"), (True, "true"), ({"from_secret": "nasty", "key": "k"}, NASTY)],
)
def test_a_source_becomes_a_text(source, text):
    assert kubernetes_secrets.rendered("key", source, value_of) == text


@pytest.mark.requirement("SECR-40", "SECR-41")
def test_a_structure_becomes_yaml_that_reads_back_as_it_was():
    structure = {"hub": {"password": {"from_secret": "nasty"}, "ports": [1, {"from_secret": "plain"}], "on": True}}
    text = kubernetes_secrets.rendered("values.yaml", {"yaml": structure}, value_of)
    assert yaml.safe_load(text) == {"hub": {"password": NASTY, "ports": [1, "x"], "on": True}}


@pytest.mark.parametrize("source", [None, {"yaml": {"hub": {"url": None}}}])
def test_what_is_not_known_yet_leaves_the_secret_out(source):
    with pytest.raises(kubernetes_secrets.LeftOutError, match=r"^key.* is not known yet$"):
        kubernetes_secrets.rendered("key", source, value_of)


def test_references_are_found_at_any_depth():
    source = {"yaml": {"a": [{"from_secret": "one"}], "b": {"c": {"from_secret": "two", "key": "k"}}, "d": "text"}}
    assert kubernetes_secrets.references(source) == [{"from_secret": "one"}, {"from_secret": "two", "key": "k"}]
    assert kubernetes_secrets.references("text") == []


SOURCES = {"manual": {"name": "slack", "keys": ["address"]}, "generated": {"name": "password", "keys": None}}


class NoSecrets:
    """Clients of an account without a secret; nothing else is asked of them."""

    account, region = "111122223333", "ap-southeast-3"

    def client(self, service):
        """Itself, which answers as Secrets Manager does."""
        assert service == "secretsmanager"
        return self

    def get_secret_value(self, **asked):
        """GetSecretValue of what does not exist."""
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": str(asked)}}, "GetSecretValue")


@pytest.mark.parametrize(
    ("check_mode", "missing", "key", "outcome"),
    [
        (False, ["manual"], "manual", kubernetes_secrets.LeftOutError),
        (False, None, "generated", PlatformError),
        # A plan whose run makes secrets before: all that nobody left out will be there.
        (True, ["manual"], "manual", kubernetes_secrets.LeftOutError),
        (True, [], "manual", None),
        (True, [], "generated", None),
        # A plan of this alone says what the run would.
        (True, None, "manual", kubernetes_secrets.LeftOutError),
        (True, None, "generated", PlatformError),
    ],
)
def test_an_absent_secret_is_planned_as_the_run_will_find_it(check_mode, missing, key, outcome):
    store = kubernetes_secrets.Store(NoSecrets(), SOURCES, set(SOURCES), check_mode, missing)
    if outcome is None:
        assert unknown.is_unknown(store.value({"from_secret": key}))
        return
    with pytest.raises(outcome) as told:
        store.value({"from_secret": key})
    assert told.type is outcome
