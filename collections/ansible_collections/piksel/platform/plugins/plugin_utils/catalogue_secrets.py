# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalogues of secrets may not say: a secret without form and keys, a copy of a secret that nobody makes."""

from __future__ import annotations

import typing as t

from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_secrets, secret_values
from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem

Catalogue = dict[str, t.Any]


def secrets(catalogue: Catalogue, _values: Catalogue) -> t.Iterator[Problem]:
    """Everything that is wrong with a catalogue of secrets, logical key to entry."""
    names: dict[str, str] = {}
    variables: dict[str, str] = {}
    for key, entry in _enabled(catalogue):
        yield from _value(key, entry)
        name = str(entry.get("name", ""))
        if not secret_values.NAME.fullmatch(name):
            yield Problem([key, "name"], f"{name!r} is no name that Secrets Manager takes (letters, digits, /_+=.@-)")
        if names.setdefault(name, key) != key:
            yield Problem([key, "name"], f"{name} is the name of {names[name]} already", "Give each secret its own.")
        elif entry.get("keys"):
            variable = secret_values.variable(name)
            first = variables.setdefault(variable, name)
            if first != name:
                yield Problem([key, "name"], f"{name} and {first} would be given by the same variable {variable}")


def _value(key, entry):
    """Where the value comes from: exactly one of a form and keys."""
    form, keys = entry.get("generate"), entry.get("keys")
    if form is None and not keys:
        known = ", ".join(sorted(secret_values.FORMS))
        yield Problem(
            [key],
            "has no value: neither keys nor a form to generate it",
            f"Set keys to those of its JSON object, or generate to one of {known}.",
        )
    elif form is not None and keys:
        yield Problem([key], "has both keys and a form to generate it", "A secret is made by hand, or generated.")
    elif form is not None and form not in secret_values.FORMS:
        known = ", ".join(sorted(secret_values.FORMS))
        yield Problem([key, "generate"], f"{form} is no form of a value ({known} are)")
    elif keys and len(set(keys)) != len(keys):
        yield Problem([key, "keys"], "names a key twice")


def kubernetes(catalogue: Catalogue, values: Catalogue) -> t.Iterator[Problem]:
    """Everything that is wrong with a catalogue of Kubernetes Secrets; secrets and namespaces are other inputs."""
    sources = dict(_enabled(values.get("secrets_catalogue") or {}))
    namespaces = values.get("secrets_namespaces") or {}
    targets: dict[tuple, str] = {}
    for key, entry in _enabled(catalogue):
        name, wanted, data = entry.get("name"), entry.get("namespaces"), entry.get("data")
        for option, given, kind in (("name", name, str), ("namespaces", wanted, list), ("data", data, dict)):
            if not isinstance(given, kind) or not given:
                yield Problem([key], f"has no {option}")
        for namespace in wanted if isinstance(wanted, list) else []:
            if namespace not in namespaces:
                known = ", ".join(sorted(namespaces))
                yield Problem([key, "namespaces"], f"no namespace has the key {namespace}", f"There are {known}.")
            first = targets.setdefault((namespace, name), key)
            if first != key:
                yield Problem([key, "name"], f"{name} in namespace {namespace} is what {first} makes already")
        for part, source in (data or {}).items() if isinstance(data, dict) else ():
            for reference in kubernetes_secrets.references(source):
                yield from _reference([key, "data", str(part)], reference, sources)


def _reference(path, reference, sources):
    """What one reference leads to."""
    secret, part = reference[kubernetes_secrets.REFERENCE], reference.get("key")
    if secret not in sources:
        yield Problem(path, f"no secret has the key {secret}", "Secrets stand in piksel_secrets.")
        return
    keys = sources[secret].get("keys") or secret_values.PARTS.get(sources[secret].get("generate"))
    if keys and part not in keys:
        yield Problem(path, f"secret {secret} has no key {part}", f"It has {', '.join(keys)}.")
    elif part and not keys:
        yield Problem(path, f"secret {secret} is one text and has no keys")


def _enabled(catalogue):
    return [(key, entry) for key, entry in catalogue.items() if isinstance(entry, dict) and entry.get("enabled", True)]


RULES = {"secrets_catalogue": secrets, "secrets_kubernetes_secrets": kubernetes}
