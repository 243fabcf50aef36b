# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a catalogue of IAM policies may not say. Pure: no call."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.piksel.platform.plugins.module_utils.iam_policies import POLICY_CHARACTERS, characters
from ansible_collections.piksel.platform.plugins.plugin_utils import iam_actions, identities
from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem

ELEMENTS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
# An ARN has six fields; IAM takes one with fewer as if the rest were open. A last field of these names nothing.
_FIELDS = 6
_OPEN_FIELD = re.compile(r"[*?/]*")


def policies(catalogue: dict, _variables: dict) -> t.Iterator[Problem]:
    """Every problem of the policies that are not switched off."""
    names: dict[str, str] = {}
    for key, entry in identities.active(catalogue).items():
        first = names.setdefault(str(entry.get("name")).lower(), key)
        if first != key:
            yield Problem([key, "name"], f"{entry['name']} is the name of {first} already")
        yield from policy(key, entry)


def policy(key: str, entry: dict) -> t.Iterator[Problem]:
    """Every problem of one policy: its statements, its reasons, its length."""
    statements = entry.get("statements")
    if not isinstance(statements, list) or not statements or not all(isinstance(one, dict) for one in statements):
        yield Problem([key, "statements"], "a policy needs a list of statements")
        return
    reasons = entry.get("wildcard_reasons") or {}
    seen: set[str] = set()
    for number, statement in enumerate(statements):
        path = [key, "statements", str(number)]
        yield from _form(path, statement)
        yield from _actions(path, statement)
        yield from _openness(path, statement, reasons)
        sid = statement.get("Sid")
        if sid and sid in seen:
            yield Problem(path, f"two statements have the Sid {sid}")
        seen.add(sid)
    open_ones = {one.get("Sid") for one in statements if _open(one)}
    for sid in sorted(set(reasons) - open_ones):
        yield Problem(
            [key, "wildcard_reasons", sid], f"no statement {sid} is open to everything", "Take the reason out."
        )
    length = characters(identities.document(statements))
    if length > POLICY_CHARACTERS:
        message = f"the document has {length} characters without white space, IAM takes {POLICY_CHARACTERS}"
        yield Problem([key, "statements"], message, "Divide it into two policies.")


def _form(path, statement):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"""
    for name in statement:
        if name not in ELEMENTS:
            yield Problem([*path, name], f"a statement has no element {name}", f"Known are {', '.join(ELEMENTS)}.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield Problem([*path, "Effect"], f"Effect must be Allow or Deny, not {statement.get('Effect')}")
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        if bool(statement.get(one)) == bool(statement.get(other)):
            yield Problem(path, f"a statement needs either {one} or {other}")
    if not re.fullmatch(r"[A-Za-z0-9]*", str(statement.get("Sid", ""))):
        yield Problem([*path, "Sid"], f"a Sid has letters and digits only, not {statement['Sid']}")


def _actions(path, statement):
    for element in ("Action", "NotAction"):
        for action in _list(statement.get(element)):
            wrong = iam_actions.unknown(str(action))
            if wrong:
                yield Problem([*path, element], *wrong)


def _openness(path, statement, reasons):
    what = _open(statement)
    if what and not reasons.get(statement.get("Sid")):
        sid = statement.get("Sid")
        name = f"statement {sid}" if sid else "a statement"
        advice = "Name what it is about, or give the reason in wildcard_reasons"
        advice += f" under {sid}." if sid else ", under a Sid of its own."
        yield Problem(path, f"{name} {what}, and no reason is given", advice)


def _open(statement):
    """How far an allowing statement is open, None where it names what it is about."""
    if statement.get("Effect") != "Allow":
        return None
    if statement.get("NotResource") or any(_everything(str(one)) for one in _list(statement.get("Resource"))):
        return "allows something on every resource"
    if statement.get("NotAction") or any(_every_action(str(one)) for one in _list(statement.get("Action"))):
        return "allows every action"
    return None


def _everything(resource):
    """Whether a resource leaves open what it names: everything, or everything of a service."""
    fields = resource.split(":", _FIELDS - 1)
    return len(fields) < _FIELDS or bool(_OPEN_FIELD.fullmatch(fields[-1]))


def _every_action(action):
    """Whether an action is every one, or every one of a service."""
    return not action.rpartition(":")[2].strip("*?")


def _list(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


RULES = {"irsa_policies": policies}
