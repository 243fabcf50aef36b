"""Faults on demand: what goes wrong, for which calls and how often, changed while the sandbox runs.

Deterministic: a fault counts the calls that it matches and acts on every n-th, or on an evenly spread share of them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from piksel_sandbox import internal
from piksel_sandbox.accounts import is_run_principal

ACTIONS = {
    "latency": "waits `seconds` before the call is served",
    "throttle": "refuses the call with the service's throttling error",
    "error": "answers `status` (500, 502, 503, 504) without serving the call",
    "reset-before": "drops the connection with RST; the call is not served",
    "reset-after": "serves the call and, when it succeeded, drops the connection: the answer is lost",
    "fail": "what the operation makes ends in FAILED, with `reason`",
    "stall": "lets `after_writes` writes pass, then holds every further write, unserved, until the fault is cleared",
}
# What a service does with a call that one of these acts on is decided: later faults do not see it.
ENDING = frozenset(ACTIONS) - {"latency"}
# The operations whose models ask `failure_for`; of any other `fail` would wait in vain.
MAY_FAIL: dict[str, frozenset[str]] = {
    "eks": frozenset(
        {
            "AssociateEncryptionConfig", "AssociateIdentityProviderConfig", "CreateAddon", "CreateCluster",
            "CreateFargateProfile", "CreateNodegroup", "DeleteAddon", "DeleteCluster", "DeleteFargateProfile",
            "DeleteNodegroup", "DisassociateIdentityProviderConfig", "UpdateAddon", "UpdateClusterConfig",
            "UpdateClusterVersion", "UpdateNodegroupConfig", "UpdateNodegroupVersion",
        }
    ),
    "rds": frozenset({"CreateDBInstance"}),
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """What a fault does to which calls. Globs select: `operation` is "service:Operation", e.g. "eks:*", "*:Create*";
    with "!" before it, operation or object selects all others.

    every/rate: acts on every n-th matching call, or on that share of them; times, times_per_operation: acts so often at
    most, in all or on each operation; writes: only on writes; caller: "run" (the run's principals) or "any".
    """

    action: str
    operation: str = "*:*"
    object: str = "*"
    account: str = "*"
    caller: str = "any"
    writes: bool = False
    every: int = 1
    rate: float | None = None
    times: int | None = None
    times_per_operation: int | None = None
    seconds: float = 0.0
    status: int = 503
    reason: str = "failed by a fault of the sandbox"
    after_writes: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError with what is wrong."""
        if self.action not in ACTIONS:
            raise ValueError(f"unknown action {self.action!r}: one of {', '.join(ACTIONS)}")
        if ":" not in self.operation:
            raise ValueError(
                f"operation is service:Operation, such as eks:CreateCluster or *:Create*: {self.operation!r}"
            )
        if self.every < 1 or not (self.rate is None or 0 < self.rate <= 1):
            raise ValueError("every is 1 or more, rate above 0 and at most 1")
        if self.status not in (500, 502, 503, 504):
            raise ValueError("status is 500, 502, 503 or 504")
        if self.caller not in ("any", "run"):
            raise ValueError("caller is any or run")
        if self.action == "fail":
            self._check_fail()

    def _check_fail(self) -> None:
        operations = [f"{service}:{operation}" for service, some in MAY_FAIL.items() for operation in sorted(some)]
        if not any(fnmatchcase(operation, self.operation) for operation in operations):
            raise ValueError(f"nothing that {self.operation} makes can fail; what can: {', '.join(operations)}")
        if self.caller != "any":
            raise ValueError("fail is about what an operation makes, whoever asked for it: leave caller away")


def _is_meant(name: str, pattern: str) -> bool:
    """Whether a name fits a glob, or does not fit it where "!" stands before."""
    return fnmatchcase(name, pattern.removeprefix("!")) != pattern.startswith("!")


class Fault:
    """A rule at work, with its counters; used under the registry's lock."""

    def __init__(self, number: int, rule: Rule) -> None:
        self.number = number
        self.rule = rule
        self.matched = 0
        self.acted: Counter[str] = Counter()
        self.released = threading.Event()

    def selects(self, operation: str, name: Callable[[], str], account: str, caller: str, write: bool) -> bool:
        """Whether the rule is about such a call; the object's name is asked for only when it matters."""
        rule = self.rule
        return (
            _is_meant(operation, rule.operation)
            and fnmatchcase(account, rule.account)
            and (rule.caller == "any" or is_run_principal(caller))
            and (write or not rule.writes)
            and (rule.object == "*" or _is_meant(name(), rule.object))
        )

    def takes(self, operation: str) -> bool:
        """Counts a selected call and tells whether the fault acts on it."""
        rule = self.rule
        if rule.times is not None and self.acted.total() >= rule.times:
            return False
        if rule.times_per_operation is not None and self.acted[operation] >= rule.times_per_operation:
            return False
        self.matched += 1
        if rule.action == "stall":
            acts = self.matched > rule.after_writes
        elif rule.rate is not None:
            acts = int(self.matched * rule.rate + 1e-9) > int((self.matched - 1) * rule.rate + 1e-9)
        else:
            acts = self.matched % rule.every == 0
        self.acted[operation] += acts
        return acts

    def gives_back(self, operation: str) -> None:
        """Takes back an act that turned out to have no object: the call failed by itself."""
        self.acted[operation] -= 1

    def describe(self) -> dict[str, Any]:
        """The fault as JSON: what was set, how many calls it matched and acted on."""
        set_values = {name: value for name, value in asdict(self.rule).items() if value != getattr(Rule, name, None)}
        return {"id": self.number, **set_values, "matched": self.matched, "acted": self.acted.total()}


class Registry:
    """The faults that are set now; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[int, Fault] = {}
        self._number = 0

    def add(self, **values: Any) -> dict[str, Any]:
        """Sets a fault by the fields of Rule; returns it with its id. Raises ValueError for what makes no sense."""
        try:
            rule = Rule(**values)
        except TypeError as error:
            raise ValueError(str(error).replace("Rule.__init__()", "fault")) from error
        if rule.action == "stall":
            # Reads go on, and so do controllers: what is tried is a run that stops in the middle of its writes.
            rule = Rule(**{**asdict(rule), "writes": True, "caller": "run"})
        with self._lock:
            self._number += 1
            fault = self._faults[self._number] = Fault(self._number, rule)
            return fault.describe()

    def list(self) -> list[dict[str, Any]]:
        """The faults as JSON."""
        with self._lock:
            return [fault.describe() for fault in self._faults.values()]

    def clear(self, number: int | None = None) -> int:
        """Takes away one fault or all; held connections are dropped. Returns how many there were."""
        with self._lock:
            numbers = [n for n in self._faults if number in (None, n)]
            for each in numbers:
                self._faults.pop(each).released.set()
            return len(numbers)

    def acting(
        self, operation: str, name: Callable[[], str], account: str, caller: str, write: bool, *, failing: bool = False
    ) -> list[Fault]:
        """The faults that act on this call, in the order they were set; `failing` asks for those of action fail.

        The first that ends the call is the last: what it keeps from the others neither counts nor uses them up.
        """
        if self.is_empty:
            return []
        acting = []
        with self._lock:
            for fault in self._faults.values():
                if (
                    (fault.rule.action == "fail") == failing
                    and fault.selects(operation, name, account, caller, write)
                    and fault.takes(operation)
                ):
                    acting.append(fault)
                    if fault.rule.action in ENDING:
                        break
        return acting

    @property
    def is_empty(self) -> bool:
        """Whether no fault is set."""
        return not self._faults

    def give_back(self, number: int, operation: str) -> None:
        """See Fault.gives_back; nothing for a fault that was cleared meanwhile."""
        with self._lock:
            if number in self._faults:
                self._faults[number].gives_back(operation)


registry = Registry()
internal.on_shutdown(registry.clear)


def failure_for(service: str, operation: str, name: str, account: str = "") -> str | None:
    """The reason why the object of this operation is to end in FAILED, None when it is to succeed.

    The model of a service asks when it makes or updates the object, e.g. ("eks", "CreateCluster", "piksel-dev").
    Raises KeyError for an operation that MAY_FAIL does not name.
    """
    if operation not in MAY_FAIL[service]:
        raise KeyError(f"{service}:{operation} is not in MAY_FAIL")
    acting = registry.acting(f"{service}:{operation}", lambda: name, account, "", write=True, failing=True)
    return acting[0].rule.reason if acting else None
