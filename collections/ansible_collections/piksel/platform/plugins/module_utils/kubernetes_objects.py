# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes objects of a cluster as resources of the core: planned by get and list, written by server-side apply."""

from __future__ import annotations

import urllib.parse

from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_compare as comparison
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_manifests as manifests
from ansible_collections.piksel.platform.plugins.module_utils import ownership, wait
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError, combined
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_client import connect, root
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_errors import UnknownCallerError
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_patches import differences as patched
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS, parallel, reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

OBJECTS_ARGUMENTS = {
    **AWS_ARGUMENTS,
    **CONSENT_ARGUMENTS,
    "cluster_name": {"type": "str", "required": True},
    "cluster_endpoint": {"type": "str"},
    "scope": {"type": "str", "required": True},
    "objects": {"type": "raw", "required": True},
    "patches": {"type": "raw", "default": {}},
    "orphan_kinds": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "api_version": {"type": "str", "required": True},
            "kind": {"type": "str", "required": True},
        },
    },
}
# What the rest of a list stands on comes first, and goes last.
_WAVES = {"Namespace": 0, "CustomResourceDefinition": 1}
_BUILT_IN_WAVE, _CUSTOM_WAVE = 2, 3
# Kubernetes itself makes these; a label on them is no reason to delete them.
_NEVER_DELETED = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
# What a patch finds where its object does not exist.
ABSENT: dict = {}
_GONE_WITHIN = 600
_SERVED_WITHIN = 60


