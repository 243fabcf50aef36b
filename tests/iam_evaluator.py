"""What policies of one account allow, decided offline, as IAM decides: a Deny wins, and what nothing allows is denied.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Only what identity policies of our own kind hold is known: Action, NotAction, Resource, NotResource, Condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from piksel_sandbox.aws.sts.conditions import hold, like, listed


def allows(documents: Iterable[Mapping[str, Any]], action: str, resource: str, **context: str) -> bool:
    """Whether policies (as maps) let a principal do `action` to `resource` (an ARN, or "*" where an action has none).

    `context` holds condition keys, with "__" for ":" and "___" for "/", as in aws__RequestTag___Owner="me".
    """
    keys = {name.replace("___", "/").replace("__", ":").lower(): (value,) for name, value in context.items()}
    statements = [one for document in documents for one in listed(document["Statement"])]
    about = [one for one in statements if _is_about(one, action, resource, keys)]
    return bool(about) and all(one["Effect"] == "Allow" for one in about)


def names(documents: Iterable[Mapping[str, Any]], action: str) -> bool:
    """Whether any statement speaks of an action; one that none speaks of is allowed on nothing."""
    statements = [one for document in documents for one in listed(document["Statement"])]
    return any(_fits(one, "Action", action.lower(), lower=True) for one in statements)


def _is_about(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, tuple[str]]) -> bool:
    return (
        _fits(statement, "Action", action.lower(), lower=True)
        and _fits(statement, "Resource", resource, lower=False)
        and hold(statement, context, unknown=statement["Effect"] == "Deny")
    )


def _fits(statement: Mapping[str, Any], element: str, value: str, *, lower: bool) -> bool:
    negated = f"Not{element}" in statement
    patterns = listed(statement[f"Not{element}" if negated else element])
    return any(like(pattern.lower() if lower else pattern, value) for pattern in patterns) != negated
