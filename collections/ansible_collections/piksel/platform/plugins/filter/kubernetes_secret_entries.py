# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: kubernetes_secret_entries
short_description: Give each Kubernetes Secret of a catalogue to its namespaces
version_added: 0.1.0
description:
  - Drops entries that are not C(enabled), and makes an entry of M(piksel.platform.k8s_secrets) for each namespace of
    each of the others.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description:
      - Logical key to an entry with C(name), C(namespaces) (logical keys) and C(data). C(enabled) is V(true) unless it
        is set.
    type: dict
    required: true
  namespaces:
    description: Logical key of a namespace to a map with its C(name).
    type: dict
    required: true
"""

EXAMPLES = r"""
# {"app.web": {"name": "app", "namespace": "web-apps", "data": {"user": "app"}}}
entries: "{{ {'app': entry} | piksel.platform.kubernetes_secret_entries(spaces) }}"
entry: {name: app, namespaces: [web], data: {user: app}}
spaces:
  web: {name: web-apps}
"""

RETURN = r"""
_value:
  description: The entries by logical key of the Secret and of the namespace, with a dot between.
  type: dict
"""


def kubernetes_secret_entries(catalogue: dict, namespaces: dict) -> dict:
    """Return an entry for each Secret and namespace; raises AnsibleFilterError for an unknown namespace."""
    result = {}
    for key, entry in catalogue.items():
        if not entry.get("enabled", True):
            continue
        for namespace in entry["namespaces"]:
            if namespace not in namespaces:
                raise AnsibleFilterError(f"Kubernetes Secret {key}: no namespace has the key {namespace}")
            result[f"{key}.{namespace}"] = {
                "name": entry["name"],
                "namespace": namespaces[namespace]["name"],
                "data": entry["data"],
            }
    return result


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"kubernetes_secret_entries": kubernetes_secret_entries}
