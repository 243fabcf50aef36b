# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalogue of buckets may not say."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils.catalogue import RULES

RULE = RULES["s3_buckets"]
PUBLIC = {"name": "a-bucket", "public_read": True}


def problems(catalogue):
    """The problems as (path, message)."""
    return [(".".join(problem.path), problem.message) for problem in RULE(catalogue, {})]


def test_a_good_catalogue_has_none():
    keep = {"lifecycle_rules": {"tier": {"transitions": {"INTELLIGENT_TIERING": 60}}}}
    expire = {"lifecycle_rules": {"expire": {"expiration_days": 60}}}
    assert problems({"a": {**PUBLIC, **keep}, "b": {"name": "b-bucket", **expire}}) == []


def test_names_are_valid_and_each_is_used_once():
    found = problems({"a": {"name": "a-bucket"}, "b": {"name": "a-bucket"}, "c": {"name": "Not_a_name"}})
    assert [path for path, _message in found] == ["b.name", "c.name"]
    assert found[0][1] == "a-bucket is the name of a already"
    assert "lowercase" in found[1][1]


@pytest.mark.parametrize("part", ["expiration_days", "noncurrent_expiration_days"])
def test_no_rule_deletes_public_data(part):
    found = problems({"a": {**PUBLIC, "lifecycle_rules": {"old": {part: 90}}}})
    assert found == [(f"a.lifecycle_rules.old.{part}", "this rule would delete public data of a-bucket")]


@pytest.mark.parametrize(
    ("rule", "path", "words"),
    [
        ({}, "a.lifecycle_rules.x", "without an action"),
        ("x", "a.lifecycle_rules.x", "must be a map"),
        ({"expire_days": 3}, "a.lifecycle_rules.x.expire_days", "no part of a lifecycle rule"),
        ({"expiration_days": 0}, "a.lifecycle_rules.x", "1 or more"),
        ({"expiration_days": "0"}, "a.lifecycle_rules.x", "1 or more"),
        ({"expiration_days": "soon"}, "a.lifecycle_rules.x", "expiration_days"),
        ({"transitions": {"GLACIER": "x"}}, "a.lifecycle_rules.x", "to GLACIER after 'x', which is no number of days"),
        ({"transitions": {"GLACIER": None}}, "a.lifecycle_rules.x", "which is no number of days"),
        ({"transitions": 5}, "a.lifecycle_rules.x", "transitions"),
    ],
)
def test_rules_that_s3_would_refuse(rule, path, words):
    ((found, message),) = problems({"a": {"name": "a-bucket", "lifecycle_rules": {"x": rule}}})
    assert (found, words in message) == (path, True)


def test_what_is_no_entry_is_left_to_the_check_of_types():
    assert problems({"a": "x"}) == []
