# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: config_map_manifests
short_description: Make ConfigMaps of values, some of which are not known yet
version_added: 0.1.0
description:
  - Turns a map of ConfigMaps into manifests for M(piksel.platform.k8s_objects).
  - A value that is null is not known yet and left out, and so is a ConfigMap that is left without values.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Logical key to an entry with C(name), C(namespace) and C(data), all of them required.
    type: dict
    required: true
"""

EXAMPLES = r"""
# {"app": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {...}, "data": {"domain": "example.org"}}}
objects: "{{ {'app': entry} | piksel.platform.config_map_manifests }}"
"""

RETURN = r"""
_value:
  description: The manifests by logical key.
  type: dict
"""

_PARTS = {"name", "namespace", "data"}


def config_map_manifests(config_maps: dict) -> dict:
    """Return a manifest for each entry with values; raises AnsibleFilterError for entries that are not whole."""
    if not isinstance(config_maps, dict):
        raise AnsibleFilterError(f"config_map_manifests takes a map of keys to ConfigMaps, not {config_maps!r}")
    for key, entry in config_maps.items():
        if not isinstance(entry, dict) or set(entry) != _PARTS or not isinstance(entry["data"], dict):
            raise AnsibleFilterError(f"ConfigMap {key}: wants {', '.join(sorted(_PARTS))} and nothing else")
        for name, value in entry["data"].items():
            if value is not None and not isinstance(value, str):
                raise AnsibleFilterError(f"ConfigMap {key}: {name} is {value!r} and must be a text: put it in quotes")
    manifests = {key: _manifest(entry) for key, entry in config_maps.items()}
    return {key: manifest for key, manifest in manifests.items() if manifest["data"]}


def _manifest(entry):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": entry["name"], "namespace": entry["namespace"]},
        "data": {name: value for name, value in entry["data"].items() if value is not None},
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"config_map_manifests": config_map_manifests}
