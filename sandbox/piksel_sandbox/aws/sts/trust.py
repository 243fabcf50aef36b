"""Evaluation of a role's trust policy. What it does not understand it does not allow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """Who asks for what: `names` are all the ways in which the caller can be written as a principal of `kind`.

    `context` holds condition keys in lower case with their values.
    """

    action: str
    kind: str
    names: frozenset[str]
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _like(pattern: str, value: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


# operator -> (does one wanted value match one given value, is the operator a negation)
OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "stringequals": (lambda wanted, given: wanted == given, False),
    "stringnotequals": (lambda wanted, given: wanted == given, True),
    "stringequalsignorecase": (lambda wanted, given: wanted.lower() == given.lower(), False),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "arnequals": (_like, False),
    "arnlike": (_like, False),
    "arnnotequals": (_like, True),
    "arnnotlike": (_like, True),
    "bool": (lambda wanted, given: wanted.lower() == given.lower(), False),
}


def allows(document: str, request: Request) -> bool:
    """Whether the trust policy (JSON text) lets the request through: a statement allows it and none denies it."""
    allowed = False
    for statement in _list(json.loads(document).get("Statement", [])):
        denies = statement.get("Effect") == "Deny"
        if not _is_about(statement, request, unknown=denies):
            continue
        if denies:
            return False
        allowed = True
    return allowed


def _is_about(statement: dict[str, Any], request: Request, *, unknown: bool) -> bool:
    actions = _list(statement.get("Action", []))
    if not any(_like(action.lower(), request.action.lower()) for action in actions):
        return False
    if not _names_caller(statement.get("Principal", {}), request):
        return False
    return all(
        _condition(operator, key, _list(wanted), request, unknown=unknown)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _names_caller(principal: Any, request: Request) -> bool:
    if principal == "*":
        return True
    wanted = _list(principal.get(request.kind, []))
    return any(name == "*" or name in request.names for name in wanted)


def _condition(operator: str, key: str, wanted: list[str], request: Request, *, unknown: bool) -> bool:
    name = operator.lower()
    quantifier, _, rest = name.rpartition(":")
    if_exists = rest.endswith("ifexists")
    compare = OPERATORS.get(rest.removesuffix("ifexists"))
    given = request.context.get(key.lower())
    if name == "null":
        return (given is None) == (str(wanted[0]).lower() == "true")
    if compare is None:
        return unknown
    matches, negated = compare
    if given is None:
        return if_exists or negated or quantifier == "forallvalues"
    hits = [any(matches(str(each), value) for each in wanted) != negated for value in given]
    return all(hits) if quantifier == "forallvalues" or (negated and quantifier != "foranyvalue") else any(hits)
