# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ConfigMaps that tell workloads their buckets."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.filter.bucket_config_maps import bucket_config_maps

ENTRY = {"name": "config", "namespace": "app", "bucket_name": "a-bucket"}


def test_a_config_map_names_bucket_and_region():
    manifest = bucket_config_maps({"a": ENTRY}, "ap-southeast-3")["a"]
    assert (manifest["apiVersion"], manifest["kind"]) == ("v1", "ConfigMap")
    assert manifest["metadata"] == {"name": "config", "namespace": "app"}
    assert manifest["data"] == {"bucket-name": "a-bucket", "bucket-region": "ap-southeast-3"}


@pytest.mark.parametrize("config_maps", [[], {"a": {"name": "x"}}, {"a": {**ENTRY, "more": 1}}, {"a": "x"}])
def test_what_is_not_whole_is_refused(config_maps):
    with pytest.raises(AnsibleFilterError, match=r"bucket_config_maps takes|wants bucket_name, name, namespace"):
        bucket_config_maps(config_maps, "r")
