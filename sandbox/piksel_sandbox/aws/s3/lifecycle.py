"""What S3 refuses in a lifecycle configuration.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from __future__ import annotations

from typing import Any

from moto.s3.exceptions import MalformedXML

from .exceptions import InvalidArgument, InvalidRequest
from .policy import listed

ACTIONS = (
    "Expiration",
    "Transition",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "AbortIncompleteMultipartUpload",
)
STORAGE_CLASSES = ("STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR")


def refuse(rules: list[dict[str, Any]]) -> None:
    """Raises MalformedXML, InvalidArgument or InvalidRequest for rules (as xmltodict reads them) that S3 refuses."""
    if not rules:
        raise MalformedXML()
    names = [rule.get("ID") for rule in rules if rule.get("ID")]
    if len(names) != len(set(names)):
        raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
    if any("Filter" in rule for rule in rules) and any("Prefix" in rule for rule in rules):
        raise InvalidRequest(
            "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."
        )
    for rule in rules:
        _refuse_rule(rule)


def _refuse_rule(rule: dict[str, Any]) -> None:
    if rule.get("Status") not in ("Enabled", "Disabled") or not rule.keys() & {"Filter", "Prefix"}:
        raise MalformedXML()
    if not any(rule.get(action) for action in ACTIONS):
        raise InvalidRequest("At least one action needs to be specified in a rule")
    if len(rule.get("ID") or "") > 255:
        raise InvalidArgument("ID length should not exceed allowed limit of 255")
    expiry = (rule.get("Expiration") or {}).get("Days")
    for value in (expiry, (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation")):
        if value is not None and int(value) < 1:
            raise InvalidArgument("'Days' in this action must be a positive integer")
    for transition in listed(rule.get("Transition")):
        _refuse_transition(transition, expiry)


def _refuse_transition(transition: dict[str, Any], expiry: str | None) -> None:
    storage_class, days = transition.get("StorageClass"), transition.get("Days")
    if storage_class not in STORAGE_CLASSES:
        raise MalformedXML()
    if days is None:
        return
    if storage_class in ("STANDARD_IA", "ONEZONE_IA") and int(days) < 30:
        raise InvalidArgument(
            f"'Days' in Transition action must be greater than or equal to 30 for storageClass '{storage_class}'"
        )
    if expiry is not None and int(expiry) <= int(days):
        raise InvalidArgument("'Days' in the Expiration action must be greater than 'Days' in the Transition action")
