# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests before any call: are they whole, what identifies them, which kinds do they define."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_compare, ownership, unknown
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError, combined

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PATH_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/%\s]{1,253}")
_API_VERSION = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9][a-z0-9]*")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]*")
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LABEL_NAME = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_KEY = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Entry:
    """A manifest in canonical form, ownership label included, with its logical key."""

    key: str
    manifest: dict


def validated(objects, scope: str) -> list[Entry]:
    """The entries of the option ``objects``: a list of manifests, or a map from logical key to manifest.

    In a list the key is made of kind, namespace and name. Raises PlatformError with every finding.
    """
    return [Entry(entry.key, _marked(entry.manifest, scope, entry.key)) for entry in _entries("objects", objects)]


def patches(given, wanted: list[Entry]) -> list[Entry]:
    """The entries of the option ``patches``, as they were given: no ownership label, and each null means something.

    ``wanted`` are those of ``objects``: an object is either made or patched. Raises PlatformError with every finding.
    """
    entries = _entries("patches", given)
    keys, identities = {entry.key for entry in wanted}, {identity(entry.manifest) for entry in wanted}
    findings = []
    for entry in entries:
        problems = ["has the key of an object"] if entry.key in keys else []
        problems += ["is an object of this list already"] if identity(entry.manifest) in identities else []
        problems += ["patches a Secret, which is written whole"] if kubernetes_compare.is_secret(entry.manifest) else []
        findings += [PlatformError(text, subject=f"patches.{entry.key}") for text in problems]
    combined(findings)
    return entries


def _entries(option, objects):
    """What both options have in common."""
    if isinstance(objects, dict):
        named = [(f"{option}.{key}", key, manifest) for key, manifest in objects.items()]
    elif isinstance(objects, list):
        named = [(f"{option}[{index}]", None, manifest) for index, manifest in enumerate(objects)]
    else:
        raise PlatformError(f"option `{option}` must be a list or a map of manifests, not {type(objects).__name__}")
    findings, entries, seen = [], [], {}
    for place, key, manifest in named:
        problems = (
            []
            if key is None or _KEY.fullmatch(str(key))
            else [f"the key {key!r} may hold letters, digits, - _ and . only"]
        )
        problems += problems_of(manifest)
        if not problems:
            other = seen.setdefault(identity(manifest), place)
            if other != place:
                problems.append(f"means the same object as {other}")
        findings += [PlatformError(text, subject=place, advice=_name_of(manifest)) for text in problems]
        if not problems:
            entries.append(Entry(str(key) if key is not None else _key(manifest), manifest))
    combined(findings)
    return entries


def problems_of(manifest) -> list[str]:
    """What a manifest lacks or has wrong that can be told without a server; an empty list when it is whole."""
    if not isinstance(manifest, dict):
        return [f"is {type(manifest).__name__}, not a manifest"]
    problems = []
    for name, pattern in (("apiVersion", _API_VERSION), ("kind", _KIND)):
        problems += _text(manifest.get(name), name, pattern)
    if isinstance(manifest.get("kind"), str) and manifest["kind"].endswith("List") and "items" in manifest:
        problems.append("is a list of objects: give its items one by one")
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return [*problems, "metadata is missing" if metadata is None else "metadata is no map"]
    problems += _text(
        metadata.get("name"), "metadata.name", DNS_LABEL if manifest.get("kind") == "Namespace" else _PATH_SEGMENT
    )
    if metadata.get("namespace") is not None:
        problems += _text(metadata["namespace"], "metadata.namespace", DNS_LABEL)
    for name in ("labels", "annotations"):
        problems += _texts(metadata.get(name), f"metadata.{name}", _LABEL_VALUE if name == "labels" else None)
    if manifest.get("kind") == "Secret":
        problems += _texts(manifest.get("stringData"), "stringData", None)
    return problems


def identity(manifest: dict) -> tuple:
    """What makes two manifests the same object: (group, kind, namespace, name)."""
    metadata = manifest["metadata"]
    return (
        manifest["apiVersion"].rpartition("/")[0],
        manifest["kind"],
        metadata.get("namespace") or None,
        metadata["name"],
    )


def definitions(wanted: list[dict]) -> dict[tuple[str, str], bool]:
    """The kinds that CustomResourceDefinitions among the manifests make: (apiVersion, kind) -> namespaced.

    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
    """
    found = {}
    for manifest in wanted:
        spec = manifest.get("spec")
        if manifest["kind"] == "CustomResourceDefinition" and isinstance(spec, dict):
            for version in spec.get("versions") or []:
                kind = (f"{spec.get('group')}/{version.get('name')}", (spec.get("names") or {}).get("kind"))
                found[kind] = spec.get("scope") == "Namespaced"
    return found


def _key(manifest):
    metadata = manifest["metadata"]
    return ".".join(
        part for part in (manifest["kind"].lower(), metadata.get("namespace"), metadata["name"]) if part
    ).replace(":", ".")


def _marked(manifest, scope, key):
    result = kubernetes_compare.canonical(manifest)
    label = ownership.label(manifest["kind"], scope, key)
    result["metadata"]["labels"] = {**result["metadata"].get("labels", {}), ownership.MARK: label}
    return result


def _name_of(manifest):
    """The object in words, where a manifest tells that much."""
    if not isinstance(manifest, dict) or not isinstance(manifest.get("metadata"), dict):
        return None
    kind, name = manifest.get("kind"), manifest["metadata"].get("name")
    return f"It is {kind} {name}." if kind and name else None


def _text(value, name, pattern):
    if value is None or value == "":
        return [f"{name} is missing"]
    if not isinstance(value, str):
        return [f"{name} must be a text, not {value!r}: put it in quotes"]
    if not pattern.fullmatch(value):
        rule = " (lower case letters, digits and -, at most 63)" if pattern is DNS_LABEL else ""
        return [f"{name} {value!r} is not valid{rule}"]
    return []


def _texts(values, name, pattern):
    if values is None:
        return []
    if not isinstance(values, dict):
        return [f"{name} is no map"]
    problems = []
    for key, value in values.items():
        # The values of a Secret must not be in a message.
        shown = "" if name == "stringData" else f" {value!r}"
        if value is not None and not isinstance(value, str):
            problems.append(f"{name}.{key} must be a text, not {type(value).__name__}{shown}: put it in quotes")
        elif pattern and value is not None and not unknown.contains_unknown(value) and not pattern.fullmatch(value):
            problems.append(
                f"{name}.{key}{shown} is not a valid label value (63 characters: letters, digits, - _ and .)"
            )
        if name != "stringData" and not _LABEL_NAME.fullmatch(str(key)):
            problems.append(f"{name}.{key} is not a valid name")
    return problems
