"""Bucket policies: what S3 takes, what counts as public, and what a policy lets another account do.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from .exceptions import MalformedPolicy

ACTION = re.compile(r"s3:[A-Za-z*?]+|\*")
LARGEST = 20 * 1024


def parsed(document: bytes | str, bucket_arn: str) -> dict[str, Any]:
    """The policy as a map. Raises MalformedPolicy for what PutBucketPolicy refuses of a bucket with this ARN."""
    if len(document) > LARGEST:
        raise MalformedPolicy("Policy exceeds the maximum allowed document size")
    try:
        policy = json.loads(document)
    except ValueError:
        raise MalformedPolicy("Policies must be valid JSON and the first byte must be '{'") from None
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise MalformedPolicy("Missing required field Statement")
    if policy.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        raise MalformedPolicy("The policy must contain a valid version string")
    for statement in statements(policy):
        _refuse(statement, bucket_arn)
    return policy


def _refuse(statement: dict[str, Any], bucket_arn: str) -> None:
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy("Invalid effect")
    if not statement.keys() & {"Principal", "NotPrincipal"}:
        raise MalformedPolicy("Missing required field Principal")
    actions = listed(statement.get("Action", statement.get("NotAction")))
    if not actions or not all(ACTION.fullmatch(action) for action in actions):
        raise MalformedPolicy("Policy has invalid action")
    resources = listed(statement.get("Resource", statement.get("NotResource")))
    if not resources or not all(arn == bucket_arn or arn.startswith(f"{bucket_arn}/") for arn in resources):
        raise MalformedPolicy("Policy has invalid resource")


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements; a single one may stand without a list."""
    return listed(policy["Statement"])


def listed(value: Any) -> list[Any]:
    """A value that may stand alone or in a list, as a list; [] for None."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def is_public(policy: dict[str, Any]) -> bool:
    """Whether a statement allows something to everybody without a condition.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    return any(
        statement["Effect"] == "Allow" and not statement.get("Condition") and "*" in _accounts(statement)
        for statement in statements(policy)
    )


def permits(policy: dict[str, Any] | None, action: str, resource: str, account: str) -> bool:
    """Whether the policy lets a principal of another account do this; a deny beats every allow."""
    effects = (
        {one["Effect"] for one in statements(policy) if _concerns(one, action, resource, account)} if policy else {}
    )
    return "Allow" in effects and "Deny" not in effects


def denies(policy: dict[str, Any] | None, action: str, resource: str, account: str) -> bool:
    """Whether the policy forbids this even to the bucket's own account."""
    return bool(policy) and any(
        one["Effect"] == "Deny" and _concerns(one, action, resource, account) for one in statements(policy)
    )


def _concerns(statement: dict[str, Any], action: str, resource: str, account: str) -> bool:
    return (
        any(fnmatchcase(action.lower(), pattern.lower()) for pattern in listed(statement.get("Action")))
        and any(fnmatchcase(resource, pattern) for pattern in listed(statement.get("Resource")))
        and any(who in ("*", account) for who in _accounts(statement))
        and _holds(statement.get("Condition") or {})
    )


def _holds(condition: dict[str, Any]) -> bool:
    """The sandbox stands for an endpoint with TLS; no other condition is met, for want of its key."""
    return all(
        (operator, key.lower(), str(listed(value)[0]).lower()) == ("Bool", "aws:securetransport", "true")
        for operator, keys in condition.items()
        for key, value in keys.items()
    )


def _accounts(statement: dict[str, Any]) -> Iterator[str]:
    """Account ids of the principals, "*" for everybody."""
    principal = statement.get("Principal")
    for who in listed(principal.get("AWS") if isinstance(principal, dict) else principal):
        yield who.split(":")[4] if who.startswith("arn:") else who
