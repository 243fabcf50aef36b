# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.filter.catalogue_entries import catalogue_entries

CATALOGUE = {
    "a": {"name": "a", "subnet_ids": None},
    "b": {"name": "b", "enabled": False},
    "c": {"name": "c", "enabled": True, "subnet_ids": ["own"]},
}


def test_entries_are_completed_and_switched_off():
    found = catalogue_entries(CATALOGUE, common={"subnet_ids": ["shared"], "key": None}, each={"role": {"c": "arn"}})
    assert found == {
        "a": {"name": "a", "subnet_ids": ["shared"]},
        "c": {"name": "c", "subnet_ids": ["own"], "role": "arn"},
    }


def test_some_keys_are_taken_or_left_out():
    assert list(catalogue_entries(CATALOGUE, only=["a", "b", "x"])) == ["a"]
    assert list(catalogue_entries(CATALOGUE, without=["a"])) == ["c"]


@pytest.mark.parametrize("given", [[], {"a": "text"}, None])
def test_what_is_no_catalogue_is_refused(given):
    with pytest.raises(AnsibleFilterError, match="takes a map of keys to maps"):
        catalogue_entries(given)
