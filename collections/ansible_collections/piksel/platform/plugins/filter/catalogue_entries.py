# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of a catalogue as a module takes them."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: catalogue_entries
short_description: Turn a catalogue into the entries of a module
version_added: 0.1.0
description:
  - Drops entries that are not C(enabled), and gives each of the others what they have in common.
  - An option that an entry sets itself wins; one that is null counts as not set.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Logical key to a map of options. C(enabled) (default true) is for this filter alone.
    type: dict
    required: true
  common:
    description: Options that every entry gets.
    type: dict
    default: {}
  each:
    description: Options whose value differs by entry, each a map from logical key to value.
    type: dict
    default: {}
  only:
    description: Keys to take; without it all are taken.
    type: list
    elements: str
  without:
    description: Keys to leave out.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
# {"a": {"name": "a", "subnet_ids": ["subnet-01"]}}
entries: "{{ {'a': {'name': 'a'}, 'b': {'enabled': false}} | piksel.platform.catalogue_entries(common=shared) }}"
shared:
  subnet_ids: [subnet-01]
"""

RETURN = r"""
_value:
  description: The entries by logical key.
  type: dict
"""


def catalogue_entries(
    catalogue: dict,
    common: dict | None = None,
    each: dict | None = None,
    only: list | None = None,
    without: list | tuple = (),
) -> dict:
    """Return the enabled entries, completed; raises AnsibleFilterError for what is no map of maps."""
    if not isinstance(catalogue, dict) or not all(isinstance(entry, dict) for entry in catalogue.values()):
        raise AnsibleFilterError(f"catalogue_entries takes a map of keys to maps, not {catalogue!r}")
    keys = [key for key in catalogue if (only is None or key in only) and key not in without]
    return {
        key: _completed(key, catalogue[key], common or {}, each or {})
        for key in keys
        if catalogue[key].get("enabled", True)
    }


def _completed(key, entry, common, each):
    shared = {**common, **{option: values.get(key) for option, values in each.items()}}
    own = {option: value for option, value in entry.items() if option != "enabled" and value is not None}
    return {**{option: value for option, value in shared.items() if value is not None}, **own}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"catalogue_entries": catalogue_entries}
