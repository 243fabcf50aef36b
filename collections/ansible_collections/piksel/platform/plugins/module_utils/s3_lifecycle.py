# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lifecycle rules of a bucket in one canonical form, from options and from S3, and what they would delete. Pure.

A canonical rule is a map with ``prefix`` ("" for every object) and those of ``abort_multipart_days``,
``expiration_days``, ``noncurrent_expiration_days`` (days) and ``transitions`` (storage class -> days) that the rule
has. What only others' rules have stands beside them: ``enabled`` (false), or S3's own names.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
"""

from __future__ import annotations

RULE_OPTIONS = {
    "prefix": {"type": "str", "default": ""},
    "abort_multipart_days": {"type": "int"},
    "expiration_days": {"type": "int"},
    "noncurrent_expiration_days": {"type": "int"},
    "transitions": {"type": "dict", "default": {}},
}
# Canonical name -> (S3's member, the member's own member that holds the days).
_DAYS = {
    "abort_multipart_days": ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
    "expiration_days": ("Expiration", "Days"),
    "noncurrent_expiration_days": ("NoncurrentVersionExpiration", "NoncurrentDays"),
}
DELETING = ("expiration_days", "noncurrent_expiration_days")
# S3 moves objects to these classes after 30 days at the earliest.
_AFTER_30_DAYS = ("STANDARD_IA", "ONEZONE_IA")


def from_options(entry: dict) -> dict:
    """The canonical form of a rule's validated options; days of a transition that are no number stay as they are."""
    rule = {name: value for name, value in entry.items() if name != "transitions" and value is not None}
    transitions = {str(name): _number(days) for name, days in (entry.get("transitions") or {}).items()}
    return {**rule, **({"transitions": transitions} if transitions else {})}


def _number(days):
    try:
        return int(days)
    except (TypeError, ValueError):
        return days


def from_service(answer: dict) -> dict:
    """The canonical form of a rule as GetBucketLifecycleConfiguration has it."""
    left = {name: value for name, value in answer.items() if name != "ID"}
    rule = {} if left.pop("Status") == "Enabled" else {"enabled": False}
    rule.update(_scope(left.pop("Filter", None), left.pop("Prefix", "")))
    for name, (member, days) in _DAYS.items():
        if left.get(member, {}).keys() == {days}:
            rule[name] = left.pop(member)[days]
    transitions = left.get("Transitions") or []
    if transitions and all(one.keys() == {"Days", "StorageClass"} for one in transitions):
        rule["transitions"] = {one["StorageClass"]: one["Days"] for one in left.pop("Transitions")}
    return {**rule, **{name: value for name, value in left.items() if value}}


def _scope(chosen, prefix):
    """What a rule is about; an empty filter, one with an empty prefix and the older form of both mean the same."""
    if not chosen:
        return {"prefix": prefix}
    if chosen.keys() == {"Prefix"}:
        return {"prefix": chosen["Prefix"]}
    return {"Filter": chosen}


def for_service(key: str, rule: dict) -> dict:
    """A rule of ours as PutBucketLifecycleConfiguration wants it; its id is its key."""
    request = {"ID": key, "Status": "Enabled", "Filter": {"Prefix": rule["prefix"]}}
    for name, (member, days) in _DAYS.items():
        if name in rule:
            request[member] = {days: rule[name]}
    if rule.get("transitions"):
        request["Transitions"] = [
            {"Days": days, "StorageClass": storage_class} for storage_class, days in sorted(rule["transitions"].items())
        ]
    return request


def with_filter(answer: dict) -> dict:
    """A rule of S3's answer with its prefix in a filter: S3 takes no mixture of that and the older form of rules."""
    if "Filter" in answer:
        return answer
    rest = {name: value for name, value in answer.items() if name != "Prefix"}
    return {**rest, "Filter": {"Prefix": answer.get("Prefix", "")}}


def by_key(answers: list, wanted: dict) -> dict:
    """S3's rules by key: that of the wanted rule which means the same, whatever its id, else the rule's own id."""
    left, strangers, result = dict(wanted), [], {}
    for answer in answers:
        key = next((key for key, rule in left.items() if rule == from_service(answer)), None)
        if key is None:
            strangers.append(answer)
        else:
            del left[key]
            result[key] = answer
    for answer in strangers:
        key = answer.get("ID", "")
        result[key if key not in result else f"{key} (found)"] = answer
    return result


def problems(rule: dict) -> list:
    """What S3 would refuse in a canonical rule of ours, as texts."""
    found = []
    days = {name: rule[name] for name in _DAYS if name in rule}
    transitions = rule.get("transitions", {})
    if not days and not transitions:
        found.append("a lifecycle rule without an action")
    found.extend(f"{name} is {value}, and must be 1 or more" for name, value in days.items() if value < 1)
    for storage_class, after in transitions.items():
        if not isinstance(after, int):
            found.append(f"transition to {storage_class} after {after!r}, which is no number of days")
            continue
        least = 30 if storage_class in _AFTER_30_DAYS else 0
        if after < least:
            found.append(f"transition to {storage_class} after {after} days, S3 wants {least} or more")
        if rule.get("expiration_days", after + 1) <= after:
            found.append(
                f"objects expire after {rule['expiration_days']} days, before their transition to {storage_class} "
                f"after {after}"
            )
    return found


def deletes(rule: dict | None) -> bool:
    """Whether a canonical rule deletes objects or versions of them."""
    return bool(rule) and any(name in rule for name in DELETING)


def deletes_more(before: dict | None, after: dict | None) -> bool:
    """Whether ``after`` deletes what ``before``, the rule that it takes the place of, keeps."""
    if not deletes(after):
        return False
    if not before or before.get("enabled") is False or "prefix" not in before:
        return True
    if not after["prefix"].startswith(before["prefix"]):
        return True
    return any(name in after and before.get(name, after[name] + 1) > after[name] for name in DELETING)
