"""What the static tests look at: the files that git would keep, tracked or new."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "collections/ansible_collections/piksel/platform"
BIN = Path(sys.executable).parent


@cache
def kept() -> tuple[Path, ...]:
    """Every regular file that is tracked or not ignored, sorted; a link is left out, its target is listed anyway."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    paths = (ROOT / name for name in sorted(set(names)) if name)
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())


def text_of(path: Path) -> str | None:
    """A file's text, None when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def relative(path: Path) -> str:
    """The path from the root, for messages."""
    return str(path.relative_to(ROOT))


def ended(command: list[str | Path], cwd: Path = ROOT, **options: object) -> tuple[int, str]:
    """Run a tool of the lane; returns its exit code and all that it printed."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    return result.returncode, result.stdout
