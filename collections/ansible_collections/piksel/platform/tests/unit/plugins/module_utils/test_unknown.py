# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import unknown
from ansible_collections.piksel.platform.plugins.module_utils.errors import FindingsError, PlatformError

ARN = unknown.make("kms_key", "eks_cluster.secrets", "arn")


def test_the_text_says_where_the_value_comes_from():
    assert ARN == "(known after apply: kms_key/eks_cluster.secrets.arn)"
    assert unknown.is_unknown(ARN)


@pytest.mark.parametrize("value", ["arn:aws:kms", "", None, 3, ["x"], "(known after apply)", f"prefix {ARN}"])
def test_only_a_whole_text_is_unknown(value):
    assert not unknown.is_unknown(value)


@pytest.mark.parametrize("value", [ARN, f"a {ARN} b", [1, ARN], {"a": {"b": (ARN,)}}, {ARN: 1}])
def test_it_is_found_at_any_depth(value):
    assert unknown.contains_unknown(value)


def test_refusal_names_every_option():
    params = {"roles": {"a": {"boundary": ARN}}, "ids": ["x", ARN], "fine": "x"}
    with pytest.raises(FindingsError) as caught:
        unknown.refuse(params)
    assert "`roles.a.boundary`" in str(caught.value)
    assert "`ids[1]`" in str(caught.value)


def test_one_finding_is_told_plainly():
    with pytest.raises(PlatformError, match="option `name` holds a value that does not exist yet"):
        unknown.refuse({"name": ARN})


def test_nothing_unknown_is_nothing_to_say():
    unknown.refuse({"a": [1, None, "x"], "b": {"c": "(d)"}})
