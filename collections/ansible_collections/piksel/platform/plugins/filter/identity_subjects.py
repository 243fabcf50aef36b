# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Subjects out of a catalogue of identities."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.plugin_utils import identities

DOCUMENTATION = r"""
name: identity_subjects
short_description: Name the service accounts of a catalogue of identities
version_added: 0.1.0
description: Says for each identity that is not switched off how tokens name its service accounts.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Logical key to identity.
    type: dict
    required: true
  namespaces:
    description: Logical key to name of each namespace.
    type: dict
    required: true
"""

EXAMPLES = r"""
# {"odc": ["system:serviceaccount:open-datacube:odc-data-reader"]}
subjects: "{{ {'odc': {'namespace': 'odc', 'service_accounts': ['odc-data-reader']}}
  | piksel.platform.identity_subjects({'odc': 'open-datacube'}) }}"
"""

RETURN = r"""
_value:
  description: Logical key to list of subjects, empty for roles that no pod gets.
  type: dict
"""


def identity_subjects(catalogue: dict, namespaces: dict) -> dict:
    """Return the subjects of each active identity."""
    return {key: identities.subjects(entry, namespaces) for key, entry in identities.active(catalogue).items()}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"identity_subjects": identity_subjects}
