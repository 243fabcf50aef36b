# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that exist only after the run, as strings that templates and policies can carry.

In check mode an object that would be created has no ARN or endpoint yet. Its place is taken by a string like ``(known
after apply: kms_key/eks_cluster.secrets.arn)``, which names where the value will come from.
"""

from __future__ import annotations

import re

from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError, combined

_PREFIX = "(known after apply: "
_PATTERN = re.compile(r"\(known after apply: ([^()]+)\)")


def make(kind: str, key: str, attribute: str) -> str:
    """The unknown string for one attribute of the object ``kind``/``key`` (key is "<scope>.<logical key>")."""
    return f"{_PREFIX}{kind}/{key}.{attribute})"


def is_unknown(value: object) -> bool:
    """True when the whole value is one unknown string."""
    return isinstance(value, str) and _PATTERN.fullmatch(value) is not None


def contains_unknown(value: object) -> bool:
    """True when an unknown string stands anywhere in a nested value (keys of maps included)."""
    return next(_find(value, ""), None) is not None


def refuse(params: dict) -> None:
    """Raise one PlatformError that names every option holding an unknown value; called outside check mode."""
    combined(
        [
            PlatformError(
                f"option `{path}` holds a value that does not exist yet: {text}",
                advice="Only check mode carries such values; run the stage that makes this object first.",
            )
            for path, text in _find(params, "")
        ]
    )


def _find(value, path):
    """Yield (option path, unknown text) for each unknown string below value."""
    if isinstance(value, str):
        match = _PATTERN.search(value)
        if match:
            yield path, match.group(0)
    elif isinstance(value, dict):
        for name, item in value.items():
            below = f"{path}.{name}" if path else str(name)
            yield from _find(name, below)
            yield from _find(item, below)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, item in enumerate(value):
            yield from _find(item, f"{path}[{index}]")
