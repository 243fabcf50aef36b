# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: manual_secrets
short_description: Pick the secrets that are made by hand
version_added: 0.1.0
description:
  - Picks the C(enabled) entries of a catalogue of secrets that have C(keys), for M(piksel.platform.preflight_lookups).
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Logical key to an entry, in the form of O(piksel.platform.secretsmanager_secrets#module:secrets).
    type: dict
    required: true
"""

EXAMPLES = r"""
# {"example-oauth": {"keys": ["client_id"], "description": "OAuth client"}}
wanted: "{{ {'oauth': entry, 'other': {'name': 'other', 'generate': 'hex'}} | piksel.platform.manual_secrets }}"
entry: {name: example-oauth, keys: [client_id], description: OAuth client}
"""

RETURN = r"""
_value:
  description: Name of each secret to its C(keys) and C(description).
  type: dict
"""


def manual_secrets(catalogue: dict) -> dict:
    """Return {"keys", "description"} by name for the enabled entries that have keys."""
    return {
        entry["name"]: {"keys": entry["keys"], "description": entry.get("description") or ""}
        for entry in catalogue.values()
        if entry.get("keys") and entry.get("enabled", True)
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"manual_secrets": manual_secrets}
