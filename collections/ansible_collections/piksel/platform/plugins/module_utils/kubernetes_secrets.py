# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes Secrets whose keys come from Secrets Manager: values are read, compared and applied in here, never shown.

An entry's ``data`` maps each key to a source: a text, {"from_secret": logical key, "key": key of its JSON}, or
{"yaml": structure}, which becomes a YAML document with its references replaced by values.
"""

from __future__ import annotations

import base64
import json

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import arguments, errors, secret_values, unknown
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_manifests as manifests
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_objects import KubernetesObject, bring
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel
from ansible_collections.piksel.platform.plugins.module_utils.secretsmanager import SECRET_OPTIONS, SECRET_RULES

try:
    import yaml
except ImportError:
    # JSON is YAML too, only less pleasant to read.
    yaml = None

OBJECT_OPTIONS = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "data": {"type": "dict", "required": True, "no_log": False},
}
# Stands in check mode for the value of a secret that waits for its deletion: the run restores it, and it stays.
KEPT = "(known after the secret is restored)"
REFERENCE = "from_secret"
STRUCTURE = "yaml"


class LeftOutError(Exception):
    """Why a Kubernetes Secret cannot be made yet, in words; no failure."""


def is_reference(source) -> bool:
    """True for {"from_secret": logical key} with or without "key"."""
    return isinstance(source, dict) and REFERENCE in source and set(source) <= {REFERENCE, "key"}


def references(source) -> list:
    """Every reference in a source, as maps, at any depth."""
    if is_reference(source):
        return [source]
    items = source.values() if isinstance(source, dict) else source if isinstance(source, (list, tuple)) else ()
    return [found for item in items for found in references(item)]


def rendered(path: str, source, value_of) -> str:
    """The text of one key; ``value_of(reference)`` gives the value of a reference.

    Raises LeftOutError where a part is null: it is not known yet. ``path`` names the key for its message.
    """
    if isinstance(source, dict) and set(source) == {STRUCTURE}:
        return document(_filled(path, source[STRUCTURE], value_of))
    filled = _filled(path, source, value_of)
    return filled if isinstance(filled, str) else json.dumps(filled)


def document(structure) -> str:
    """A structure as a YAML document, whose writer quotes what needs quoting."""
    if yaml is None:
        return json.dumps(structure, indent=2) + "\n"
    return yaml.safe_dump(structure, default_flow_style=False, sort_keys=True, allow_unicode=True, width=10**6)


def _filled(path, source, value_of):
    if source is None:
        raise LeftOutError(f"{path} is not known yet")
    if is_reference(source):
        return value_of(source)
    if isinstance(source, dict):
        return {str(key): _filled(f"{path}.{key}", item, value_of) for key, item in source.items()}
    if isinstance(source, (list, tuple)):
        return [_filled(f"{path}.{index}", item, value_of) for index, item in enumerate(source)]
    return source


class Copy(KubernetesObject):
    """A Kubernetes Secret; what check mode cannot know of its values counts where the cluster has no such key."""

    def changes(self, found):
        data = self.wanted.get("data", {})
        kept = {f"data.{name}" for name, text in data.items() if KEPT in base64.b64decode(text).decode()}
        return [change for change in super().changes(found) if change.path not in kept or change.before is None]


class Store:
    """The values of Secrets Manager that a task needs, read once and at the same time."""

    def __init__(self, clients, sources: dict, wanted: set, check_mode: bool, missing=None, renewed=()):
        """``sources``: logical key -> {"name", "keys"}; ``wanted``: keys to read. For check mode: ``missing`` is what
        the task that makes secrets left out (None: no such task goes before), ``renewed`` what it would renew."""
        self._client = clients.client("secretsmanager")
        self._clients, self._sources, self._check_mode = clients, sources, check_mode
        # What check mode takes for about to be made, though it is not there: all but these.
        self._left_out = set(missing) if check_mode and missing is not None else set(sources)
        self._renewed = set(renewed) if check_mode else set()
        keys = sorted(wanted)
        self._texts = dict(zip(keys, parallel(self._read, keys), strict=True))

    def value(self, reference: dict) -> str:
        """The value of a reference; raises LeftOutError for a manual secret without value, else PlatformError."""
        key, part = reference[REFERENCE], reference.get("key")
        source, text = self._sources[key], self._texts[key]
        if text is None:
            return self._absent(key, source)
        if not part or text == KEPT:
            return text
        found = secret_values.parsed(text) or {}
        if not isinstance(found.get(part), str):
            raise PlatformError(f"its value has no key {part}", subject=f"secret {source['name']}")
        return found[part]

    def _absent(self, key, source):
        manual = source.get("keys")
        if key not in self._left_out:
            return unknown.make("secret", key, "value")
        if manual:
            raise LeftOutError(
                f"secret {source['name']} has no value; give it so: {secret_values.command(source['name'], manual)}"
            )
        raise PlatformError(
            "it does not exist", subject=f"secret {source['name']}", advice="Run the stage that makes it first."
        )

    def _read(self, key):
        """GetSecretValue, None for what has none.

        https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
        """
        name = self._sources[key]["name"]
        if key in self._renewed:
            return self._given(name, self._sources[key].get("keys"))
        with errors.told(f"secret {name}", self._clients):
            try:
                return self._client.get_secret_value(SecretId=name).get("SecretString")
            except is_boto3_error_code("ResourceNotFoundException"):
                return None
            except is_boto3_error_code("InvalidRequestException"):
                # It waits for its deletion: a run restores it first, so only a check comes here.
                if not self._check_mode:
                    raise
                return KEPT

    @staticmethod
    def _given(name, keys):
        """The value that a secret would get, None where only the run knows it."""
        return secret_values.Given({}).text(name, keys) if keys else None


def run(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Bring the Secrets of one scope to the values of Secrets Manager; result as of k8s_objects, and "left_out".

    "left_out" are logical keys of what cannot be made yet, each with a line in "notices".
    """
    sources = arguments.entries("secrets", params["secrets"], SECRET_OPTIONS, **SECRET_RULES)
    wanted = arguments.entries("kubernetes_secrets", params["kubernetes_secrets"], OBJECT_OPTIONS)
    used = {reference[REFERENCE] for entry in wanted.values() for reference in references(entry["data"])}
    errors.combined(
        PlatformError("no secret has this key", subject=f"from_secret: {key}") for key in sorted(used - set(sources))
    )
    store = Store(clients, sources, used, check_mode, params["missing"], params["renewed"])
    objects, left_out, notices, findings = {}, {}, [], []
    for key, entry in wanted.items():
        try:
            data = {name: rendered(name, source, store.value) for name, source in entry["data"].items()}
            objects[key] = _manifest(entry, data)
        except LeftOutError as reason:
            left_out[key] = _manifest(entry, {})
            notices.append(f"Kubernetes Secret {entry['namespace']}/{entry['name']} is left out: {reason}.")
        except PlatformError as error:
            findings.append(error)
    errors.combined(findings)
    result = bring(
        manifests.validated(objects, params["scope"]),
        {**params, "orphan_kinds": [{"api_version": "v1", "kind": "Secret"}]},
        check_mode,
        clients,
        progress,
        spared=list(left_out.values()),
        resource=Copy,
    )
    return {**result, "left_out": sorted(left_out), "notices": [*result["notices"], *notices]}


def _manifest(entry, data):
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": entry["name"], "namespace": entry["namespace"]},
        "stringData": data,
    }
