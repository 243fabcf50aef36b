# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From wanted to real: read all, compare, plan, and outside check mode apply, each list in one go.

Two steps for every list. ``plan`` reads concurrently and makes operations; nothing is written. ``apply`` carries them
out concurrently. What needs consent and has none is *held*: shown, not done.
"""

from __future__ import annotations

import concurrent.futures
import functools
import json
import time
from dataclasses import dataclass, field

from ansible_collections.piksel.platform.plugins.module_utils import errors
from ansible_collections.piksel.platform.plugins.module_utils.compare import Change
from ansible_collections.piksel.platform.plugins.module_utils.errors import AnswerLostError, PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.resource import Operation, Resource

try:
    import yaml
except ImportError:
    # JSON is YAML too, only less pleasant to read.
    yaml = None

# Objects of a list that are read at the same time, parts of objects over all of them that are, and objects written.
CONCURRENCY = 16
PARTS = 64
WRITERS = 8
CREATE_ATTEMPTS = 8
# A key made a moment ago may not be listed yet: look this often, this many seconds apart, before making it again.
LOOKS_AFTER_LOST_ANSWER = (0.2, 0.6, 1.5)

CONSENT_ARGUMENTS = {"consent": {"type": "list", "elements": "str", "default": []}}

__all__ = ("CONSENT_ARGUMENTS", "Operation", "ReconcileError", "Resource", "parallel", "parts", "reconcile")


class ReconcileError(PlatformError):
    """Some objects of a list failed; ``result`` tells what was done nevertheless, in the shape of ``reconcile``."""

    def __init__(self, error, result):
        self.result = result
        self._text = str(error)
        super().__init__(error.message)

    def __str__(self):
        return self._text


@dataclass
class Step:
    """The plan for one resource."""

    resource: Resource
    found: dict | None
    operation: Operation | None = None
    held: list = field(default_factory=list)
    done: bool = False


def reconcile(resources, check_mode, *, consent=(), orphans=None, progress=None) -> dict:
    """Bring ``resources`` (a list of Resource) to their wanted state.

    ``consent``: the words given for deletes and replacements. ``orphans()`` lists marked objects that are no longer
    wanted, as Resource objects with an empty ``wanted``. ``progress(text)`` takes a line while waiting. Returns
    {"changed", "operations", "held", "diff", "resources"}; raises PlatformError, or ReconcileError when something had
    been written already.
    """
    _distinct(resources)
    for resource in resources:
        resource.progress = progress
    consent = set(consent)
    steps = _plan(resources, consent, orphans, check_mode)
    if not check_mode:
        _refuse_unusable(steps)
        _apply(steps, consent)
    return _result(steps, check_mode)


def parallel(call, items) -> list:
    """[call(item) ...] on a bounded pool of threads, in order; raises the errors of all items together."""
    outcomes = list(_outcomes(call, items, CONCURRENCY))
    errors.combined([outcome for outcome in outcomes if isinstance(outcome, PlatformError)])
    return outcomes


def parts(call, items) -> list:
    """[call(item) ...] for the parts of one object, at the same time; call it inside ``parallel``.

    All objects share these threads, so that many objects with many parts do not flood a service.
    """
    return list(_part_threads().map(call, items))


@functools.cache
def _part_threads():
    return concurrent.futures.ThreadPoolExecutor(PARTS)


def _outcomes(call, items, threads):
    """Like parallel, with a PlatformError in place of the answer of an item that failed."""

    def guarded(item):
        try:
            return call(item)
        except PlatformError as error:
            return error

    items = list(items)
    if len(items) < 2:
        return [guarded(item) for item in items]
    with concurrent.futures.ThreadPoolExecutor(min(threads, len(items))) as pool:
        return list(pool.map(guarded, items))


def _distinct(resources):
    """Two entries of a list that mean the same object would undo each other for ever."""
    seen, findings = {}, []
    for resource in resources:
        other = seen.setdefault((resource.kind, resource.object), resource)
        if other is not resource:
            findings.append(
                PlatformError(
                    f"both {other.full_key} and {resource.full_key} mean this object",
                    subject=resource.subject,
                    advice="Give each its own name.",
                )
            )
    errors.combined(findings)


def _plan(resources, consent, orphans, check_mode):
    """Read and compare everything; no write."""

    def step(resource):
        with errors.told(resource.subject, resource.clients):
            found = resource.settle(resource.read(), check_mode)
            return _planned(resource, found, consent)

    # Operations and errors name the account: ask for it beside the reads, not after them. The list of orphans is one
    # long read, so it begins with the first.
    account = [lambda: [resource.place() for resource in resources[:1]]]
    unwanted = [lambda: [_deletion(orphan, consent) for orphan in orphans()]] if orphans else []
    reads = [lambda resource=resource: step(resource) for resource in resources]
    answers = parallel(lambda job: job(), [*account, *unwanted, *reads])
    return answers[len(account) + len(unwanted) :] + (answers[len(account)] if orphans else [])


def _planned(resource, found, consent):
    """The step for a wanted resource."""
    if found is None:
        errors.combined(resource.refusals(None, []))
        return Step(resource, found, Operation("create", resource, resource.creation()))
    changes = resource.changes(found)
    errors.combined(resource.refusals(found, changes))
    word = resource.consent_word(resource.restriction)
    free, restricting = (changes, []) if word in consent else resource.restrictions(changes)
    step = _gated(resource, found, free, consent)
    if not restricting:
        return step
    if step.operation and step.operation.action == "replace":
        # Nobody loses anything more when the whole object is made anew.
        return _gated(resource, found, changes, consent)
    step.held.append(Operation("update", resource, restricting, word))
    return step


def _gated(resource, found, changes, consent):
    """The step for these changes of an object that exists."""
    word = resource.gate(found, changes)
    if word is None:
        return Step(resource, found, Operation("update", resource, changes) if changes else None)
    given = resource.consent_word(word) in consent
    if word == "replace":
        return _replacement(resource, found, changes, given)
    if given:
        return Step(resource, found, Operation("update", resource, changes))
    return Step(resource, found, None, [Operation("update", resource, changes, resource.consent_word(word))])


def _replacement(resource, found, changes, given):
    """With consent all changes become one replacement; without, those that can be made in place are made."""
    if given:
        return Step(resource, found, Operation("replace", resource, changes))
    held = [change for change in changes if change.immutable]
    rest = [change for change in changes if not change.immutable]
    return Step(
        resource,
        found,
        Operation("update", resource, rest) if rest else None,
        [Operation("replace", resource, held, resource.consent_word("replace"))],
    )


def _deletion(resource, consent):
    """The step for an orphan."""
    word = resource.consent_word("delete")
    change = [Change("", resource.name, None)]
    if word in consent:
        return Step(resource, {}, Operation("delete", resource, change))
    return Step(resource, {}, None, [Operation("delete", resource, change, word)])


def _refuse_unusable(steps):
    """Before any write: what is held for want of consent, and cannot serve as it is, ends the run."""
    findings = []
    for step in steps:
        reason = step.resource.unusable(step.found) if step.held and step.found else None
        if reason:
            resource = step.resource
            word = step.held[0].consent
            findings.append(
                PlatformError(
                    reason,
                    subject=resource.subject,
                    **resource.place(),
                    advice=f"Repair it by hand, or allow it with the consent {word}.",
                )
            )
    errors.combined(findings)


def _apply(steps, consent):
    """Carry out the operations, wave by wave; every object of a wave gets its chance even when another one fails."""

    def run(step):
        with errors.told(step.resource.subject, step.resource.clients):
            _APPLY[step.operation.action](step, consent)
        step.done = True

    todo = [step for step in steps if step.operation]
    failed = []
    for wave in sorted({_turn(step) for step in todo}):
        outcomes = _outcomes(run, [step for step in todo if _turn(step) == wave], WRITERS)
        failed = [outcome for outcome in outcomes if isinstance(outcome, PlatformError)]
        if failed:
            break
    if failed:
        for step in todo:
            step.operation = step.operation if step.done else None
        try:
            errors.combined(failed)
        except PlatformError as error:
            raise ReconcileError(error, _result(steps, False)) from error


def _turn(step):
    """When a step has its turn: what others stand on is made first and deleted last."""
    wave = step.resource.wave
    return (1, -wave) if step.operation.action == "delete" else (0, wave)


def _create(step, consent):
    step.found, is_new = _created(step.resource)
    if is_new:
        _finish(step, step.resource.changes(step.found))
    else:
        _adopt(step, consent)


def _finish(step, changes):
    """Bring what the create call alone does not."""
    if changes:
        step.found = _updated(step.resource, step.found, changes)


def _adopt(step, consent):
    """Go on with what was there already, be it ours or somebody else's, as if the plan had found it."""
    seen = _planned(step.resource, step.found, consent)
    _refuse_unusable([seen])
    if seen.operation and seen.operation.action == "replace":
        raise PlatformError(
            "somebody made one meanwhile that only a replacement brings to what is wanted",
            subject=step.resource.subject,
            advice="Run again.",
        )
    step.held += seen.held
    _finish(step, seen.operation.changes if seen.operation else [])


