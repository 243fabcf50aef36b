# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_manifests import problems_of

DOCUMENTATION = r"""
name: namespace_manifests
short_description: Make manifests for a catalogue of namespaces
version_added: 0.1.0
description:
  - Turns logical keys and names into manifests for M(piksel.platform.k8s_objects).
  - Refuses names and labels that Kubernetes would refuse, and two keys with one name; all findings at once.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description:
      - Logical key to an entry with C(name), and perhaps C(labels), C(annotations) and C(workload).
      - An entry with C(workload) false belongs to Kubernetes itself and gets no manifest.
    type: dict
    required: true
  labels:
    description: Labels of every namespace. The label C(name) is set besides.
    type: dict
    default: {}
"""

EXAMPLES = r"""
# {"odc": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "open-datacube", "labels": {"name": ...}}}}
objects: "{{ {'odc': {'name': 'open-datacube'}} | piksel.platform.namespace_manifests }}"
"""

RETURN = r"""
_value:
  description: The manifests by logical key.
  type: dict
"""

_KNOWN = ("name", "labels", "annotations", "workload")


def namespace_manifests(catalogue: dict, labels: dict | None = None) -> dict:
    """Return a manifest for each workload namespace; raises AnsibleFilterError with every finding and its key."""
    if not isinstance(catalogue, dict):
        raise AnsibleFilterError(f"namespace_manifests takes a map of keys to namespaces, not {catalogue!r}")
    findings, manifests, names = [], {}, {}
    for key, entry in catalogue.items():
        if not isinstance(entry, dict):
            findings.append(f"{key}: must be a map with a name, not {entry!r}")
            continue
        manifest = _manifest(entry, labels or {})
        findings += [f"{key}: {problem}" for problem in _unknown(entry) + problems_of(manifest)]
        first = names.setdefault(entry.get("name"), key)
        if first != key:
            findings.append(f"{key}: has the same name as {first}, {entry.get('name')!r}")
        if entry.get("workload", True):
            manifests[key] = manifest
    if findings:
        raise AnsibleFilterError("; ".join(f"namespace {finding}" for finding in findings))
    return manifests


def _manifest(entry, labels):
    metadata = {
        "name": entry.get("name"),
        "labels": {**labels, "name": entry.get("name"), **(entry.get("labels") or {})},
    }
    if entry.get("annotations"):
        metadata["annotations"] = entry["annotations"]
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _unknown(entry):
    problems = [f"{name} is no part of a namespace ({', '.join(_KNOWN)} are)" for name in entry if name not in _KNOWN]
    if not isinstance(entry.get("workload", True), bool):
        problems.append(f"workload must be true or false, not {entry['workload']!r}")
    return problems


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"namespace_manifests": namespace_manifests}
