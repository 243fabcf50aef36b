"""What is measured, each as a function from a runner and a sandbox to figures.

A figure is {"seconds", "cpu"}: by the clock, and CPU seconds of `ansible-playbook` and its workers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Protocol

from bench import fit, kinds
from bench.measure import Runner, Timed

COUNTS = (1, 4, 16)
# What 1, 4 and 16 times as many are counted from.
ROLES, BUCKETS = 4, 3
LATENCY_SECONDS = 0.05
SITE = "site.yml"
Figure = dict[str, float]


class Target(Protocol):
    """What of a sandbox the scenarios use."""

    def reset(self) -> Any:
        """Empties the accounts."""

    def add_fault(self, action: str, **fields: Any) -> int:
        """Sets a fault."""

    def clear_faults(self) -> int:
        """Takes all faults away."""


def figure(run: Timed) -> Figure:
    """What of a run is kept."""
    return {"seconds": run.seconds, "cpu": run.cpu}


def platform(runner: Runner, target: Target) -> dict[str, Figure]:
    """Dev's site.yml: check and converge from empty, converge and check with nothing to do, the same with latency."""
    target.reset()
    runs = {
        "check from empty": runner.fastest(SITE, "--check", "--diff"),
        "converge from empty": runner.once(SITE),
        "converge, nothing to do": runner.silent(SITE),
        "check, nothing to do": runner.silent(SITE, "--check"),
        "converge, nothing to do, 50 ms more a call": with_latency(target, lambda: runner.silent(SITE)),
    }
    return {name: figure(run) for name, run in runs.items()}


def with_latency(target: Target, measure: Callable[[], Any]) -> Any:
    """What `measure()` gives while every AWS call takes LATENCY_SECONDS more."""
    target.add_fault("latency", seconds=LATENCY_SECONDS)
    try:
        return measure()
    finally:
        target.clear_faults()


def per_object(runner: Runner, names: list[str] | None = None) -> dict[str, dict[str, Any]]:
    """For each kind, or those named, with nothing to change: figures by number of objects, lines, ours and stock."""
    chosen = [kind for kind in kinds.KINDS if names is None or kind.name in names]
    return {kind.name: _compared(runner, kind) for kind in chosen}


def _compared(runner: Runner, kind: kinds.Kind) -> dict[str, Any]:
    sides = {side: _side(runner, kind, side) for side in ("ours", "stock")}
    ours, stock = sides["ours"], sides["stock"]
    most = max(COUNTS)
    return {
        **sides,
        "times_faster_per_object": fit.ratio(stock["line"]["slope"], ours["line"]["slope"]),
        "times_less_cpu_per_object": fit.ratio(stock["cpu_line"]["slope"], ours["cpu_line"]["slope"]),
        "times_faster_at_most": fit.ratio(stock["runs"][most]["seconds"], ours["runs"][most]["seconds"]),
    }


def _side(runner: Runner, kind: kinds.Kind, side: str) -> dict[str, Any]:
    runner.say(f"{kind.name}, {side}")
    runs = {}
    for count in COUNTS:
        names = kinds.names(kind, side, count)
        play = kinds.play(kind.ours(names, f"bench{count}") if side == "ours" else kind.stock(names))
        runner.once(play)
        runs[count] = figure(runner.silent(play))
    return {
        "runs": runs,
        "line": asdict(fit.line({count: run["seconds"] for count, run in runs.items()})),
        "cpu_line": asdict(fit.line({count: run["cpu"] for count, run in runs.items()})),
    }


def scaled(runner: Runner, target: Target) -> dict[str, dict[str, Any]]:
    """1, 4 and 16 times the roles and buckets with nothing to change, at once and with latency: figures and growth."""
    plays = {times: _scaled_play(times) for times in COUNTS}
    for play in plays.values():
        runner.once(play)

    def measured() -> dict[str, Any]:
        runs = {times: figure(runner.silent(play)) for times, play in plays.items()}
        growth = {f"{a} to {b}": runs[b]["seconds"] / runs[a]["seconds"] for a, b in pairwise(COUNTS)}
        return {"runs": runs, "growth": growth}

    return {"at once": measured(), "50 ms more a call": with_latency(target, measured)}


def _scaled_play(times: int) -> list[dict[str, Any]]:
    roles = [f"bench-role-{times}-{number}" for number in range(times * ROLES)]
    buckets = [f"bench-bucket-{times}-{number}" for number in range(times * BUCKETS)]
    scope = f"scaled{times}"
    return kinds.play([*kinds.roles(roles, scope), *kinds.buckets(buckets, scope)])
