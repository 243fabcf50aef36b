"""Reading what was recorded: AWS rows and, from the audit logs of the API servers, Kubernetes rows, sorted by time.

`clear()` remembers how long each file was instead of emptying it: a running API server keeps its audit log open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from piksel_sandbox.accounts import is_run_principal
from piksel_sandbox.audit import row_of_event
from piksel_sandbox.state import State, read_json, write_json

Row = dict[str, Any]

AWS_FILE = "aws.jsonl"
AUDIT_FILES = "kubernetes-*.jsonl"
CLEARED_FILE = "cleared.json"


def _lines(file: Path, offset: int) -> Iterator[dict[str, Any]]:
    with file.open("rb") as stream:
        if offset:
            # A file grows by pages: a line that was only half there when the record was cleared is forgotten whole.
            stream.seek(offset - 1)
            if not stream.readline().endswith(b"\n"):
                return
        for line in stream:
            # A line without its end is still being written.
            if line.endswith(b"\n"):
                yield json.loads(line)


def _files(state: State) -> list[Path]:
    return [*state.recorder.glob(AWS_FILE), *state.recorder.glob(AUDIT_FILES)]


def read(state: State, *, writes: bool = False, everybody: bool = False) -> list[Row]:
    """The rows since the last clear, in order of time.

    Only those of the run's principals unless `everybody` (controllers, network owner, the sandbox's own); only writes
    when `writes`.
    """
    cleared = read_json(state.recorder / CLEARED_FILE) or {}
    rows = []
    for file in _files(state):
        for entry in _lines(file, cleared.get(file.name, 0)):
            # kubernetes-<account>-<cluster>-<uid>.jsonl
            row = entry if file.name == AWS_FILE else row_of_event(entry, file.name.split("-")[1])
            if row and (everybody or is_run_principal(row["caller"])) and (row["write"] or not writes):
                rows.append(row)
    return sorted(rows, key=lambda row: row["time"])


def clear(state: State) -> None:
    """Forgets what was recorded until now."""
    write_json(state.recorder / CLEARED_FILE, {file.name: file.stat().st_size for file in _files(state)})


def forget(state: State) -> None:
    """Removes the files of a sandbox that is down: a new start begins with empty accounts and an empty record."""
    for file in [*_files(state), state.recorder / CLEARED_FILE]:
        file.unlink(missing_ok=True)
