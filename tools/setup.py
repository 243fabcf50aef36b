#!/usr/bin/env python3
"""Make the virtual environments of a checkout: `setup.py [main|py313|ministack]`.

`main` is `.venv`, made by the machine's Python (3.11 or later). `py313` is `.venv-py313`, the second lane of the tests.
`ministack` is `.venv-ministack`: an emulator that enforces IAM, for one test; its pins do not go together with ours.
Everything is pinned by `requirements-core-<version>.txt` or `requirements-ministack.txt`. The collections come out of
the PyPI wheel of `ansible`, of which only the few that the platform uses are unpacked (the whole package takes 737 MB).

Exit codes: 0 the lane stands, 1 it could not be made (reason printed), 3 this machine has no Python for the lane.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COLLECTIONS = ("amazon/aws", "community/aws", "community/general", "kubernetes/core")
# The core version that a lane runs and the `ansible` package whose collections were released with it.
CORES = {"2.19": "12.3.0", "2.21": "14.5.0"}
MINISTACK = "ministack"
LANES = {"main": ".venv", "py313": ".venv-py313", MINISTACK: ".venv-ministack"}
NO_PYTHON = 3


class SetupError(Exception):
    """The lane cannot be made; the message says what to do."""


def run(command: list[str], **options: object) -> subprocess.CompletedProcess:
    """Run a command, output passed through; raises SetupError with the command when it fails."""
    result = subprocess.run(command, check=False, **options)
    if result.returncode:
        raise SetupError(f"`{' '.join(command)}` ended with code {result.returncode}, see its output above")
    return result


def succeeds(command: list[str]) -> bool:
    """Whether a command that may well fail ends with code 0; its output is not shown."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def version_of(python: str) -> tuple[int, int] | None:
    """(major, minor) of an interpreter, None when it does not run (a pyenv shim of a version not selected, for one)."""
    probe = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", probe], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return tuple(int(part) for part in answer.stdout.split()) if answer.returncode == 0 else None


def interpreters(minor: int) -> list[str]:
    """Places where Python 3.<minor> may be: PATH, then pyenv's and uv's own folders."""
    found = [shutil.which(f"python3.{minor}")]
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    uv = os.path.join(os.environ.get("XDG_DATA_HOME", os.path.expanduser("~/.local/share")), "uv", "python")
    found += glob.glob(os.path.join(pyenv, "versions", f"3.{minor}.*", "bin", "python3"))
    found += glob.glob(os.path.join(uv, f"cpython-3.{minor}.*", "bin", "python3"))
    return [path for path in found if path]


def find_python(lane: str) -> str | None:
    """The interpreter for a lane, None when the machine has none."""
    if lane != "py313" and sys.version_info >= (3, 11):
        return getattr(sys, "_base_executable", sys.executable)
    minors = (13,) if lane == "py313" else (11, 12, 13, 14)
    for minor in minors:
        for path in interpreters(minor):
            if version_of(path) == (3, minor):
                return path
    return None


def require_linux_tools() -> None:
    """Refuse other systems; install git where Debian's root may, else name it."""
    if not sys.platform.startswith("linux"):
        raise SetupError(f"the platform's tools run on Linux only, this is {sys.platform}")
    if not shutil.which("git"):
        install_packages("git")


def install_packages(*packages: str) -> None:
    """apt-get install as root on Debian; anywhere else say what to install. Raises SetupError."""
    if os.geteuid() or not shutil.which("apt-get"):
        raise SetupError(f"missing on this machine, and only root can install: {' '.join(packages)}")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run(["apt-get", "update", "-q"], env=environment)
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], env=environment)


def make_venv(python: str, folder: str) -> str:
    """Create the virtual environment unless one of that Python works already; returns its interpreter."""
    inside = os.path.join(folder, "bin", "python")
    if version_of(inside) == version_of(python) and succeeds([inside, "-m", "pip", "--version"]):
        return inside
    shutil.rmtree(folder, ignore_errors=True)
    if not succeeds([python, "-c", "import ensurepip, venv"]):
        major, minor = version_of(python)
        install_packages(f"python{major}.{minor}-venv")
    run([python, "-m", "venv", folder])
    return inside


def site_packages(python: str) -> str:
    """Folder of the environment's pure-Python packages."""
    probe = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return run([python, "-c", probe], capture_output=True, text=True).stdout.strip()


def unpack_collections(python: str, release: str) -> None:
    """Put COLLECTIONS of the `ansible` wheel of that release into the environment, replacing older ones."""
    target = os.path.join(site_packages(python), "ansible_collections")
    prefixes = tuple(f"ansible_collections/{name}/" for name in COLLECTIONS)
    with tempfile.TemporaryDirectory(prefix="piksel-setup-") as scratch:
        run([python, "-m", "pip", "download", "-q", "--no-deps", "-d", scratch, f"ansible=={release}"])
        (wheel,) = glob.glob(os.path.join(scratch, "*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(scratch, [name for name in archive.namelist() if name.startswith(prefixes)])
        for name in COLLECTIONS:
            shutil.rmtree(os.path.join(target, name), ignore_errors=True)
            shutil.copytree(os.path.join(scratch, "ansible_collections", name), os.path.join(target, name))


def digest(python_version: tuple[int, int], *paths: str) -> str:
    """Fingerprint of what a lane is made from."""
    total = hashlib.sha256(repr(python_version).encode())
    for path in paths:
        with open(os.path.join(ROOT, path), "rb") as handle:
            total.update(handle.read())
    return total.hexdigest()


def set_up(lane: str) -> int:
    """Make the lane's environment unless its stamp says that it stands. Returns an exit code."""
    require_linux_tools()
    python = find_python(lane)
    if python is None:
        wanted = "3.13" if lane == "py313" else "3.11 or later"
        print(f"setup: this machine has no Python {wanted} (looked on PATH, in pyenv's and uv's folders)")
        return NO_PYTHON
    version = version_of(python)
    core = None if lane == MINISTACK else "2.19" if version < (3, 12) else "2.21"
    lock = f"requirements-core-{core}.txt" if core else f"requirements-{lane}.txt"
    folder = os.path.join(ROOT, LANES[lane])
    stamp = os.path.join(folder, ".piksel-stamp")
    wanted = digest(version, lock, "tools/setup.py", "sandbox/pyproject.toml")
    if os.path.exists(stamp):
        with open(stamp) as handle:
            if handle.read() == wanted:
                return 0
    print(f"setup: {LANES[lane]} with Python {version[0]}.{version[1]} and {lock}", flush=True)
    inside = make_venv(python, folder)
    pip = [inside, "-m", "pip", "install", "-q", "--no-deps"]
    # The lock names every package, so pip resolves nothing; `pip check` then proves that it named them all.
    run([*pip, "-r", os.path.join(ROOT, lock), *(["-e", os.path.join(ROOT, "sandbox")] if core else [])])
    if core:
        unpack_collections(inside, CORES[core])
    run([inside, "-m", "pip", "check"])
    with open(stamp, "w") as handle:
        handle.write(wanted)
    return 0


def main() -> int:
    """Entry point: one set-up of a checkout at a time, so that two `make` calls do not meet."""
    lane = sys.argv[1] if len(sys.argv) > 1 else "main"
    if lane not in LANES:
        print(f"setup: unknown lane {lane}, one of {', '.join(LANES)}")
        return 1
    with open(os.path.join(ROOT, "tools", "setup.py")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return set_up(lane)
        except SetupError as error:
            print(f"setup: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
