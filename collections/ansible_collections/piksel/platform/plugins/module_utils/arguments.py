# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that are maps of entries, keyed by a logical name: Ansible's own specs cannot describe those."""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible_collections.piksel.platform.plugins.module_utils import ownership
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError, combined

# Every reconciling module: whose list this is, and tags that all of its entries get.
SCOPE_ARGUMENTS = {"scope": {"type": "str", "required": True}}
TAGS_ARGUMENTS = {"tags": {"type": "dict", "default": {}}}


def entries(option: str, given: dict, argument_spec: dict, **rules) -> dict:
    """``given`` (logical key -> map of options) with each map validated, converted and filled with defaults.

    ``option`` is the option's name for messages. Raises the findings of all entries together.
    """
    validator = ArgumentSpecValidator(argument_spec, **rules)
    findings, result = [], {}
    for key, values in given.items():
        if not isinstance(values, dict):
            findings.append(PlatformError(f"`{option}.{key}` must be a map of options, not {type(values).__name__}"))
            continue
        validation = validator.validate(values)
        findings.extend(PlatformError(f"`{option}.{key}`: {told(error)}") for error in validation.errors)
        result[key] = validation.validated_parameters
    combined(findings)
    return result


def told(error) -> str:
    """A validator's finding in words; it leaves those for unknown options to its caller."""
    return f"unsupported options: {error.msg}" if isinstance(error, UnsupportedError) else error.msg


def tags(kind: str, params: dict, key: str, entry: dict) -> dict:
    """The tags that an entry wants: those for all entries, its own, and the mark of ownership; values are text."""
    both = {**params.get("tags", {}), **(entry.get("tags") or {})}
    return {
        **{str(name): _tag_value(value) for name, value in both.items()},
        ownership.MARK: ownership.mark(kind, params["scope"], key),
    }


def _tag_value(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
