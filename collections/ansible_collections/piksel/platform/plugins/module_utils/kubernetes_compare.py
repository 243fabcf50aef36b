# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server-side apply of a manifest would change in a live object, told from a get alone.

Only the fields of the manifest count. Who owns a field, by ``metadata.managedFields``, decides what values
cannot:

- a whole value (an atomic list or map) that holds more than the manifest: the server's defaults while the field is
  ours, somebody's change when it is not, since whoever changes a field takes it from its owner;
- a wanted ``false``, ``0``, ``""``, ``{}`` that the server does not store: there as long as the field is ours;
- a field that is ours alone and no longer in the manifest: the apply removes it.
"""

from __future__ import annotations

import base64
import binascii

from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_fields as fields_v1
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_quantity as quantity
from ansible_collections.piksel.platform.plugins.module_utils.compare import Change

FIELD_MANAGER = "piksel-platform"
SENSITIVE = "(sensitive)"
# What the server refuses to change, by kind: a difference there means a new object.
_IMMUTABLE = {
    "ClusterRoleBinding": ("roleRef",),
    "CSIDriver": ("spec.attachRequired", "spec.fsGroupPolicy", "spec.volumeLifecycleModes"),
    "DaemonSet": ("spec.selector",),
    "Deployment": ("spec.selector",),
    "IngressClass": ("spec.controller",),
    "Job": ("spec.completions", "spec.selector", "spec.template"),
    "PersistentVolume": ("spec.csi", "spec.volumeMode"),
    "PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeMode",
        "spec.volumeName",
    ),
    "PriorityClass": ("value",),
    "RoleBinding": ("roleRef",),
    "Secret": ("type",),
    "StatefulSet": ("spec.podManagementPolicy", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"),
    "StorageClass": ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
}
# The whole map is one value in the schema, the list of its keys in managedFields notwithstanding.
# Whole values in which the server fills in the same for everybody, so that it tells nothing about who set them.
_FILLED_IN = {"fieldRef": {"apiVersion": "v1"}, "resourceFieldRef": {"divisor": "0"}}
_ALWAYS_OPEN = (("metadata", "labels"), ("metadata", "annotations"))
_IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))


def canonical(manifest: dict) -> dict:
    """A manifest as it is compared and applied: no nulls, and a Secret's ``stringData`` merged into ``data``.

    ``stringData`` is write-only in the API, so it could never be compared with what a get returns.
    https://kubernetes.io/docs/concepts/configuration/secret/
    """
    result = _without_nulls(manifest)
    if is_secret(result) and "stringData" in result:
        plain = result.pop("stringData")
        encoded = {name: base64.b64encode(str(text).encode()).decode() for name, text in plain.items()}
        result["data"] = {**result.get("data", {}), **encoded}
    return result


def is_secret(manifest: dict) -> bool:
    """True for a core/v1 Secret."""
    return manifest.get("kind") == "Secret" and manifest.get("apiVersion") == "v1"


def creation(wanted: dict) -> list[Change]:
    """The changes of a create: every leaf of the canonical manifest ``wanted``, from nothing."""
    found = []
    _Comparison(wanted, {}, FIELD_MANAGER, found).missing(wanted)
    return found


def differences(wanted: dict, live: dict, manager: str = FIELD_MANAGER) -> list[Change]:
    """The changes that applying the canonical manifest ``wanted`` makes to ``live``, in path order of the manifest.

    ``live`` is the object as a get or list returned it, managedFields included. Values of a Secret are masked.
    """
    found = []
    comparison = _Comparison(wanted, live, manager, found)
    comparison.compare()
    return found


class _Comparison:
    """One walk over manifest, live object and field sets.

    ``names`` are the field names from the root, without list elements.
    """

    def __init__(self, wanted, live, manager, found):
        self.wanted, self.live, self.found = wanted, live, found
        self.kind, self.secret = wanted.get("kind"), is_secret(wanted)
        group = wanted.get("apiVersion", "").rpartition("/")[0]
        self.built_in = "." not in group or group.endswith(".k8s.io")
        self.everybody, self.ours, self.others = fields_v1.field_sets(live, wanted.get("apiVersion", ""), manager)

    def compare(self):
        """Walk the whole object."""
        self._map(self.wanted, self.live, (), "", self.everybody, self.ours)
        self._removals(self.ours, self.others, self.wanted, self.live, (), "")

    def missing(self, value, names=(), path=""):
        """Report everything wanted of an object that is not there."""
        if isinstance(value, dict) and value:
            for name, item in value.items():
                if (*names, name) not in _IDENTITY:
                    self.missing(item, (*names, name), _join(path, name))
        elif path:
            self._report(names, path, None, value)

    def _report(self, names, path, before, after):
        if self.secret and names[:1] == ("data",):
            before, after = (None if value is None else SENSITIVE for value in (before, after))
        fixed = any(
            path == prefix or path.startswith((f"{prefix}.", f"{prefix}[")) for prefix in _IMMUTABLE.get(self.kind, ())
        )
        self.found.append(Change(path, before, after, immutable=fixed))

    def _value(self, wanted, live, names, path, fields, ours):
        if live is None:
            # The server stores no empty values: as long as the field is ours nobody has changed it.
            if not (_is_empty(wanted) and ours is not None):
                self._report(names, path, None, wanted)
        elif isinstance(wanted, dict) and isinstance(live, dict):
            if fields_v1.is_leaf(fields) and wanted and live and names not in _ALWAYS_OPEN:
                self._whole(wanted, live, names, path, ours)
            elif wanted == {} and live and fields_v1.is_leaf(fields) and ours is None and names not in _ALWAYS_OPEN:
                self._report(names, path, live, wanted)
            else:
                self._map(wanted, live, names, path, fields, ours)
        elif isinstance(wanted, list) and isinstance(live, list):
            self._list(wanted, live, names, path, fields, ours)
        elif not self._same(wanted, live, names):
            self._report(names, path, live, wanted)

    def _map(self, wanted, live, names, path, fields, ours):
        for name, item in wanted.items():
            here = (*names, name)
            if here not in _IDENTITY:
                self._value(
                    item,
                    live.get(name),
                    here,
                    _join(path, name),
                    fields_v1.below(fields, name),
                    fields_v1.below(ours, name),
                )

    def _list(self, wanted, live, names, path, fields, ours):
        keys = fields_v1.merge_keys(fields, names[-1] if names else "", [*wanted, *live])
        if keys:
            self._keyed(wanted, live, keys, names, path, fields, ours)
        elif fields_v1.is_set(fields):
            if any(item not in live for item in wanted):
                self._report(names, path, live, [*live, *(item for item in wanted if item not in live)])
        else:
            self._whole(wanted, live, names, path, ours)

    def _keyed(self, wanted, live, keys, names, path, fields, ours):
        there = {fields_v1.element_key(item, keys): item for item in live}
        order = []
        for item in wanted:
            key = fields_v1.element_key(item, keys)
            here = path + fields_v1.element_label(key, keys)
            if key not in there:
                self._report(names, here, None, item)
                continue
            order.append(key)
            inside = [fields_v1.element_fields(field_set, key, keys) for field_set in (fields, ours)]
            self._map(item, there[key], names, here, *inside)
        # An apply puts the elements of a keyed list into the manifest's order, which matters for init containers.
        if order != [key for key in there if key in order]:
            before, after = (
                [fields_v1.element_label(key, keys) for key in way]
                for way in ([key for key in there if key in order], order)
            )
            self._report(names, f"{path}.(order)", before, after)

    def _whole(self, wanted, live, names, path, ours):
        """A value that an apply replaces as a whole; what the server added is no change while the field is ours."""
        filled = _FILLED_IN.get(names[-1]) if names and self.built_in else None
        complete = {**filled, **wanted} if filled and isinstance(wanted, dict) else wanted
        if not self._covers(complete, live, names, ours is not None):
            self._report(names, path, live, wanted)

    def _covers(self, wanted, live, names, defaults_allowed):
        if isinstance(wanted, dict) and isinstance(live, dict):
            if not defaults_allowed and any(name not in wanted for name in live):
                return False
            return all(
                _is_empty(item)
                if live.get(name) is None
                else self._covers(item, live[name], (*names, name), defaults_allowed)
                for name, item in wanted.items()
            )
        if isinstance(wanted, list) and isinstance(live, list):
            return len(wanted) == len(live) and all(
                self._covers(item, other, names, defaults_allowed) for item, other in zip(wanted, live, strict=True)
            )
        return self._same(wanted, live, names)

    def _same(self, wanted, live, names):
        if wanted == live and isinstance(wanted, bool) == isinstance(live, bool):
            return True
        if self.secret and names[:1] == ("data",):
            return _decoded(wanted) == _decoded(live)
        return self.built_in and quantity.stands_at(names) and quantity.equal(wanted, live)

    def _removals(self, ours, others, wanted, live, names, path):
        """What is ours alone and no longer in the manifest."""
        for entry, inside in ours.items():
            if entry.startswith("f:") and isinstance(live, dict):
                self._removed_field(entry[2:], inside, others.get(entry), wanted, live, names, path)
            elif entry.startswith("k:") and isinstance(live, list):
                self._removed_element(entry, inside, others.get(entry), wanted, live, names, path)

    def _removed_field(self, name, inside, others, wanted, live, names, path):
        value, here, way = live.get(name), (*names, name), _join(path, name)
        if value is None:
            return
        kept = wanted.get(name) if isinstance(wanted, dict) else None
        if kept is None and others is None and fields_v1.is_leaf(inside) and here not in _ALWAYS_OPEN:
            self._report(here, way, value, None)
        elif not fields_v1.is_leaf(inside):
            self._removals(inside, others or {}, kept if kept is not None else {}, value, here, way)

    def _removed_element(self, entry, inside, others, wanted, live, names, path):
        keys, key = fields_v1.entry_key(entry)
        element = _find(live, keys, key)
        if element is None:
            return
        here = path + fields_v1.element_label(key, keys)
        kept = _find(wanted if isinstance(wanted, list) else [], keys, key)
        if kept is None and others is None:
            self._report(names, here, element, None)
        else:
            # The fields that identify an element stay as long as anybody owns the element.
            identity = {} if kept is not None else dict(zip(keys, key, strict=True))
            self._removals(inside, others or {}, kept if kept is not None else identity, element, names, here)


def _find(items, keys, key):
    return next((item for item in items if isinstance(item, dict) and fields_v1.element_key(item, keys) == key), None)


def _join(path, name):
    return f"{path}.{name}" if path else str(name)


def _is_empty(value):
    """True for the values that Go leaves out when it writes an object."""
    return not value


def _decoded(value):
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return value


def _without_nulls(value):
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(item) for item in value]
    return value
