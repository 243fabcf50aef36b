# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ConfigMaps of values, some of which are not known yet."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.filter.config_map_manifests import config_map_manifests

ENTRY = {"name": "values", "namespace": "app", "data": {"domain": "example.org", "zone": None}}


def test_a_value_that_is_not_known_is_left_out():
    assert config_map_manifests({"a": ENTRY}) == {
        "a": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "values", "namespace": "app"},
            "data": {"domain": "example.org"},
        }
    }


def test_without_values_there_is_no_config_map():
    assert config_map_manifests({"a": {**ENTRY, "data": {"zone": None}}}) == {}


@pytest.mark.parametrize(
    "config_maps",
    [[], {"a": {"name": "x"}}, {"a": {**ENTRY, "more": 1}}, {"a": "x"}, {"a": {**ENTRY, "data": {"limit": 30}}}],
)
def test_what_is_not_whole_is_refused(config_maps):
    with pytest.raises(AnsibleFilterError, match=r"config_map_manifests takes|wants data, name, namespace|in quotes"):
        config_map_manifests(config_maps)
