# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Flux has brought the cluster to the repository, in the words of its own controllers.

https://fluxcd.io/flux/components/kustomize/kustomizations/#kustomization-status
"""

from __future__ import annotations

import time

from ansible_collections.piksel.platform.plugins.module_utils import unknown, wait
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_client import connect_or_tell
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_objects import object_path

SOURCE = ("source.toolkit.fluxcd.io/v1", "GitRepository", "gitrepositories")
ROOT = ("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "kustomizations")
# What hangs on the root: told, and not waited for.
OTHERS = (ROOT, ("helm.toolkit.fluxcd.io/v2", "HelmRelease", "helmreleases"))
TYPICAL_SECONDS = 60


def run(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Wait until source and root Kustomization are Ready; check mode looks only.

    Returns {"changed": False, "ready": bool, "revision": str, "others": {"<Kind> <namespace>/<name>": "Ready" |
    message}, "notices"}. Raises PlatformError with the controller's message when one of both stays in error for
    ``errors_for`` seconds, or is not Ready after ``timeout`` seconds.
    """
    cluster, notices = connect_or_tell(clients, params["cluster_name"], check_mode, params.get("cluster_endpoint"))
    root = unknown.make("Kustomization", params["name"], "revision")
    if cluster is None:
        return {"changed": False, "ready": False, "revision": root, "others": {}, "notices": notices}
    look = Look(cluster, params["namespace"], params["name"], params["errors_for"])
    if check_mode:
        ready, revision = look.now()
    else:
        patience = wait.Patience(f"Flux in cluster {cluster.name}", TYPICAL_SECONDS, params["timeout"])
        ready, revision = True, wait.until(look, patience, progress)
    others = _others(cluster, (params["namespace"], params["name"]))
    waiting = {subject: state for subject, state in others.items() if state != "Ready"}
    return {
        "changed": False,
        "ready": ready,
        "revision": revision or root,
        "others": others,
        "notices": [f"{subject} is not ready: {state}" for subject, state in waiting.items()],
    }


class Look:
    """One look after the other at source and root: what is not Ready yet, and since when it is in error."""

    def __init__(self, cluster, namespace, name, errors_for, clock=time.monotonic):
        self._cluster, self._namespace, self._name = cluster, namespace, name
        self._errors_for, self._clock = errors_for, clock
        self._since = {}

    def __call__(self) -> wait.Look:
        """For wait.until; the value is the revision that was applied."""
        for kind in (SOURCE, ROOT):
            found = self._get(kind)
            state, in_error = judged(found)
            if state != "Ready":
                return self._waiting(f"{kind[1]} {self._namespace}/{self._name}", state, in_error)
        return wait.Look("Ready", done=True, value=found["status"].get("lastAppliedRevision"))

    def now(self) -> tuple:
        """(whether both are Ready, the revision that was applied last or None)."""
        source, root = self._get(SOURCE), self._get(ROOT)
        ready = all(judged(found)[0] == "Ready" for found in (source, root))
        return ready, ((root or {}).get("status") or {}).get("lastAppliedRevision")

    def _get(self, kind):
        api_version, name, plural = kind
        path = object_path(api_version, plural, self._namespace, self._name)
        return self._cluster.get(path, f"{name} {self._namespace}/{self._name}")

    def _waiting(self, subject, state, in_error):
        # A controller that tries again says "Progressing" for a moment: that does not end an error.
        now = self._clock()
        lasts = in_error and now - self._since.setdefault(subject, now) >= self._errors_for
        return wait.Look(f"waiting for {subject} ({state})", failure=f"{subject}: {state}" if lasts else None)


def judged(found: dict | None) -> tuple:
    """("Ready" or what the controller says, whether that is an error) of an object that has conditions.

    A condition of an earlier generation says nothing of this one; the status has the generation of the last success.
    """
    if found is None:
        return "not there", False
    conditions = {one["type"]: one for one in (found.get("status") or {}).get("conditions") or []}
    ready = conditions.get("Ready")
    if ready is None or ready.get("observedGeneration") != found["metadata"]["generation"]:
        return "not seen by its controller yet", False
    if ready["status"] == "True":
        return "Ready", False
    return f"{ready.get('reason')}: {ready.get('message')}", ready["status"] == "False"


def _others(cluster, root):
    """The state of everything else that Flux reconciles, by kind, namespace and name."""
    states = {}
    for api_version, kind, plural in OTHERS:
        for item in cluster.items(f"/apis/{api_version}/{plural}", f"objects of kind {kind}"):
            place = item["metadata"]["namespace"], item["metadata"]["name"]
            if (kind, place) != (ROOT[1], root):
                states[f"{kind} {'/'.join(place)}"] = judged(item)[0]
    return dict(sorted(states.items()))
