"""`piksel-sandbox logs`."""

from __future__ import annotations

import time
from pathlib import Path

from piksel_sandbox.state import State

LOOK_SECONDS = 0.3


def files(state: State, component: str | None) -> list[Path]:
    """The log files, or those whose name contains `component`."""
    return sorted(file for file in state.logs.glob("*.log") if not component or component in file.stem)


def tail(file: Path, lines: int) -> tuple[list[str], int]:
    """The last lines of a file and its length in bytes."""
    content = file.read_bytes()
    return content.decode(errors="replace").splitlines()[-lines:], len(content)


def show(state: State, component: str | None, *, follow: bool, lines: int) -> None:
    """Prints the ends of the logs, each line with the name of its log; `follow` goes on until interrupted."""
    offsets: dict[Path, int] = {}
    for file in files(state, component):
        last, offsets[file] = tail(file, lines)
        for line in last:
            print(f"{file.stem}: {line}")
    while follow:
        time.sleep(LOOK_SECONDS)
        for file in files(state, component):
            with file.open("rb") as stream:
                stream.seek(offsets.get(file, 0))
                added = stream.read()
            offsets[file] = offsets.get(file, 0) + len(added)
            for line in added.decode(errors="replace").splitlines():
                print(f"{file.stem}: {line}", flush=True)
