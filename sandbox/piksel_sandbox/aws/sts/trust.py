"""Evaluation of a role's trust policy. What it does not understand it does not allow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .conditions import hold, like, listed


@dataclass(frozen=True)
class Request:
    """Who asks for what: `names` are all the ways in which the caller can be written as a principal of `kind`.

    `context` holds condition keys in lower case with their values.
    """

    action: str
    kind: str
    names: frozenset[str]
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def allows(document: str, request: Request) -> bool:
    """Whether the trust policy (JSON text) lets the request through: a statement allows it and none denies it."""
    allowed = False
    for statement in listed(json.loads(document).get("Statement", [])):
        denies = statement.get("Effect") == "Deny"
        if not _is_about(statement, request, unknown=denies):
            continue
        if denies:
            return False
        allowed = True
    return allowed


def _is_about(statement: dict[str, Any], request: Request, *, unknown: bool) -> bool:
    actions = listed(statement.get("Action", []))
    if not any(like(action.lower(), request.action.lower()) for action in actions):
        return False
    if not _names_caller(statement.get("Principal", {}), request):
        return False
    return hold(statement, request.context, unknown=unknown)


def _names_caller(principal: Any, request: Request) -> bool:
    if principal == "*":
        return True
    wanted = listed(principal.get(request.kind, []))
    return any(name == "*" or name in request.names for name in wanted)
