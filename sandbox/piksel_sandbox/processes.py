"""Child processes of the daemon: nothing that is started here outlives it.

prctl(2), PR_SET_PDEATHSIG: the signal is sent when the *thread* that forked ends, so one thread that lives as long as
the daemon forks every child.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from piksel_sandbox.state import State, read_json, write_json

BINDER = Path(__file__).with_name("bound_child.py")
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")


def start_ticks(pid: int) -> str | None:
    """Start time of a process in clock ticks (proc(5), field 22), None when there is none or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def bound(argv: Sequence[str], user: int | None = None) -> list[str]:
    """The command that runs `argv` bound to the life of the thread that starts it; `user` is the id to run it as."""
    return [sys.executable, "-I", "-S", str(BINDER), str(os.getpid()), "-" if user is None else str(user), *argv]


def spawn(
    state: State,
    name: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    user: int | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child with its output in `<state>/logs/<name>.log`; the kernel kills it when the daemon dies.

    `env` is the child's whole environment, default the daemon's; `user` the id that it runs as. Raises
    FileNotFoundError without such a program.
    """
    if shutil.which(argv[0]) is None:
        raise FileNotFoundError(f"no program {argv[0]}")

    def fork() -> subprocess.Popen[bytes]:
        with open(state.logs / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                bound(argv, user), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=cwd
            )

    child = _forker.submit(fork).result()
    write_json(state.pids / f"{child.pid}.json", {"pid": child.pid, "name": name, "start": start_ticks(child.pid)})
    return child


def stop(state: State, child: subprocess.Popen[bytes], grace: float = 0.0) -> None:
    """Ends a child: SIGTERM and `grace` seconds when grace is given, then SIGKILL; forgets its pid file."""
    if child.poll() is None and grace:
        child.terminate()
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            child.kill()
    elif child.poll() is None:
        child.kill()
    child.wait()
    (state.pids / f"{child.pid}.json").unlink(missing_ok=True)


def kill_leftovers(state: State) -> list[str]:
    """Kills what pid files still name after a crash and returns their names; a reused pid has another start."""
    killed = []
    for file in state.pids.glob("*.json"):
        entry = read_json(file)
        if entry and entry["start"] is not None and start_ticks(entry["pid"]) == entry["start"]:
            os.kill(entry["pid"], signal.SIGKILL)
            killed.append(entry["name"])
            wait_gone(entry["pid"], entry["start"], 5)
        file.unlink(missing_ok=True)
    return killed


def wait_gone(pid: int, start: str, seconds: float) -> bool:
    """Waits until the process is gone; False when it still lives after `seconds`."""
    limit = time.monotonic() + seconds
    while start_ticks(pid) == start:
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True
