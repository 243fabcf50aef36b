# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the last run made in a database that only a relay reaches: hashes of the wanted objects, in a ConfigMap.

A plan makes no pod, so it cannot look. It compares with this record instead, and so does a run, which then has nothing
to open for. The record holds no value: a password counts by the id of its secret's version.
"""

from __future__ import annotations

import hashlib
import json

from ansible_collections.piksel.platform.plugins.module_utils import ownership

KIND, NAME, KEY = "ConfigMap", "database-objects", "database-objects"
MANAGER = "piksel.platform"
_INSTANCE = "instance"


class Record:
    """The record of one scope, in a namespace of the cluster."""

    def __init__(self, cluster, scope: str, namespace: str, instance: str):
        """``instance``: DbiResourceId, which another instance of the same name does not have."""
        self._cluster, self._scope, self._namespace, self._instance = cluster, scope, namespace, instance
        self._path = f"/api/v1/namespaces/{namespace}/configmaps/{NAME}"
        self._what = f"{KIND} {namespace}/{NAME}"
        data = (cluster.get(self._path, self._what) or {}).get("data") or {}
        self._known = data if data.get(_INSTANCE) == instance else {}

    def found(self, resource) -> dict | None:
        """The object as the last run left it: as wanted; {} when something else was wanted of it; None when nothing."""
        known = self._known.get(resource.full_key)
        if known is None:
            return None
        return dict(resource.wanted) if known == fingerprint(resource) else {}

    def write(self, resources) -> None:
        """Record these objects, unless that stands there already."""
        data = {_INSTANCE: self._instance, **{one.full_key: fingerprint(one) for one in resources}}
        if data == self._known:
            return
        labels = {ownership.MARK: ownership.label(KIND, self._scope, KEY)}
        metadata = {"name": NAME, "namespace": self._namespace, "labels": labels}
        manifest = {"apiVersion": "v1", "kind": KIND, "metadata": metadata, "data": data}
        self._cluster.apply(self._path, self._what, manifest, MANAGER)


def fingerprint(resource) -> str:
    """A hash of kind, name, what is wanted, and which version of a secret."""
    text = json.dumps([resource.kind, resource.name, resource.wanted, resource.version], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
