# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: bucket_config_maps
short_description: Make ConfigMaps that tell workloads their buckets
version_added: 0.1.0
description:
  - Turns a map of ConfigMaps into manifests for M(piksel.platform.k8s_objects), with C(bucket-name) and
    C(bucket-region).
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Logical key to an entry with C(name), C(namespace) and C(bucket_name), all of them required.
    type: dict
    required: true
  region:
    description: Region of the buckets.
    type: str
    required: true
"""

EXAMPLES = r"""
# {"app": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {...}, "data": {"bucket-name": "example", ...}}}
objects: "{{ {'app': entry} | piksel.platform.bucket_config_maps(region='ap-southeast-3') }}"
"""

RETURN = r"""
_value:
  description: The manifests by logical key.
  type: dict
"""

_PARTS = {"name", "namespace", "bucket_name"}


def bucket_config_maps(config_maps: dict, region: str) -> dict:
    """Return a manifest for each entry; raises AnsibleFilterError for entries that are not whole."""
    if not isinstance(config_maps, dict):
        raise AnsibleFilterError(f"bucket_config_maps takes a map of keys to ConfigMaps, not {config_maps!r}")
    for key, entry in config_maps.items():
        if not isinstance(entry, dict) or set(entry) != _PARTS:
            raise AnsibleFilterError(f"ConfigMap {key}: wants {', '.join(sorted(_PARTS))} and nothing else")
    return {key: _manifest(entry, region) for key, entry in config_maps.items()}


def _manifest(entry, region):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": entry["name"], "namespace": entry["namespace"]},
        "data": {"bucket-name": entry["bucket_name"], "bucket-region": region},
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"bucket_config_maps": bucket_config_maps}
