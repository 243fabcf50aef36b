# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of a Helm release held against their chart: what the chart does not know, Helm would ignore silently."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

try:
    import jsonschema
except ImportError:
    # The modules say so by missing_required_lib before anything here is reached.
    jsonschema = None

# Every chart knows it.
# https://helm.sh/docs/chart_template_guide/subcharts_and_globals/
GLOBAL = "global"


@dataclass(frozen=True)
class Problem:
    """One value that the chart does not take: its dotted path, what is wrong, the nearest path that it knows."""

    path: str
    message: str
    nearest: str | None = None

    def __str__(self) -> str:
        advice = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.path}: {self.message}{advice}"


def problems(values: dict, defaults: dict, schema: dict | None = None, subcharts=()) -> list[Problem]:
    """Everything in ``values`` that a chart does not take.

    ``defaults`` are the chart's own values; ``schema`` its values.schema.json, None where it has none. ``subcharts``
    are names whose values are other charts' to judge. A map that is empty or null in the defaults takes anything.
    """
    own = {key: value for key, value in values.items() if key not in {GLOBAL, *subcharts}}
    found = _unknown(own, defaults, known_paths(defaults), Named(schema or {}, schema or {}))
    return found + (_by_schema(values, defaults, schema) if schema else [])


@dataclass(frozen=True)
class Named:
    """The keys that a part of a schema names; ``whole`` is the schema that its references point into."""

    whole: dict
    part: dict

    def __contains__(self, key: str) -> bool:
        return key in self.part.get("properties", {})

    def below(self, key: str) -> Named:
        """The same of the value at a key, which may stand elsewhere in the schema ("$ref": "#/$defs/a")."""
        part = self.part.get("properties", {}).get(key)
        part = part if isinstance(part, dict) else {}
        reference = part.get("$ref", "")
        if reference.startswith("#/"):
            part = self.whole
            for name in reference.removeprefix("#/").split("/"):
                part = part.get(name, {})
        return Named(self.whole, part)


def known_paths(defaults: dict, prefix: str = "") -> list[str]:
    """The dotted path of every value that the defaults name, maps included."""
    paths = []
    for key, value in defaults.items():
        path = f"{prefix}{key}"
        paths.append(path)
        if isinstance(value, dict):
            paths += known_paths(value, f"{path}.")
    return paths


def _unknown(values, defaults, known, named, prefix=""):
    """Keys that neither defaults nor schema name, and maps where the defaults have something else."""
    found = []
    for key, value in values.items():
        path = f"{prefix}{key}"
        if key not in defaults:
            if key not in named:
                found.append(Problem(path, "the chart knows no such value", _nearest(path, known)))
        elif isinstance(value, dict) and defaults[key]:
            if isinstance(defaults[key], dict):
                found += _unknown(value, defaults[key], known, named.below(key), f"{path}.")
            else:
                found.append(Problem(path, f"the chart has no map there but {defaults[key]!r}"))
    return found


def _nearest(path, known):
    """The known path that was most likely meant: one with the same last key elsewhere, else one of like spelling."""
    key = path.rpartition(".")[2]
    same = [one for one in known if one.rpartition(".")[2] == key]
    if same:
        return min(same, key=lambda one: (one.count("."), one))
    return next(iter(difflib.get_close_matches(path, known, 1, 0.85)), None)


def _by_schema(values, defaults, schema):
    """What the chart's own schema refuses of the values over the defaults, as Helm itself would."""
    whole = merged(defaults, values)
    validator = jsonschema.validators.validator_for(schema)(schema)
    errors = sorted(validator.iter_errors(whole), key=lambda error: list(map(str, error.absolute_path)))
    return [Problem(".".join(map(str, error.absolute_path)) or "values", error.message) for error in errors]


def merged(defaults: dict, values: dict) -> dict:
    """The values that templates see: maps are merged, everything else is replaced, and null takes a default away.

    https://helm.sh/docs/chart_template_guide/values_files/#deleting-a-default-key
    """
    whole = dict(defaults)
    for key, value in values.items():
        if value is None:
            whole.pop(key, None)
        elif isinstance(value, dict) and isinstance(whole.get(key), dict):
            whole[key] = merged(whole[key], value)
        else:
            whole[key] = value
    return whole


def flat(values: dict, prefix: str = "") -> dict:
    """Dotted path -> value; lists, and maps with nothing in them, are values themselves."""
    found = {}
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            found.update(flat(value, f"{path}."))
        else:
            found[path] = value
    return found
