# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flux's components in a cluster: the manifest of a repository, a file or an address, placed and applied.

https://fluxcd.io/flux/installation/
"""

from __future__ import annotations

from ansible.module_utils.urls import open_url
from ansible_collections.piksel.platform.plugins.module_utils import git_repository
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_manifests as manifests
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_objects import bring

try:
    import yaml
except ImportError:
    # The module says so before a manifest is read.
    yaml = None

# Where `flux bootstrap` puts the manifest, below the path of the environment.
COMMITTED = "flux-system/gotk-components.yaml"
VERSION_LABEL = "app.kubernetes.io/version"
# The stage of namespaces makes them; what the server fills in is nobody's wish.
NOT_OURS = frozenset({"Namespace"})
SECONDS = 30


def run(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Bring the components to their manifest; result of k8s_objects, and "revision", "source" and "version".

    "source" is "repository" or "manifest", "revision" that of the branch, None where check mode could not read it.
    Raises PlatformError for a repository, branch or path that is not there, and for a manifest that is none.
    """
    revision, text, notices = _committed(params, check_mode, clients)
    source = "repository" if text else "manifest"
    try:
        objects = placed(components(text or _downloaded(params["manifest"])), params)
    except PlatformError as error:
        if not check_mode:
            raise
        notices, objects = [*notices, f"The components of Flux cannot be listed yet: {error}"], []
    named = manifests.validated(objects, params["scope"])
    result = bring(named, {**params, "orphan_kinds": []}, check_mode, clients, progress)
    version = version_of(objects)
    if version and version != params["version"]:
        notices = [*notices, f"The {source} has Flux {version}, and {params['version']} is wanted: it is left so."]
    return {
        **result,
        "notices": [*result["notices"], *notices],
        "revision": revision,
        "source": source,
        "version": version,
    }


def components(text: str) -> list:
    """The manifests of a YAML stream that are ours to apply, without what the server fills in."""
    if yaml is None:
        raise PlatformError("the Python library PyYAML is missing, which reads manifests")
    try:
        found = list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        raise PlatformError("it is no YAML", subject="manifest of Flux") from error
    ours = [item for item in found if isinstance(item, dict) and item.get("kind") not in NOT_OURS]
    if not ours:
        raise PlatformError("it holds no objects", subject="manifest of Flux")
    return [{name: part for name, part in item.items() if name != "status"} for item in ours]


def placed(objects: list, params: dict) -> list:
    """The manifests, with ``node_selector`` and ``tolerations`` of ``params`` in the pods of every Deployment."""
    selector, tolerations = params["node_selector"], params["tolerations"]
    if not selector and not tolerations:
        return objects
    return [_placed(item, selector, tolerations) if item.get("kind") == "Deployment" else item for item in objects]


def _placed(deployment, selector, tolerations):
    spec = deployment["spec"]
    pod = dict(spec["template"]["spec"])
    if selector:
        pod["nodeSelector"] = {**pod.get("nodeSelector", {}), **selector}
    if tolerations:
        there = pod.get("tolerations", [])
        pod["tolerations"] = [*there, *(item for item in tolerations if item not in there)]
    return {**deployment, "spec": {**spec, "template": {**spec["template"], "spec": pod}}}


def version_of(objects: list) -> str | None:
    """The version that Flux labels its objects with, None where there is none."""
    labels = ((item.get("metadata") or {}).get("labels") or {} for item in objects)
    return next((one[VERSION_LABEL] for one in labels if VERSION_LABEL in one), None)


def _committed(params, check_mode, clients):
    """(revision, text of the repository's own manifest or None, notices)."""
    repository = params["repository"]
    key = git_repository.stored_key(clients, repository["deploy_key_secret"])
    path = f"{git_repository.folder_of(repository['path'])}/{COMMITTED}"
    try:
        with git_repository.opened(repository, key) as tree:
            return tree.revision, tree.text(path), []
    except git_repository.UnreachableError as error:
        # The key may be made, or registered, by the very run that is planned.
        if not check_mode:
            raise
        return None, None, [str(error)]


def _downloaded(manifest):
    """The text at an address or in a file."""
    try:
        if "://" in manifest:
            return open_url(manifest, timeout=SECONDS).read().decode()
        with open(manifest, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, ValueError) as error:
        raise PlatformError(f"it cannot be read ({error})", subject=f"manifest of Flux {manifest}") from error
