"""A running sandbox seen from outside: what the command line and the tests use."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from piksel_sandbox import environment, manual_secrets, processes, recordings
from piksel_sandbox.kubernetes import build, charts
from piksel_sandbox.postgresql import folders
from piksel_sandbox.state import INTERNAL_PREFIX, State

# Two seconds on an idle machine; a loaded one is no reason to give up.
UP_SECONDS = 120.0


class SandboxError(Exception):
    """Something that the user must know: what failed and what to do."""


def _silent(message: str) -> None:
    """Swallows progress."""


class Sandbox:
    """One sandbox, by its state folder.

    `kubernetes=False` starts it without control planes: clusters are ACTIVE at once, their endpoints do not answer.
    `repository` is a folder that is served as the Git repository of Flux, in place of the example.
    `karpenter=True` runs the real Karpenter where it is installed: pending pods get instances then, and nodes.
    `bound` ends it with the process that starts it, however that ends. `say` takes what is worth a line, `progress`
    the steps of a build.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        kubernetes: bool = True,
        bound: bool = False,
        repository: str | None = None,
        karpenter: bool = False,
        say: Callable[[str], None] = _silent,
        progress: Callable[[str], None] = _silent,
    ) -> None:
        self.state = State(folder)
        self.kubernetes = kubernetes
        self.bound = bound
        self.repository = repository
        self.karpenter = karpenter
        self.progress = progress
        self.say = say

    @property
    def url(self) -> str:
        """The AWS endpoint; raises SandboxError when the sandbox is not up."""
        daemon = self.state.daemon()
        if daemon is None:
            raise SandboxError(f"the sandbox of {self.state.folder} is not up: start it with `piksel-sandbox up`")
        return daemon["url"]

    def request(self, method: str, path: str, body: Any = None, timeout: float = 60.0, **query: str) -> Any:
        """Calls one of the sandbox's own paths and returns its JSON; raises SandboxError with the reason."""
        host, port = self.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
        try:
            target = INTERNAL_PREFIX + path + (f"?{urlencode(query)}" if query else "")
            connection.request(method, target, json.dumps(body) if body is not None else None)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise SandboxError(f"the sandbox does not answer on {self.url}: {error}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise SandboxError(answer.get("error", f"{method} {path}: {response.status}"))
        return answer

    def up(self) -> dict[str, Any]:
        """Starts the sandbox, unless it is up; returns its status. Raises SandboxError with the end of the log."""
        with self.state.command_lock():
            if self.state.daemon() is not None:
                return self.status()
            for name in processes.kill_leftovers(self.state):
                self.say(f"ended {name}, left over from a crash")
            folders.remove_leftovers(self.state)
            if self.kubernetes:
                self.build()
            self.state.daemon_file.unlink(missing_ok=True)
            recordings.forget(self.state)
            manual_secrets.remembered(self.state)
            self.say(f"starting in {self.state.folder}")
            process = self._start_daemon()
            self._wait_ready(process)
        return self.status()

    def build(self) -> None:
        """Builds the Kubernetes binaries that are missing; raises SandboxError with what is missing."""
        try:
            build.ensure(self.progress)
            charts.ensure(self.progress)
        except build.BuildError as error:
            raise SandboxError(str(error)) from error

    def _start_daemon(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "piksel_sandbox.daemon", "--state", str(self.state.folder)]
        if not self.kubernetes:
            command.append("--no-kubernetes")
        if self.karpenter:
            command.append("--karpenter")
        if self.repository:
            command += ["--repository", str(Path(self.repository).absolute())]
        if self.bound:
            command = processes.bound(command)
        log = self.state.logs / "sandbox.log"
        if log.exists():
            log.replace(log.with_suffix(".old"))
        with open(log, "ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
            )

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        limit = time.monotonic() + UP_SECONDS
        while not self.state.daemon_file.exists():
            if process.poll() is not None:
                raise SandboxError(f"the sandbox ended while it started:\n{self._log_end()}")
            if time.monotonic() > limit:
                process.kill()
                process.wait()
                raise SandboxError(f"the sandbox was not ready after {UP_SECONDS:.0f} s:\n{self._log_end()}")
            time.sleep(0.02)

    def _log_end(self) -> str:
        text = (self.state.logs / "sandbox.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-15:])

    def down(self) -> bool:
        """Stops everything; False when nothing ran. After a crash it ends what was left over."""
        self.state.make()
        with self.state.command_lock():
            daemon = self.state.daemon()
            if self.state.is_locked():
                self._stop_daemon(daemon)
            leftovers = processes.kill_leftovers(self.state)
            for name in leftovers:
                self.say(f"ended {name}, left over from a crash")
            folders.remove_leftovers(self.state)
            self.state.daemon_file.unlink(missing_ok=True)
            return daemon is not None or bool(leftovers)

    def _stop_daemon(self, daemon: dict[str, Any] | None) -> None:
        limit = time.monotonic() + 15
        if daemon is not None:
            try:
                self.request("POST", "shutdown", timeout=5)
            except SandboxError as error:
                self.say(f"{error}; killing it")
                os.kill(daemon["pid"], signal.SIGKILL)
        start = processes.start_ticks(daemon["pid"]) if daemon else None
        while self.state.is_locked() or (start and processes.start_ticks(daemon["pid"]) == start):
            if time.monotonic() > limit:
                if daemon is None:
                    raise SandboxError("a starting sandbox holds the state folder; try again")
                os.kill(daemon["pid"], signal.SIGKILL)
                limit += 5
            time.sleep(0.02)

    def reset(self) -> dict[str, float]:
        """Empties all accounts and builds the fixture again; returns the {seconds} that it took."""
        return self.request("POST", "reset")

    def status(self) -> dict[str, Any]:
        """{pid, port, url, ...} of the running sandbox."""
        return self.request("GET", "status")

    def profiles(self) -> list[str]:
        """Names of the profiles in the sandbox's files."""
        return [session["profile"] for session in self.state.remembered().get("sessions", [])]

    def env(self) -> dict[str, str]:
        """The variables to lay over the process's own, as `env` prints them."""
        return {
            **environment.variables(self.state, self.url),
            **environment.git_variables(self.url),
            **manual_secrets.remembered(self.state),
        }

    def stray(self) -> list[str]:
        """Names of the process's own variables that would lead clients past the sandbox; `env` unsets them."""
        return environment.stray(self.profiles())

    def environment(self) -> dict[str, str]:
        """The process's environment as `eval "$(piksel-sandbox env)"` would leave it, for child processes."""
        stray = self.stray()
        return {name: value for name, value in os.environ.items() if name not in stray} | self.env()

    def calls(self, *, writes: bool = False, everybody: bool = False) -> list[recordings.Row]:
        """The recorded calls since `clear_calls`, in order of time: the run's, or everybody's; also when down."""
        return recordings.read(self.state, writes=writes, everybody=everybody)

    def clear_calls(self) -> None:
        """Forgets the recorded calls."""
        recordings.clear(self.state)

    def interrupt(self, instance_id: str) -> dict[str, Any]:
        """Warns of a spot instance's end, as EC2 does; {"account", "rules"}. Raises SandboxError where none runs."""
        return self.request("POST", f"interruptions/{instance_id}")

    def add_fault(self, action: str, **fields: Any) -> int:
        """Sets a fault (fields of `faults.Rule`) and returns its id; raises SandboxError for what makes no sense."""
        return self.request("POST", "faults", {"action": action, **fields})["id"]

    def faults(self) -> list[dict[str, Any]]:
        """The faults that are set, with how many calls each `matched` and on how many it `acted`."""
        return self.request("GET", "faults")

    def clear_faults(self, number: int | None = None) -> int:
        """Takes away one fault or all; returns how many."""
        return self.request("DELETE", f"faults/{number}" if number else "faults")["cleared"]
