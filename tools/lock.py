"""Pin anew what requirements-dev.txt names: installs into a scratch environment per lane and writes its list."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    ".venv": ("requirements-core-2.19.txt", "the lane with ansible-core 2.19 (Python 3.11)"),
    ".venv-py313": ("requirements-core-2.21.txt", "the lane with ansible-core 2.21 (Python 3.12 and later)"),
}


def lock(lane: str) -> None:
    """Write the lock file of one lane. Raises CalledProcessError when pip finds no set of versions that fits."""
    name, what = LOCKS[lane]
    with tempfile.TemporaryDirectory(prefix="piksel-lock-") as folder:
        python = Path(folder) / "bin/python"
        subprocess.run([ROOT / lane / "bin/python", "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", ROOT / "requirements-dev.txt"], check=True)
        subprocess.run([python, "-m", "pip", "check"], check=True)
        freeze = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True)
    (ROOT / name).write_text(f"# Made by `make lock`: every package of {what}.\n{freeze.stdout}")
    print(f"wrote {name}")


if __name__ == "__main__":
    for one in sys.argv[1:] or LOCKS:
        lock(one)
