"""A run at a terminal of its own, with a person who answers its questions."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import termios
import time
from collections.abc import Mapping

from end_to_end.harness import ROOT

# A run that says nothing for so many seconds will not end.
SILENCE = 120
# What is typed before a question is ready for it is thrown away.
PAUSE = 0.5


class Terminal:
    """Starts a command at a pseudo-terminal."""

    def __init__(self, line: list[str], env: Mapping[str, str]) -> None:
        self.line, self.env = line, dict(env)

    def talk(self, answers: list[tuple[str, str]]) -> str:
        """Answer each question (part of its text) in its order; returns all output once the command has ended well."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(ROOT)
            os.execvpe(self.line[0], self.line, self.env)
        output, seen, waiting = "", 0, list(answers)
        with contextlib.suppress(OSError):
            # The end of the child ends reading with an error.
            while chunk := _read(terminal, child):
                output += chunk.decode(errors="replace")
                if waiting and waiting[0][0] in output[seen:]:
                    seen = len(output)
                    _wait_for_silent_typing(terminal)
                    os.write(terminal, waiting.pop(0)[1].encode() + b"\r")
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert (status, waiting) == (0, []), output[-4000:]
        return output


def _read(terminal: int, child: int) -> bytes:
    """The next output; a run that hangs is ended."""
    if not select.select([terminal], [], [], SILENCE)[0]:
        os.kill(child, signal.SIGKILL)
    return os.read(terminal, 65536)


def _wait_for_silent_typing(terminal: int) -> None:
    """Until what is typed is not shown any more."""
    until = time.monotonic() + SILENCE
    while termios.tcgetattr(terminal)[3] & termios.ECHO and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(PAUSE)
