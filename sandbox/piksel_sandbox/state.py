"""The state folder: where one sandbox keeps its ports, credentials, logs and recordings."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

INTERNAL_PREFIX = "/_sandbox/"


def default_folder() -> Path:
    """`$PIKSEL_SANDBOX_STATE`, else `.sandbox` of the checkout around the working directory, else of the package."""
    if named := os.environ.get("PIKSEL_SANDBOX_STATE"):
        return Path(named).absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "sandbox" / "piksel_sandbox").is_dir():
            return folder / ".sandbox"
    return Path(__file__).resolve().parents[2] / ".sandbox"


def write_json(path: Path, value: Any) -> None:
    """Replaces a file at once, so that a reader never sees half of it; readable by the owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
    temporary.replace(path)


def read_json(path: Path) -> Any | None:
    """The content of a JSON file, None when there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _take(file: IO[bytes]) -> None:
    """Takes the lock; a probe of `is_locked` may hold it for a moment, another daemon holds it for longer."""
    limit = time.monotonic() + 1
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.01)
        else:
            return


class State:
    """Paths of one state folder and the locks on it; `folder` defaults to `default_folder()`."""

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder).absolute() if folder else default_folder()
        self.logs = self.folder / "logs"
        self.recorder = self.folder / "recorder"
        self.pids = self.folder / "pids"
        self.aws = self.folder / "aws"
        self.daemon_file = self.folder / "daemon.json"
        self.remembered_file = self.folder / "remembered.json"
        self.kubeconfig = self.folder / "kubeconfig"

    def make(self) -> None:
        """Makes the folders; only the owner may read them, since session tokens lie there."""
        for folder in (self.folder, self.logs, self.recorder, self.pids, self.aws):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def daemon(self) -> dict[str, Any] | None:
        """What the running daemon wrote when it became ready ({pid, port, url, started}), None when no daemon runs."""
        return read_json(self.daemon_file) if self.is_locked() else None

    def is_locked(self) -> bool:
        """True while a daemon lives: it holds this lock until its last breath, so no stale pid can deceive."""
        try:
            with open(self.folder / "daemon.lock", "rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    @contextmanager
    def daemon_lock(self) -> Iterator[None]:
        """Holds the daemon's lock; raises BlockingIOError when another daemon runs."""
        with open(self.folder / "daemon.lock", "wb") as file:
            _take(file)
            yield

    @contextmanager
    def command_lock(self) -> Iterator[None]:
        """Lets only one `up` or `down` of a state folder work at a time."""
        self.make()
        with open(self.folder / "command.lock", "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def remembered(self) -> dict[str, Any]:
        """What outlives the daemon: {port, credentials}."""
        return read_json(self.remembered_file) or {}

    def remember(self, **values: Any) -> None:
        """Adds values to what outlives the daemon."""
        write_json(self.remembered_file, {**self.remembered(), **values})
