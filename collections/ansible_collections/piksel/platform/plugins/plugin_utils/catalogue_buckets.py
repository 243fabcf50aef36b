# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalogue of buckets may not say: names that S3 refuses, a name twice, rules that delete public data."""

from __future__ import annotations

import typing as t

from ansible_collections.piksel.platform.plugins.module_utils import arguments, s3_lifecycle
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.s3_names import name_problem
from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem


def buckets(catalogue: dict, _values: dict[str, t.Any]) -> t.Iterator[Problem]:
    """Everything that is wrong with a catalogue of buckets, logical key to entry."""
    yield from _names(catalogue)
    yield from _lifecycles(catalogue)


def _names(catalogue: dict) -> t.Iterator[Problem]:
    """Names of buckets that S3 refuses, and names that two entries share."""
    seen: dict[str, str] = {}
    for key, entry in _entries(catalogue):
        name = str(entry.get("name", ""))
        problem = name_problem(name)
        if problem:
            yield Problem([key, "name"], problem, "Names of buckets stand in piksel_bucket_names.")
        first = seen.setdefault(name, key)
        if first != key:
            yield Problem([key, "name"], f"{name} is the name of {first} already", "Give each bucket its own.")


def _lifecycles(catalogue: dict) -> t.Iterator[Problem]:
    """Lifecycle rules that S3 refuses, and rules that would delete public data."""
    for key, entry in _entries(catalogue):
        for name, rule in (entry.get("lifecycle_rules") or {}).items():
            path = [key, "lifecycle_rules", name]
            if not isinstance(rule, dict):
                yield Problem(path, f"must be a map, not {rule!r}")
                continue
            unknown = sorted(set(rule) - set(s3_lifecycle.RULE_OPTIONS))
            if unknown:
                known = ", ".join(s3_lifecycle.RULE_OPTIONS)
                yield Problem([*path, unknown[0]], f"is no part of a lifecycle rule ({known} are)")
                continue
            try:
                options = arguments.entries("lifecycle_rules", {name: rule}, s3_lifecycle.RULE_OPTIONS)[name]
            except PlatformError as error:
                yield Problem(path, error.message)
                continue
            canonical = s3_lifecycle.from_options(options)
            yield from (Problem(path, problem) for problem in s3_lifecycle.problems(canonical))
            deleting = [part for part in s3_lifecycle.DELETING if part in canonical] if entry.get("public_read") else []
            for part in deleting:
                yield Problem(
                    [*path, part],
                    f"this rule would delete public data of {entry.get('name')}",
                    "Public data moves to cheaper storage by transitions, it does not expire.",
                )


def _entries(catalogue):
    return [(key, entry) for key, entry in catalogue.items() if isinstance(entry, dict)]


RULES = {"s3_buckets": buckets}