def _created(resource):
    """(the object as found, whether a create call made it as asked); finds what a call made whose answer got lost."""
    for attempt in range(CREATE_ATTEMPTS):
        try:
            return resource.create(), True
        except AnswerLostError as lost:
            found = _look_again(resource)
            last = lost
        except Exception as error:
            if errors.code_of(error) not in resource.exists_codes:
                raise
            found = resource.settle(resource.read(), False)
            last = error
        if found is not None:
            return found, False
        time.sleep(min(0.1 * 2**attempt, 3))
    raise PlatformError(f"could not be created: {last}", subject=resource.subject) from last


def _look_again(resource):
    for pause in LOOKS_AFTER_LOST_ANSWER:
        found = resource.read()
        if found is not None:
            return found
        time.sleep(pause)
    return None


def _update(step, _consent):
    step.found = _updated(step.resource, step.found, step.operation.changes)


def _updated(resource, found, changes):
    after = resource.update(found, changes)
    if after is not None:
        return after
    return {**found, **{path: value for path, value in resource.wanted.items() if value is not None}}


def _replace(step, consent):
    step.resource.delete(step.found)
    _create(step, consent)


def _delete(step, _consent):
    step.resource.delete(step.found)


_APPLY = {"create": _create, "update": _update, "replace": _replace, "delete": _delete}


def _result(steps, check_mode):
    operations = [step.operation for step in steps if step.operation]
    absent = {"create", "replace"} if check_mode else set()
    facts = {
        step.resource.key: step.resource.facts(
            None if step.operation and step.operation.action in absent else step.found
        )
        for step in steps
        if step.resource.wanted
    }
    return {
        "changed": bool(operations),
        "operations": [operation.as_dict() for operation in operations],
        "held": [operation.as_dict() for step in steps for operation in step.held],
        "diff": [_diff(operation) for operation in operations],
        "resources": facts,
    }


def _diff(operation):
    """What ``--diff`` prints for one operation."""
    title = f"{operation.resource.subject} ({operation.action})"
    before = {change.path: change.before for change in operation.changes if change.before is not None}
    after = {change.path: change.after for change in operation.changes if change.after is not None}
    return {
        "before_header": title,
        "after_header": title,
        "before": _text(before),
        "after": _text(after),
    }


def _text(values):
    if not values:
        return ""
    if yaml is None:
        return json.dumps(values, indent=2, sort_keys=True) + "\n"
    return yaml.safe_dump(values, default_flow_style=False, sort_keys=True, width=120)
