"""Conditions and wildcards of IAM policies. What is not understood does not hold, or holds where a Deny asks.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any


def listed(value: Any) -> list[Any]:
    """A policy's element as a list, whether it was written as one or not."""
    return value if isinstance(value, list) else [value]


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    parts = ({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in pattern)
    return re.compile("".join(parts), re.DOTALL)


def like(pattern: str, value: str) -> bool:
    """Whether a value fits a pattern with * and ?."""
    return _expression(pattern).fullmatch(value) is not None


# operator -> (does one wanted value match one given value, is the operator a negation)
OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "stringequals": (lambda wanted, given: wanted == given, False),
    "stringnotequals": (lambda wanted, given: wanted == given, True),
    "stringequalsignorecase": (lambda wanted, given: wanted.lower() == given.lower(), False),
    "stringlike": (like, False),
    "stringnotlike": (like, True),
    "arnequals": (like, False),
    "arnlike": (like, False),
    "arnnotequals": (like, True),
    "arnnotlike": (like, True),
    "bool": (lambda wanted, given: wanted.lower() == given.lower(), False),
}


def hold(statement: Mapping[str, Any], context: Mapping[str, tuple[str, ...]], *, unknown: bool) -> bool:
    """Whether every condition of a statement holds; `context` has keys in lower case.

    `unknown` is the answer for an operator that is not known here.
    """
    return all(
        _holds(operator, listed(wanted), context.get(key.lower()), unknown)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, wanted: list[Any], given: tuple[str, ...] | None, unknown: bool) -> bool:
    name = operator.lower()
    quantifier, _, rest = name.rpartition(":")
    if_exists = rest.endswith("ifexists")
    compare = OPERATORS.get(rest.removesuffix("ifexists"))
    if name == "null":
        return (given is None) == (str(wanted[0]).lower() == "true")
    if compare is None:
        return unknown
    matches, negated = compare
    if given is None:
        return if_exists or negated or quantifier == "forallvalues"
    hits = [any(matches(str(each), value) for each in wanted) != negated for value in given]
    return all(hits) if quantifier == "forallvalues" or (negated and quantifier != "foranyvalue") else any(hits)
