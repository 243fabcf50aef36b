# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import arguments
from ansible_collections.piksel.platform.plugins.module_utils.errors import FindingsError, PlatformError

OPTIONS = {"name": {"type": "str", "required": True}, "days": {"type": "int"}, "on": {"type": "bool", "default": True}}


def test_entries_are_converted_and_filled():
    given = {"a": {"name": "x", "days": "7"}}
    assert arguments.entries("groups", given, OPTIONS) == {"a": {"name": "x", "days": 7, "on": True}}


def test_all_findings_are_told_at_once_with_their_place():
    given = {"a": {"days": "seven", "name": "x"}, "b": {}, "c": "text", "d": {"name": "x", "dayz": 1}}
    with pytest.raises(FindingsError) as caught:
        arguments.entries("groups", given, OPTIONS)
    text = str(caught.value)
    assert "4 findings" in text
    for place in ("`groups.a`", "`groups.b`: missing required arguments: name", "`groups.c` must be a map", "dayz"):
        assert place in text


def test_rules_between_options_count():
    with pytest.raises(PlatformError, match="mutually exclusive"):
        arguments.entries("x", {"a": {"name": "n", "days": 1}}, OPTIONS, mutually_exclusive=[("name", "days")])


def test_tags_are_text_and_end_with_the_mark():
    tags = arguments.tags(
        "iam_role", {"scope": "s", "tags": {"Project": "P", "n": 1}}, "k", {"tags": {"Project": "Q", "b": True}}
    )
    assert tags == {"Project": "Q", "n": "1", "b": "true", "piksel-platform/key": "iam_role/s.k"}
