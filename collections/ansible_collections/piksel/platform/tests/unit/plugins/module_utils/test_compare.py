# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.piksel.platform.plugins.module_utils import compare, unknown
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from hypothesis import given
from hypothesis import strategies as st

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}],
}
NAMES = st.text("abc/.-", min_size=1, max_size=4)


def paths(attribute, wanted, found):
    """Paths of the changes of one attribute."""
    changes = compare.changes([attribute], {attribute.path: wanted}, {attribute.path: found})
    return [change.path for change in changes]


def test_what_is_not_wanted_is_not_managed():
    assert compare.changes([Attribute("a"), Attribute("b")], {"a": None}, {"a": 1, "b": 2}) == []


def test_a_service_default_equals_an_absent_value():
    assert paths(Attribute("description", default=""), "", None) == []
    assert paths(Attribute("shift", default=False), True, None) == ["shift"]


def test_policies_are_compared_by_meaning():
    shuffled = json.dumps(
        {"Statement": [{"Resource": ["*"], "Action": ["s3:ListBucket", "s3:GetObject"], "Effect": "Allow"}]}
        | {"Version": "2012-10-17"}
    )
    assert paths(Attribute("policy", form="policy"), POLICY, shuffled) == []
    assert paths(Attribute("policy", form="policy"), POLICY, None) == ["policy"]
    other = {**POLICY, "Statement": [{**POLICY["Statement"][0], "Effect": "Deny"}]}
    assert paths(Attribute("policy", form="policy"), POLICY, other) == ["policy"]


def test_a_policy_with_an_unknown_value_differs_from_any_found():
    wanted = json.loads(json.dumps(POLICY).replace('"*"', json.dumps(unknown.make("kms_key", "a.b", "arn"))))
    assert paths(Attribute("policy", form="policy"), wanted, wanted) == ["policy"]


def test_immutable_and_sensitive_attributes_say_so():
    secret = Attribute("word", immutable=True, sensitive=True)
    (change,) = compare.changes([secret], {"word": "new"}, {"word": "old"})
    assert change.immutable
    assert "new" not in str(change.as_dict())
    assert "old" not in str(change.as_dict())
    assert "new" not in str(compare.creation([secret], {"word": "new"})[0].as_dict())


@given(st.lists(NAMES), st.randoms(use_true_random=False))
def test_sets_ignore_order_and_repeats(values, random):
    shuffled = [*values, *values[:2]]
    random.shuffle(shuffled)
    assert paths(Attribute("set", form="set"), values, shuffled) == []


@given(st.dictionaries(NAMES, NAMES), st.dictionaries(NAMES, NAMES))
def test_foreign_keys_of_a_map_stay(wanted, found):
    changes = compare.changes([Attribute("tags", form="map")], {"tags": wanted}, {"tags": found})
    after = {**found, **{change.path.removeprefix("tags."): change.after for change in changes}}
    assert after == {**found, **wanted}
    assert all(change.before != change.after for change in changes)


@given(st.dictionaries(NAMES, NAMES), st.dictionaries(NAMES, NAMES))
def test_an_owned_map_ends_as_wanted(wanted, found):
    changes = compare.changes([Attribute("m", form="owned_map")], {"m": wanted}, {"m": found})
    after = {**found, **{change.path.removeprefix("m."): change.after for change in changes}}
    assert {name: value for name, value in after.items() if value is not None} == wanted


def test_a_creation_shows_everything_wanted_and_nothing_empty():
    attributes = [Attribute("a"), Attribute("b"), Attribute("set", form="set"), Attribute("tags", form="map")]
    wanted = {"a": False, "b": None, "set": ["y", "x", "x"], "tags": {"k": "v"}}
    shown = [(change.path, change.before, change.after) for change in compare.creation(attributes, wanted)]
    assert shown == [("a", None, False), ("set", None, ["x", "y"]), ("tags.k", None, "v")]
    assert compare.creation(attributes, {"set": [], "tags": {}}) == []


def test_text_that_is_no_json_stays_text():
    assert compare.document("no json") == "no json"
    assert compare.text(POLICY) == json.dumps(POLICY)
    assert compare.text("{}") == "{}"
