"""Run the platform's playbooks as an operator does and read back what they said they did."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)"
    r"\s+unreachable=(?P<unreachable>\d+)\s+failed=(?P<failed>\d+)"
)


@dataclass
class Run:
    """One finished ``ansible-playbook``.

    Attributes:
        rc: exit code of the process (negative: ended by that signal).
        output: standard output and standard error, in the order they came.
        operations: what the plan callback wrote, one dict for each operation, held ones included.
        recap: host name to the counters of Ansible's last table.
        seconds: wall time of the process.
    """

    rc: int
    output: str
    operations: list[dict] = field(default_factory=list)
    recap: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def done(self) -> list[dict]:
        """Operations that were planned (check) or applied (run), without those held for want of consent."""
        return [operation for operation in self.operations if not operation.get("held")]

    @property
    def changed(self) -> int:
        """Sum of Ansible's ``changed`` counters over all hosts."""
        return sum(counters["changed"] for counters in self.recap.values())

    def names(self) -> set[tuple[str, str, str, str, tuple[str, ...]]]:
        """Each operation as (host, action, kind, key, paths): what a plan and its run have in common."""
        return {
            (
                item["host"],
                item["action"],
                item["kind"],
                item["key"],
                tuple(sorted(one["path"] for one in item["changes"])),
            )
            for item in self.done
        }

    def ok(self) -> Run:
        """Return the run itself, or fail with its output.

        Raises:
            AssertionError: the exit code is not 0.
        """
        # The list of what was applied may be long; what ended the run stands before it.
        told = re.findall(r"^(?:fatal|ERROR|\[ERROR\]).*(?:\n(?!TASK |PLAY ).*){0,12}", self.output, re.MULTILINE)
        assert self.rc == 0, "\n".join([f"rc {self.rc}", *told, self.output[-3000:]])
        return self


def command(playbook: str, inventories: Iterable[str], extra: Sequence[str]) -> list[str]:
    """The command line of one run, inventories given as names under ``inventories/`` or as paths."""
    line = [str(Path(sys.executable).parent / "ansible-playbook"), playbook]
    for inventory in inventories:
        path = Path(inventory)
        line += ["-i", str(path if path.is_absolute() else ROOT / "inventories" / inventory)]
    return [*line, *extra]


def at_version(wanted: str) -> tuple[str, str]:
    """Arguments that ask for a Kubernetes version, with an image of GPU nodes that fits it."""
    image = f"amazon-eks-node-al2023-x86_64-nvidia-{wanted}-v20260403"
    return "-e", json.dumps({"piksel_kubernetes_version": wanted, "piksel_gpu_ami_name": image})


def parse_recap(output: str) -> dict[str, dict[str, int]]:
    """Read Ansible's recap table out of a run's output."""
    found = {}
    for line in output.splitlines():
        if match := RECAP.match(line):
            host, *counters = match.groups()
            names = ("ok", "changed", "unreachable", "failed")
            found[host] = dict(zip(names, map(int, counters), strict=True))
    return found


def stage_of(operation: Mapping) -> str:
    """The playbook that an operation belongs to, by the scope that its key begins with."""
    scope = operation["key"].partition(".")[0]
    return f"playbooks/{scope.removeprefix('eks_') if scope.startswith('eks_addons') else scope}.yml"


class Play:
    """Starts playbooks in one environment, the sandbox's by default."""

    def __init__(self, env: Mapping[str, str], cwd: Path = ROOT) -> None:
        self.env = dict(env)
        self.cwd = cwd

    def start(
        self, playbook: str = "site.yml", inventories: Iterable[str] = ("dev",), *extra: str, **env: str
    ) -> Started:
        """Start a run and return at once; ``env`` adds to the environment."""
        plan = Path(tempfile.mkstemp(prefix="plan-", suffix=".jsonl")[1])
        full = {**self.env, "PIKSEL_PLAN_FILE": str(plan), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0", **env}
        log = Path(tempfile.mkstemp(prefix="run-", suffix=".log")[1])
        with log.open("w", encoding="utf-8") as written:
            process = subprocess.Popen(
                command(playbook, inventories, extra),
                cwd=self.cwd,
                env=full,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        return Started(process, log, plan, time.monotonic())

    def __call__(
        self, playbook: str = "site.yml", inventories: Iterable[str] = ("dev",), *extra: str, **env: str
    ) -> Run:
        """Run a playbook to its end, 600 s at the most."""
        return self.start(playbook, inventories, *extra, **env).finish()

    def check(self, inventories: Iterable[str] = ("dev",), playbook: str = "site.yml", *extra: str) -> Run:
        """Dry run with diff."""
        return self(playbook, inventories, "--check", "--diff", *extra)


class Started:
    """A run under way."""

    def __init__(self, process: subprocess.Popen, log: Path, plan: Path, began: float) -> None:
        self.process, self.log, self.plan, self.began = process, log, plan, began

    def kill(self) -> Run:
        """End ansible-playbook itself with SIGKILL, as the kernel's OOM killer would, and collect what is left.

        Raises:
            AssertionError: a process that it started outlives it by 5 s.
        """
        os.kill(self.process.pid, signal.SIGKILL)
        run = self.finish()
        until = time.monotonic() + 5
        while left := self.descendants():
            assert time.monotonic() < until, f"these go on without their run: {left}"
            time.sleep(0.05)
        return run

    def descendants(self) -> dict[int, str]:
        """Process ids to command lines of whom the run started, found by the environment that they inherit."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            # One that ends meanwhile has no files any more.
            with contextlib.suppress(OSError):
                if str(self.plan).encode() in (process / "environ").read_bytes():
                    found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def finish(self, timeout: float = 600.0) -> Run:
        """Wait for the end and collect output, operations and counters."""
        try:
            rc = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            rc = self.process.wait()
        output = self.log.read_text(encoding="utf-8", errors="replace")
        self.log.unlink()
        operations = [json.loads(line) for line in self.plan.read_text(encoding="utf-8").splitlines()]
        self.plan.unlink()
        return Run(rc, output, operations, parse_recap(output), time.monotonic() - self.began)


class Cluster:
    """kubectl in one environment, against a context of the kubeconfig that the platform wrote."""

    def __init__(self, env: Mapping[str, str], context: str) -> None:
        self.env = dict(env)
        self.context = context

    def run(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess:
        """Run kubectl, with `given` as its input; it has 60 s."""
        return subprocess.run(
            ["kubectl", "--context", self.context, *arguments],
            env=self.env,
            cwd=ROOT,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def get(self, *arguments: str) -> dict:
        """What ``kubectl get`` prints as JSON, parsed.

        Raises:
            AssertionError: kubectl failed; with its words.
        """
        answer = self.run("get", *arguments, "-o", "json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def apply(self, manifest: Mapping) -> None:
        """Apply one object.

        Raises:
            AssertionError: kubectl failed; with its words.
        """
        answer = self.run("apply", "-f", "-", given=json.dumps(manifest))
        assert answer.returncode == 0, answer.stderr
