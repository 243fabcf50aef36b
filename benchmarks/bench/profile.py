"""Where the seconds of a run with nothing to do go, from the times of its tasks and of its HTTP requests."""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.fit import union
from bench.measure import ROOT, Runner

INJECT = ROOT / "benchmarks" / "inject"
OURS = "piksel.platform."
KUBERNETES = "kubernetes"
Row = dict[str, Any]


def taken(runner: Runner, playbook: str = "site.yml") -> dict[str, Any]:
    """The profile of one run: {"seconds", "parts", "services", "tasks"}; seconds in each. The run must be silent."""
    with tempfile.TemporaryDirectory(prefix="piksel-profile-") as folder:
        tasks, requests = Path(folder) / "tasks", Path(folder) / "requests"
        tasks.touch()
        requests.touch()
        began = time.monotonic()
        run = runner.once(
            playbook,
            PYTHONPATH=str(INJECT),
            PIKSEL_BENCH_TASKS=str(tasks),
            PIKSEL_BENCH_REQUESTS=str(requests),
            ANSIBLE_CALLBACK_PLUGINS=str(INJECT),
            ANSIBLE_CALLBACKS_ENABLED="piksel.platform.plan,bench_timings",
        )
        return profile(began, began + run.seconds, read(tasks), read(requests))


def read(path: Path) -> list[Row]:
    """The rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def profile(began: float, ended: float, tasks: list[Row], requests: list[Row]) -> dict[str, Any]:
    """Split the time from `began` to `ended` among what it was spent on; the parts add up to the whole.

    A task is {"action", "name", "begin", "end"}, a request {"service", "begin", "end"}. What overlaps counts once.
    """
    ours = [task for task in tasks if task["action"].startswith(OURS)]
    others = [task for task in tasks if not task["action"].startswith(OURS)]
    first, last = min(task["begin"] for task in tasks), max(task["end"] for task in tasks)
    aws = union(spans(row for row in requests if row["service"] != KUBERNETES))
    kubernetes = union(spans(row for row in requests if row["service"] == KUBERNETES))
    in_ours, in_others = union(spans(ours)), union(spans(others))
    parts = {
        "Ansible starts: imports, inventory, playbooks": first - began,
        "our tasks: requests to AWS": aws,
        "our tasks: requests to Kubernetes": kubernetes,
        "our tasks: the rest": in_ours - aws - kubernetes,
        "Ansible's own tasks": in_others,
        "between tasks": last - first - in_ours - in_others,
        "Ansible ends": ended - last,
    }
    return {
        "seconds": ended - began,
        "parts": parts,
        "services": by_service(requests),
        "tasks": [{"name": task["name"], "seconds": task["end"] - task["begin"]} for task in tasks],
    }


def by_service(requests: list[Row]) -> dict[str, dict[str, float]]:
    """Service to its number of requests, and the seconds in which at least one of them was under way."""
    rows = defaultdict(list)
    for row in requests:
        rows[row["service"]].append(row)
    return {service: {"requests": len(mine), "seconds": union(spans(mine))} for service, mine in sorted(rows.items())}


def spans(rows: Iterable[Row]) -> list[tuple[float, float]]:
    """(begin, end) of each row."""
    return [(row["begin"], row["end"]) for row in rows]