def run(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Bring the objects of one scope to their manifests; ``params`` by OBJECTS_ARGUMENTS.

    Returns the result shape of ``reconcile``, and ``notices``: what is worth knowing. Raises PlatformError.
    """
    named = manifests.validated(params["objects"], params["scope"])
    patches = manifests.patches(params.get("patches") or {}, named)
    return bring(named, params, check_mode, clients, progress, patches=patches)


def bring(
    named: list, params: dict, check_mode: bool, clients, progress=None, *, patches=(), spared=(), resource=None
) -> dict:
    """What ``run`` does, for validated entries (manifests.Entry), each a ``resource`` (KubernetesObject).

    ``spared`` are manifests whose objects are neither made nor taken for orphans, though they bear the scope's label.
    """
    make = resource or KubernetesObject
    scope, cluster_name = params["scope"], params["cluster_name"]
    wanted, notices = [entry.manifest for entry in named], []
    cluster = connect(clients, cluster_name, check_mode, params.get("cluster_endpoint"))
    try:
        found = Found(cluster, scope, wanted, params["orphan_kinds"] or [], spared)
    except UnknownCallerError as error:
        if not check_mode:
            raise
        # The run that is planned may well be the one that lets its caller in, as after a run that died on the way.
        names = ", ".join(f"{manifest['kind']} {_shown(manifest)}" for manifest in wanted)
        notices = [f"{error} Could not be read, may exist, and are planned as if there were none: {names}."]
        found = Found(None, scope, wanted, [])
    resources = [
        make(clients, scope, entry.key, entry.manifest, found, cluster_name, strict=not check_mode) for entry in named
    ] + [Patch(clients, scope, entry.key, entry.manifest, found, cluster_name) for entry in patches]
    combined([finding for resource in resources for finding in found.misplaced(resource)])
    resources.sort(key=lambda resource: resource.wave)
    result = reconcile(
        resources,
        check_mode,
        consent=params["consent"] or (),
        orphans=found.orphans(clients, cluster_name),
        progress=progress,
    )
    return {**result, "notices": notices}


class KubernetesObject(Resource):
    """One object: ``wanted`` is its canonical manifest, ownership label included, ``found`` what the server has."""

    api = "kubernetes"

    def __init__(self, clients, scope, key, manifest, found, cluster_name, strict=True):
        """``found``: the Found of the cluster; ``strict``: outside check mode, where every kind must be served."""
        super().__init__(clients, scope, key, manifest["metadata"]["name"], manifest)
        self.kind = manifest["kind"]
        self.api_version = manifest["apiVersion"]
        self.namespace = manifest["metadata"].get("namespace")
        self.cluster_name = cluster_name
        self._found, self._strict = found, strict
        self.wave = _wave(self.kind, self.api_version)

    @property
    def object(self):
        """ "[namespace/]name", as audit logs show it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def subject(self):
        return f"{self.kind} {self.object}"

    def place(self):
        return {**super().place(), "cluster": self.cluster_name}

    def consent_word(self, action):
        """Deleting a namespace deletes everything in it, so its word says that too."""
        word = super().consent_word(action)
        return f"{word}/with-contents-of/{self.name}" if self.kind == "Namespace" and action == "delete" else word

    def read(self):
        found = self._found.object(self)
        # A namespace on its way out takes all of it along; the run makes both anew.
        return None if found and not self._strict and self._found.is_emptied(self.namespace) else found

    def settle(self, found, check_mode):
        """What is being deleted would take a new object of the same name with it."""
        if found is None or not _is_going(found):
            return found
        if not check_mode:
            self._wait_until_gone()
        return None

    def refusals(self, _found, _changes):
        if not self._strict or not self._found.cluster or self._found.is_served(self):
            return []
        return [
            PlatformError(
                f"the cluster serves no {self.kind} of {self.api_version}",
                subject=f"{self.subject} in cluster {self.cluster_name}",
                advice="Its CustomResourceDefinition must be installed before, or stand in the same list.",
            )
        ]

    def changes(self, found):
        return comparison.differences(self.wanted, found)

    def creation(self):
        return comparison.creation(self.wanted)

    def create(self):
        return self._apply()

    def update(self, found, changes):
        return self._apply()

    def delete(self, found):
        self._found.cluster.delete(self._path(), self.subject)
        self._wait_until_gone()

    def facts(self, found):
        """{"name", "namespace", "api_version", "kind"}: all of it is known beforehand."""
        return {"name": self.name, "namespace": self.namespace, "api_version": self.api_version, "kind": self.kind}

    def _apply(self):
        cluster = self._found.cluster
        if not self._found.is_served(self, by_definition=False):
            self._wait_until_served()
        return cluster.apply(self._path(), self.subject, self.wanted, comparison.FIELD_MANAGER)

    def _path(self):
        return object_path(self.api_version, self._found.plural(self), self.namespace, self.name)

    def _wait_until_gone(self):
        def look():
            return wait.Look("Terminating", done=self._found.cluster.get(self._path(), self.subject) is None)

        wait.until(look, self._patience(_GONE_WITHIN), self.progress)

    def _wait_until_served(self):
        """A kind whose definition was applied a moment ago."""

        def look():
            self._found.cluster.kinds(self.api_version, again=True)
            return wait.Look("not served yet", done=self._found.is_served(self, by_definition=False))

        wait.until(look, self._patience(_SERVED_WITHIN), self.progress)

    def _patience(self, limit):
        return wait.Patience(f"{self.subject} in cluster {self.cluster_name}", 5, limit)


class Patch(KubernetesObject):
    """Some fields of an object that others made: ``wanted`` is a merge patch, in which null takes a field away.

    It counts where the object exists. The object gets no ownership label, and is neither made nor deleted.
    """

    def read(self):
        """The object, or ABSENT where nothing is to be done."""
        return super().read() or ABSENT

    def settle(self, found, check_mode):
        """An object on its way out is not waited for."""
        return found

    def refusals(self, _found, _changes):
        """A kind that is not served has no objects."""
        return []

    def changes(self, found):
        return [] if found is ABSENT else list(patched(self.wanted, found))

    def update(self, found, changes):
        """One PATCH; an object that is gone by now does not need it any more."""
        return self._found.cluster.patch(self._path(), self.subject, self.wanted) or ABSENT


class Orphan(KubernetesObject):
    """An object that is marked for the scope and no longer wanted."""

    def __init__(self, *args):
        super().__init__(*args)
        self.wanted = {}


class Found:
    """What the cluster has of the kinds that are wanted: marked objects by one list a kind, others by a get each.

    ``cluster`` None means that there is no cluster yet, so that nothing is found.
    """

    def __init__(self, cluster, scope, wanted, orphan_kinds, spared=()):
        """``wanted``: manifests; ``orphan_kinds``: further {"api_version", "kind"} that marked objects may be of;
        ``spared``: manifests of objects that are no orphans either."""
        self.cluster, self.scope = cluster, scope
        self._defined = manifests.definitions(wanted)
        self._identities = {manifests.identity(manifest) for manifest in [*wanted, *spared]}
        self._kinds = list(
            dict.fromkeys(
                [(manifest["apiVersion"], manifest["kind"]) for manifest in wanted]
                + [(entry["api_version"], entry["kind"]) for entry in orphan_kinds]
            )
        )
        self._marked, self._emptied = {}, {}
        if cluster:
            first, *rest = dict.fromkeys(api_version for api_version, kind in self._kinds) or ("v1",)
            # One call of each sort goes ahead: a refusal of the caller is then told once.
            cluster.kinds(first)
            parallel(cluster.kinds, rest)
            for live in [*map(self._list, self._kinds[:1]), *parallel(self._list, self._kinds[1:])]:
                self._marked.update(live)

    def object(self, resource) -> dict | None:
        """The live object of a resource, or None."""
        if not self.cluster or not self.is_served(resource, by_definition=False):
            return None
        live = self._marked.get(manifests.identity(resource.wanted))
        return live or self.cluster.get(
            object_path(resource.api_version, self.plural(resource), resource.namespace, resource.name),
            resource.subject,
        )

    def is_served(self, resource, by_definition=True) -> bool:
        """True when the server serves the resource's kind, or (``by_definition``) a definition of the list makes it."""
        if resource.kind in self.cluster.kinds(resource.api_version):
            return True
        return by_definition and (resource.api_version, resource.kind) in self._defined

    def is_emptied(self, namespace: str | None) -> bool:
        """True for a namespace that is being deleted."""
        if namespace and namespace not in self._emptied:
            live = self.cluster.get(object_path("v1", "namespaces", None, namespace), f"Namespace {namespace}")
            self._emptied[namespace] = bool(live and _is_going(live))
        return self._emptied.get(namespace, False)

    def plural(self, resource) -> str:
        """The kind's name in API paths."""
        return self.cluster.kinds(resource.api_version)[resource.kind]["name"]

    def misplaced(self, resource) -> list[PlatformError]:
        """A finding for a namespaced object without namespace, and for the opposite."""
        served = self.cluster.kinds(resource.api_version).get(resource.kind) if self.cluster else None
        namespaced = served["namespaced"] if served else self._defined.get((resource.api_version, resource.kind))
        if namespaced is None or namespaced == bool(resource.namespace):
            return []
        text = "needs metadata.namespace" if namespaced else "belongs to no namespace, but metadata.namespace is set"
        return [
            PlatformError(
                f"an object of kind {resource.kind} {text}", subject=f"{resource.subject} ({resource.full_key})"
            )
        ]

    def orphans(self, clients, cluster_name):
        """What ``reconcile`` calls for the marked objects of this scope that nobody wants; None without cluster."""
        if not self.cluster:
            return None

        def find():
            return [
                Orphan(clients, self.scope, key, _identifying(live), self, cluster_name)
                for live in self._marked.values()
                if (key := self._orphan_key(live)) and not _is_going(live)
            ]

        return find

    def _orphan_key(self, live):
        value = live["metadata"]["labels"].get(ownership.MARK, "")
        prefix = ownership.label(live["kind"], self.scope, "x")[:-1]
        if not value.startswith(prefix) or manifests.identity(live) in self._identities:
            return None
        if live["kind"] == "Namespace" and live["metadata"]["name"] in _NEVER_DELETED:
            return None
        return value[len(prefix) :]

    def _list(self, kind):
        """The marked objects of a kind by identity; items of a list carry no kind of their own."""
        api_version, name = kind
        served = self.cluster.kinds(api_version).get(name)
        if not served:
            return {}
        items = self.cluster.items(
            f"{root(api_version)}/{served['name']}", f"objects of kind {name}", labelSelector=ownership.MARK
        )
        complete = [{"apiVersion": api_version, "kind": name, **item} for item in items]
        return {manifests.identity(item): item for item in complete}


def object_path(api_version: str, plural: str, namespace: str | None, name: str) -> str:
    """The API path of one object."""
    inside = f"/namespaces/{urllib.parse.quote(namespace)}" if namespace else ""
    return f"{root(api_version)}{inside}/{plural}/{urllib.parse.quote(name, safe=':')}"


def _wave(kind, api_version):
    group = api_version.rpartition("/")[0]
    custom = "." in group and not group.endswith(".k8s.io")
    return _WAVES.get(kind, _CUSTOM_WAVE if custom else _BUILT_IN_WAVE)


def _is_going(live):
    return bool(live["metadata"].get("deletionTimestamp"))


def _shown(manifest):
    """ "[namespace/]name" of a manifest."""
    metadata = manifest["metadata"]
    return "/".join(filter(None, [metadata.get("namespace"), metadata["name"]]))


def _identifying(live):
    """The least of a manifest that names a live object."""
    metadata = {name: live["metadata"][name] for name in ("name", "namespace") if live["metadata"].get(name)}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
