# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lifecycle rules by meaning, and what they would delete."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import s3_lifecycle
from hypothesis import given
from hypothesis import strategies as st

EXPIRE = {"prefix": "", "expiration_days": 60}
ANSWER = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 60}}
DAYS = st.integers(1, 3650)
RULES = st.fixed_dictionaries(
    {"prefix": st.text("ab/", max_size=4)},
    optional={
        "abort_multipart_days": DAYS,
        "expiration_days": DAYS,
        "noncurrent_expiration_days": DAYS,
        "transitions": st.dictionaries(st.sampled_from(["INTELLIGENT_TIERING", "GLACIER"]), DAYS, min_size=1),
    },
)


@given(RULES)
def test_a_rule_comes_back_as_it_went(rule):
    request = s3_lifecycle.for_service("key", rule)
    assert request["ID"] == "key"
    assert s3_lifecycle.from_service(request) == rule


@pytest.mark.parametrize(
    "scope", [{"Filter": {}}, {"Filter": {"Prefix": ""}}, {"Prefix": ""}, {"Filter": None, "Prefix": ""}]
)
def test_the_forms_of_everything_mean_the_same(scope):
    answer = {"ID": "x", "Status": "Enabled", "Expiration": {"Days": 60}, **scope}
    assert s3_lifecycle.from_service(answer) == EXPIRE


@pytest.mark.parametrize(
    "change",
    [
        {"Status": "Disabled"},
        {"Filter": {"Tag": {"Key": "a", "Value": "b"}}},
        {"Expiration": {"Date": "2030-01-01"}},
        {"Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 60, "NewerNoncurrentVersions": 3}},
        {"Transitions": [{"Date": "2030-01-01", "StorageClass": "GLACIER"}]},
        {"NoncurrentVersionTransitions": [{"NoncurrentDays": 60, "StorageClass": "GLACIER"}]},
    ],
)
def test_what_our_rules_cannot_say_is_a_difference(change):
    assert s3_lifecycle.from_service({**ANSWER, **change}) != EXPIRE


def test_options_that_are_silent_say_nothing():
    silent = {"prefix": "", "abort_multipart_days": None, "expiration_days": 60, "transitions": {}}
    assert s3_lifecycle.from_options(silent) == EXPIRE


def test_rules_are_known_by_meaning_and_not_by_id():
    other = {**ANSWER, "Expiration": {"Days": 5}}
    assert s3_lifecycle.by_key([ANSWER], {"expire": EXPIRE}) == {"expire": ANSWER}
    assert s3_lifecycle.by_key([other], {"x": EXPIRE}) == {"x": other}
    stranger = {**other, "ID": "expire"}
    assert s3_lifecycle.by_key([stranger, ANSWER], {"expire": EXPIRE}) == {
        "expire": ANSWER,
        "expire (found)": stranger,
    }


def test_two_rules_that_mean_the_same_stand_for_two_keys():
    keys = s3_lifecycle.by_key([ANSWER, {**ANSWER, "ID": "y"}], {"a": EXPIRE, "b": EXPIRE})
    assert sorted(keys) == ["a", "b"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"prefix": ""}, "without an action"),
        ({"prefix": "", "expiration_days": 0}, "must be 1 or more"),
        ({"prefix": "", "transitions": {"ONEZONE_IA": 29}}, "S3 wants 30 or more"),
        ({"prefix": "", "transitions": {"GLACIER": 60}, "expiration_days": 60}, "before their transition"),
        (EXPIRE, None),
        ({"prefix": "", "transitions": {"INTELLIGENT_TIERING": 0}}, None),
        ({"prefix": "", "transitions": {"GLACIER": 60}, "expiration_days": 61}, None),
    ],
)
def test_what_s3_would_refuse(rule, words):
    found = s3_lifecycle.problems(rule)
    assert len(found) == (1 if words else 0)
    assert words is None or words in found[0]


def test_the_older_form_of_a_rule_becomes_the_newer_one():
    old = {"ID": "a", "Status": "Enabled", "Prefix": "tmp/", "Expiration": {"Days": 9}}
    new = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 9}}
    assert s3_lifecycle.with_filter(old) == new
    assert s3_lifecycle.with_filter(new) == new
    assert s3_lifecycle.from_service(old) == s3_lifecycle.from_service(new)


TIER = {"prefix": "", "transitions": {"GLACIER": 60}}


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        (None, EXPIRE, True),
        (None, TIER, False),
        (EXPIRE, None, False),
        (EXPIRE, TIER, False),
        (TIER, EXPIRE, True),
        (EXPIRE, {**EXPIRE, "expiration_days": 61}, False),
        (EXPIRE, {**EXPIRE, "expiration_days": 59}, True),
        (EXPIRE, {**EXPIRE, "prefix": "tmp/"}, False),
        ({**EXPIRE, "prefix": "tmp/"}, EXPIRE, True),
        ({**EXPIRE, "enabled": False}, EXPIRE, True),
        ({"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "expiration_days": 60}, EXPIRE, True),
        (EXPIRE, {**EXPIRE, "noncurrent_expiration_days": 1}, True),
    ],
)
def test_what_would_delete_more_than_before(before, after, more):
    assert s3_lifecycle.deletes_more(before, after) is more
