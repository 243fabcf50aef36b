# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations as people read them: one line an object, one an attribute, and a line that counts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

SYMBOLS = {"create": "+", "update": "~", "replace": "-/+", "delete": "-"}
_COUNTED = {"create": "create", "update": "change", "replace": "replace", "delete": "delete"}
_DONE = {"create": "created", "update": "changed", "replace": "replaced", "delete": "deleted"}
_WIDEST = 160


@dataclass
class HostPlan:
    """What the tasks of one host did or would do.

    ``operations`` and ``held`` hold operations in the shape of task results; ``notices`` are lines worth knowing, each
    once; ``reconciled`` tells whether any task could have changed something; ``failed`` whether a task failed.
    """

    check: bool
    operations: list[dict] = field(default_factory=list)
    held: list[dict] = field(default_factory=list)
    notices: dict[str, None] = field(default_factory=dict)
    reconciled: bool = False
    failed: bool = False

    def add(self, result: dict) -> None:
        """Take over what one task result, or one of its loop's results, tells."""
        for name, into in (("operations", self.operations), ("held", self.held)):
            if isinstance(result.get(name), list):
                self.reconciled = True
                into.extend(item for item in result[name] if isinstance(item, dict) and item.get("action") in SYMBOLS)
        if isinstance(result.get("notices"), list):
            self.notices.update(dict.fromkeys(str(notice) for notice in result["notices"]))


def target(host: str, result: dict) -> str | None:
    """The line that names account and endpoint, from a result of aws_account; None for any other result."""
    if not {"account_id", "caller_arn", "endpoint", "emulated"} <= result.keys():
        return None
    alias = f" ({result['account_alias']})" if result.get("account_alias") else ""
    where = f"sandbox at {result['endpoint']}" if result["emulated"] else "AWS"
    return f"Target of {host}: {where}, account {result['account_id']}{alias}, region {result.get('region')}"


def lines(plan: HostPlan, verbose: bool) -> list[tuple[str, str]]:
    """The plan of a host as (action, text) lines; the action ("" for none) decides the colour.

    Attributes of objects that are created are many, and shown with ``verbose`` only.
    """
    shown = []
    for operation in plan.operations:
        shown.append((operation["action"], f"  {_headline(operation)}"))
        if verbose or operation["action"] != "create":
            shown.extend((operation["action"], f"      {text}") for text in _attributes(operation))
    for operation in plan.held:
        shown.append((operation["action"], f"  {_headline(operation)}  (held)"))
        shown.extend((operation["action"], f"      {text}") for text in _attributes(operation))
        word = json.dumps({"piksel_consent": [operation.get("consent")]})
        shown.append(("", f"      not without consent: -e '{word}'"))
    if plan.reconciled:
        shown.append(("", count(plan)))
    shown.extend(
        ("", f"  {text}")
        for text in (["Worth knowing:", *(f"  {notice}" for notice in plan.notices)] if plan.notices else [])
    )
    return shown


def count(plan: HostPlan) -> str:
    """The line that counts: "Plan: 43 to create, 1 to change, 0 to replace, 0 to delete; 2 held"."""
    held = f"; {len(plan.held)} held" if plan.held else ""
    if not plan.operations:
        return f"{'No changes up to the failure' if plan.failed else 'No changes'}{held}"
    numbers = {action: sum(1 for operation in plan.operations if operation["action"] == action) for action in SYMBOLS}
    if plan.check:
        return "Plan: " + ", ".join(f"{number} to {_COUNTED[action]}" for action, number in numbers.items()) + held
    head = "Applied before the failure: " if plan.failed else "Applied: "
    return head + ", ".join(f"{number} {_DONE[action]}" for action, number in numbers.items()) + held


def _headline(operation):
    name, key = operation.get("object"), operation.get("key")
    cluster = (
        f" in cluster {operation['cluster']}"
        if operation.get("cluster") and operation.get("api") == "kubernetes"
        else ""
    )
    logical = f"  [{key}]" if key and key != name else ""
    symbol = SYMBOLS[operation["action"]]
    return f"{symbol:>3} {operation.get('api', ''):<10} {operation.get('kind', '')} {name}{cluster}{logical}"


def _attributes(operation):
    for change in operation.get("changes") or []:
        path, before, after = change.get("path"), change.get("before"), change.get("after")
        if not path:
            continue
        if operation["action"] == "create":
            yield f"{path} = {_value(after)}"
        else:
            yield f"{path}: {_value(before)} -> {_value(after)}"


def _value(value):
    """A value on one line; what exists only after the run stands without quotes, as it is no text."""
    if isinstance(value, str) and value.startswith("(") and value.endswith(")"):
        return value
    text = json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
