"""Runs playbooks and takes their time."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHANGED = re.compile(r"^\S+\s+: ok=\d+\s+changed=(\d+)", re.MULTILINE)


class BenchError(Exception):
    """A run that was to be measured is none: the message says what it did instead."""


@dataclass(frozen=True)
class Timed:
    """One `ansible-playbook`: seconds by the clock, CPU seconds of it and its workers, the sum of `changed`, output.

    A machine that others work on too lengthens the first and hardly the second.
    """

    seconds: float
    cpu: float
    changed: int
    output: str


class Runner:
    """Starts playbooks on a sandbox as an operator does; `repeats` runs are taken for each figure, the fastest counts.

    The fastest of several is the run that was disturbed least.
    """

    def __init__(self, env: Mapping[str, str], repeats: int = 3, inventory: str = "dev") -> None:
        self.env = {**os.environ, **env, "ANSIBLE_NOCOLOR": "1"}
        self.repeats = repeats
        self.inventory = inventory

    def say(self, text: str) -> None:
        """A line for whoever waits."""
        print(f"bench: {text}", flush=True)

    def once(self, playbook: str | list[dict[str, Any]], *extra: str, **env: str) -> Timed:
        """One run of a playbook of the project, or of plays. Raises BenchError when it fails."""
        if isinstance(playbook, str):
            return self._run(playbook, *extra, **env)
        with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
            json.dump(playbook, file)
            file.flush()
            return self._run(file.name, *extra, **env)

    def _run(self, path: str, *extra: str, **env: str) -> Timed:
        command = [str(Path(sys.executable).parent / "ansible-playbook"), path, "-i", f"inventories/{self.inventory}"]
        began, used = time.monotonic(), cpu_of_children()
        done = subprocess.run(
            [*command, *extra],
            cwd=ROOT,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds, cpu = time.monotonic() - began, cpu_of_children() - used
        if done.returncode:
            raise BenchError(
                f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"
            )
        return Timed(seconds, cpu, sum(map(int, CHANGED.findall(done.stdout))), done.stdout)

    def silent(self, playbook: str | list[dict[str, Any]], *extra: str) -> Timed:
        """A run that has nothing to change. Raises BenchError when it changes something."""
        return self.fastest(playbook, *extra, changes=False)

    def fastest(self, playbook: str | list[dict[str, Any]], *extra: str, changes: bool = True) -> Timed:
        """The fastest of several equal runs."""
        runs = [self.once(playbook, *extra) for _ in range(self.repeats)]
        if not changes and any(run.changed for run in runs):
            raise BenchError(f"a run that has nothing to do changed something:\n{runs[-1].output[-3000:]}")
        return min(runs, key=lambda run: run.seconds)


def cpu_of_children() -> float:
    """CPU seconds, of user and system, that ended children of this process have used, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
