"""Child processes of the runner: output streamed line by line, a time limit, and none left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

GRACE = 30


class Running:
    """The process groups that are alive now. Each child leads its own group, so that ending it ends what it started."""

    def __init__(self) -> None:
        self._alive: set[subprocess.Popen] = set()
        self._closed = False
        self._lock = threading.Lock()

    def stream(
        self,
        command: Sequence[str | Path],
        label: str,
        say: Callable[[str, str], None],
        limit: int,
        cwd: Path,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Run a command without standard input, hand each line to `say(label, line)`; ended after `limit` seconds.

        Returns the exit code; minus the signal's number when it was ended, 127 when the program is missing. After
        `end_all` nothing is started any more.
        """
        if self._closed:
            return -signal.SIGTERM
        try:
            child = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except FileNotFoundError as error:
            say(label, f"cannot start: {error}")
            return 127
        with self._lock:
            self._alive.add(child)
        timer = threading.Timer(limit, self._end, (child, label, say, limit))
        timer.start()
        try:
            for line in child.stdout:
                say(label, line.rstrip())
            return child.wait()
        finally:
            timer.cancel()
            with self._lock:
                self._alive.discard(child)

    def _end(self, child: subprocess.Popen, label: str, say: Callable[[str, str], None], limit: int) -> None:
        say(label, f"ended: it took longer than its {limit} s")
        end_group(child)

    def end_all(self) -> None:
        """End every child that is still alive, and start no other."""
        self._closed = True
        with self._lock:
            children = list(self._alive)
        for child in children:
            end_group(child)


def end_group(child: subprocess.Popen) -> None:
    """SIGTERM to the child's group, and after the child has ended, or GRACE seconds, SIGKILL to what is left of it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE)
