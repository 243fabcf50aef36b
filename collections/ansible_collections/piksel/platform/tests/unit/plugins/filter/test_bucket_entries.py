# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a catalogue of buckets to what the module is asked for."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.filter.bucket_entries import bucket_entries

TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}


def one(**entry):
    """The options of one bucket."""
    return bucket_entries({"a": {"name": "a-bucket", **entry}}, "aws-cn")["a"]


def test_a_bucket_is_closed_and_says_everything():
    options = one()
    assert set(options["public_access_block"].values()) == {True}
    assert options["ownership"] == "BucketOwnerEnforced"
    assert options["encryption"] == "AES256"
    assert (options["versioning"], options["lifecycle_rules"], options["cors_rules"], options["website"]) == (
        False,
        {},
        [],
        {},
    )
    (statement,) = options["policy"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Condition"]) == ("Deny", "s3:*", TLS_ONLY)
    assert statement["Resource"] == ["arn:aws-cn:s3:::a-bucket", "arn:aws-cn:s3:::a-bucket/*"]


def test_a_public_bucket_is_opened_by_its_policy_alone():
    options = one(public_read=True)
    assert [name for name, on in options["public_access_block"].items() if not on] == [
        "block_public_policy",
        "restrict_public_buckets",
    ]
    allowed = [statement for statement in options["policy"]["Statement"] if statement["Effect"] == "Allow"]
    assert {statement["Principal"] for statement in allowed} == {"*"}
    assert sorted(action for statement in allowed for action in statement["Action"]) == [
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:GetObjectTagging",
        "s3:ListBucket",
    ]
    assert options["ownership"] == "BucketOwnerEnforced"
    assert len(options["policy"]["Statement"]) == 3


def test_statements_of_the_entry_stand_beside_ours():
    mine = {"Effect": "Allow"}
    assert one(policy_statements=[mine], tls_only=False)["policy"]["Statement"] == [mine]
    assert one(tls_only=False)["policy"] == {}


@pytest.mark.parametrize(
    ("catalogue", "words"),
    [
        ([], "takes a map"),
        ({"a": {}}, "with a name"),
        ({"a": "x"}, "with a name"),
        ({"a": {"name": "x", "public": True}, "b": {"name": "y", "acl": "z"}}, "public is no part.*acl is no part"),
    ],
)
def test_what_is_no_catalogue_is_refused(catalogue, words):
    with pytest.raises(AnsibleFilterError, match=words):
        bucket_entries(catalogue)
