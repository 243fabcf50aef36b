# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between wanted and found, attribute by attribute, in canonical form."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.piksel.platform.plugins.module_utils import unknown

_MAPS = ("map", "owned_map")


@dataclass(frozen=True)
class Change:
    """One attribute path with its value before and after; ``immutable`` asks for a replacement of the object."""

    path: str
    before: object
    after: object
    immutable: bool = False

    def as_dict(self) -> dict:
        """The shape that results show: {"path", "before", "after"}."""
        return {"path": self.path, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class Attribute:
    """How one attribute of a kind is compared.

    ``form``: "value"; "set" (a list whose order and repeats mean nothing); "policy" (an AWS policy document, a map or
    JSON text, compared by meaning); "map" (each wanted key is compared, other keys are left alone: tags and labels);
    "owned_map" (other keys go). ``default`` is what the service answers when the attribute was never set; it equals an
    absent value. ``sensitive`` values are compared but never shown.
    """

    path: str
    form: str = "value"
    immutable: bool = False
    default: object = None
    sensitive: bool = False


def changes(attributes, wanted: dict, found: dict) -> list:
    """Every Change that leads from ``found`` to ``wanted`` (both flat: path -> value).

    A path that is missing or None in ``wanted`` is not managed and never a change.
    """
    result = []
    for attribute in attributes:
        after = wanted.get(attribute.path)
        if after is not None:
            result.extend(_COMPARE[attribute.form](attribute, after, found.get(attribute.path)))
    return result


def creation(attributes, wanted: dict) -> list:
    """The changes of a create operation: everything wanted, from nothing."""
    result = []
    for attribute in attributes:
        after = wanted.get(attribute.path)
        if after is None or (attribute.form in ("set", *_MAPS) and not after):
            continue
        if attribute.form in _MAPS:
            result.extend(_change(attribute, f"{attribute.path}.{key}", None, after[key]) for key in sorted(after))
        else:
            result.append(_change(attribute, attribute.path, None, _shown(attribute, after)))
    return result


def _change(attribute, path, before, after):
    if attribute.sensitive:
        before, after = (None if before is None else "(sensitive)"), "(sensitive)"
    return Change(path, before, after, attribute.immutable)


def _value(attribute, after, before):
    found = attribute.default if before is None else before
    if found == after:
        return []
    return [_change(attribute, attribute.path, before, after)]


def _set(attribute, after, before):
    wanted, found = sorted(set(after)), sorted(set(before or []))
    if wanted == found:
        return []
    return [_change(attribute, attribute.path, found, wanted)]


def _map(attribute, after, before):
    found = before or {}
    return [
        _change(attribute, f"{attribute.path}.{key}", found.get(key), after[key])
        for key in sorted(after)
        if found.get(key) != after[key]
    ]


def _owned_map(attribute, after, before):
    found = before or {}
    return [
        _change(attribute, f"{attribute.path}.{key}", found.get(key), after.get(key))
        for key in sorted({*after, *found})
        if found.get(key) != after.get(key)
    ]


def _policy(attribute, after, before):
    wanted, found = document(after), document(before)
    if found is not None and not unknown.contains_unknown(wanted) and not compare_policies(found, wanted):
        return []
    return [_change(attribute, attribute.path, found, wanted)]


_COMPARE = {"value": _value, "set": _set, "map": _map, "owned_map": _owned_map, "policy": _policy}


def _shown(attribute, value):
    """A wanted value as a plan shows it."""
    if attribute.form == "set":
        return sorted(set(value))
    return document(value) if attribute.form == "policy" else value


def document(policy):
    """A policy as a map, whether it came as map or as JSON text; None stays None, text that is no JSON stays text."""
    if not isinstance(policy, str):
        return policy
    try:
        return json.loads(policy)
    except ValueError:
        return policy


def text(policy) -> str:
    """A policy as JSON text, whether it came as map or as text."""
    return policy if isinstance(policy, str) else json.dumps(policy)
