"""Where the servers of a sandbox keep their data, and what is left of it after a crash."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from piksel_sandbox.state import State


def folder_prefix(state: State) -> str:
    """How the folders with the data of a sandbox's servers are called. The state folder itself is the owner's alone."""
    return f"piksel-sandbox-postgresql-{hashlib.sha256(str(state.folder).encode()).hexdigest()[:12]}-"


def remove_leftovers(state: State) -> None:
    """Removes the data that a sandbox which crashed left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{folder_prefix(state)}*"):
        shutil.rmtree(folder, ignore_errors=True)
