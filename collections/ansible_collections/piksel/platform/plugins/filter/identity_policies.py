# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed policies out of a catalogue of policies."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.plugin_utils import identities

DOCUMENTATION = r"""
name: identity_policies
short_description: Make managed policies for a catalogue of policies
version_added: 0.1.0
description: Turns the policies that are not switched off into entries for M(piksel.platform.iam_policies).
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Logical key to policy, each with C(name) and C(statements), as IAM writes them.
    type: dict
    required: true
"""

EXAMPLES = r"""
policies: "{{ irsa_policies | piksel.platform.identity_policies }}"
"""

RETURN = r"""
_value:
  description: The policies by logical key.
  type: dict
"""


def identity_policies(catalogue: dict) -> dict:
    """Return an entry with its document for each active policy."""
    return {
        key: {
            "name": entry["name"],
            "path": entry.get("path") or "/",
            "document": identities.document(entry["statements"]),
            "tags": {"Purpose": entry["purpose"]} if entry.get("purpose") else {},
        }
        for key, entry in identities.active(catalogue).items()
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"identity_policies": identity_policies}
