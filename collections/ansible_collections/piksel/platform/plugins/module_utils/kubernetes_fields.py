# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``metadata.managedFields`` tells: which lists are keyed, which values are whole, and which fields are ours.

A field set is the nested dict of the FieldsV1 format: "f:<name>" for a field, 'k:{"name":"x"}' for an element of a
keyed list, "v:<json>" for an element of a set, "." for the thing itself; an empty dict is a leaf, owned as a whole.
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import json

# Merge keys of built-in kinds, for objects whose managedFields somebody cleared.
FALLBACK_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "webhooks": ("name",),
}
# Fields of a merge key that the server fills in when a manifest leaves them out.
KEY_DEFAULTS = {"protocol": "TCP"}


def field_sets(live: dict, api_version: str, manager: str) -> tuple[dict, dict, dict]:
    """Field sets (everybody's, ours, the others') of an object as the server returned it.

    ``manager`` is the field manager of our applies. Entries of another API version are left out, for their paths may
    differ.
    """
    everybody, ours, others = {}, {}, {}
    for entry in live.get("metadata", {}).get("managedFields") or []:
        if entry.get("apiVersion", api_version) != api_version:
            continue
        fields = entry.get("fieldsV1") or {}
        mine = entry.get("manager") == manager and entry.get("operation") == "Apply"
        _add(everybody, fields)
        _add(ours if mine else others, fields)
    return everybody, ours, others


def _add(into: dict, fields: dict) -> None:
    """Merge one field set into another."""
    for name, below in fields.items():
        _add(into.setdefault(name, {}), below)


def below(fields: dict | None, name: str) -> dict | None:
    """The field set under a field, or None when the field is not in the set."""
    return None if fields is None else fields.get(f"f:{name}")


def is_leaf(fields: dict | None) -> bool:
    """True when the field is in the set as a whole."""
    return fields is not None and not any(name != "." for name in fields)


def merge_keys(fields: dict | None, name: str, items: list) -> tuple[str, ...] | None:
    """Names of the fields that identify an element of the list ``name``, or None for a list that is one value."""
    for entry in fields or {}:
        if entry.startswith("k:"):
            return tuple(json.loads(entry[2:]))
    if fields:
        return None
    keys = FALLBACK_KEYS.get(name)
    if keys and all(isinstance(item, dict) and keys[0] in item for item in items):
        return keys
    return None


def is_set(fields: dict | None) -> bool:
    """True for a list whose elements are owned one by one, such as finalizers."""
    return any(entry.startswith("v:") for entry in fields or {})


def element_key(item: dict, keys: tuple[str, ...]) -> tuple:
    """What identifies an element of a keyed list; the server's defaults stand in for what is left out."""
    return tuple(item.get(key, KEY_DEFAULTS.get(key)) for key in keys)


def element_fields(fields: dict | None, key: tuple, keys: tuple[str, ...]) -> dict | None:
    """The field set of one element of a keyed list."""
    for entry, inside in (fields or {}).items():
        if entry.startswith("k:") and element_key(json.loads(entry[2:]), keys) == key:
            return inside
    return None


def entry_key(entry: str) -> tuple[tuple[str, ...], tuple]:
    """Merge keys and values of an entry like 'k:{"name":"x"}'."""
    values = json.loads(entry[2:])
    return tuple(values), element_key(values, tuple(values))


def element_label(key: tuple, keys: tuple[str, ...]) -> str:
    """An element as attribute paths show it: "[name=app]"."""
    return "[" + ",".join(f"{name}={value}" for name, value in zip(keys, key, strict=True) if value is not None) + "]"
