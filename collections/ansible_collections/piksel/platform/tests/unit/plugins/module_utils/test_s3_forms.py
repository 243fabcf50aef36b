# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of buckets in canonical form, and back."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import arguments, s3_forms
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError


def wanted(**entry):
    """What is wanted of a bucket with these options, and what is wrong with it."""
    options = {"a": {"name": "a-bucket", **entry}}
    return s3_forms.wanted("a", arguments.entries("buckets", options, s3_forms.BUCKET_OPTIONS)["a"])


def test_what_is_left_out_is_not_ours_and_what_protects_is():
    parts, problems = wanted()
    assert problems == []
    assert {name for name, value in parts.items() if value is None} == {
        "policy",
        "lifecycle_rules",
        "cors_rules",
        "versioning",
        "website",
    }
    assert parts["ownership"] == "BucketOwnerEnforced"
    assert parts["encryption"] == "AES256"
    assert set(parts["public_access_block"].values()) == {True}
    assert len(parts["public_access_block"]) == 4


def test_a_flag_that_is_named_leaves_the_others_on():
    parts, _problems = wanted(public_access_block={"block_public_policy": False})
    assert [name for name, value in parts["public_access_block"].items() if not value] == ["block_public_policy"]


@pytest.mark.parametrize("policy", ["", {}])
def test_an_empty_policy_means_that_there_is_none(policy):
    assert wanted(policy=policy)[0]["policy"] == {}


def test_policies_come_as_text_or_as_map():
    assert wanted(policy='{"Version": "2012-10-17"}')[0]["policy"] == {"Version": "2012-10-17"}


def test_cors_rules_come_back_as_they_went_and_their_ids_mean_nothing():
    rule = {"allowed_origins": ["b", "a"], "allowed_methods": ["HEAD", "GET"], "max_age_seconds": 5}
    (canonical,) = wanted(cors_rules=[rule])[0]["cors_rules"]
    assert canonical["allowed_origins"] == ["a", "b"]
    request = s3_forms.cors_for_service(canonical)
    assert s3_forms.cors_from_service({**request, "ID": "theirs"}) == canonical


@pytest.mark.parametrize("website", [{"index_document": "i"}, {"index_document": "i", "error_document": "e"}])
def test_websites_come_back_as_they_went(website):
    canonical = wanted(website=website)[0]["website"]
    assert canonical == website
    assert s3_forms.website_from_service(s3_forms.website_for_service(canonical)) == website


def test_a_website_without_an_index_is_refused():
    with pytest.raises(PlatformError, match="index_document"):
        wanted(website={"error_document": "e"})


def test_everything_that_is_wrong_is_told():
    _parts, problems = wanted(name="A", lifecycle_rules={"empty": {}, "soon": {"expiration_days": 0}})
    assert [finding.subject for finding in problems] == [
        "`buckets.a.name`",
        "`buckets.a.lifecycle_rules.empty`",
        "`buckets.a.lifecycle_rules.soon`",
    ]


def test_an_unknown_part_of_a_rule_is_refused():
    with pytest.raises(PlatformError, match="expire_days"):
        wanted(lifecycle_rules={"a": {"expire_days": 3}})
