"""Whether a value that must stay secret occurs anywhere that a run leaves a trace: reusable for every run of the whole.

A `Watch` looks at processes and at temporary files while runs go on; `Watch.findings` then looks for values in what it
saw, in every file of the folder that the runs had to themselves, and in whatever text a test hands over.
"""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

INTERVAL = 0.02
# A temporary file that is larger holds code.
LARGEST = 4_000_000


def spellings(value: str) -> set[bytes]:
    """A value as it is, and as base64 writes it, alone or anywhere in a longer text."""
    plain = value.encode()
    found = {plain, base64.b64encode(plain)}
    for shift in range(3):
        # Characters at either end depend on what stands beside the value.
        coded = base64.b64encode(b"\0" * shift + plain).rstrip(b"=")
        found.add(coded[(shift * 8 + 5) // 6 : len(coded) - 1])
    return found


def occurrences(values: Iterable[str], texts: dict[str, bytes]) -> list[str]:
    """Names of the texts in which one of the values occurs; the values themselves are not told."""
    wanted = [spelling for value in values for spelling in spellings(value)]
    return sorted(name for name, text in texts.items() if any(spelling in text for spelling in wanted))


class Watch:
    """Command lines of all processes, and files in a folder, as they were while it looked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: dict[str, bytes] = {}
        self.looks = 0
        self._stop = threading.Event()

    @contextlib.contextmanager
    def looking(self) -> Iterator[Watch]:
        """Look until the block ends."""
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        yield self
        self._stop.set()
        thread.join()

    def findings(self, values: Iterable[str], texts: dict[str, bytes], folders: Iterable[Path] = ()) -> list[str]:
        """Names of places where a value occurs: what was seen, ``texts``, and every file below folder and folders."""
        left = {str(path): path.read_bytes() for one in (self.folder, *folders) for path in files(one)}
        return occurrences(values, {**self.seen, **left, **texts})

    def _look(self) -> None:
        while not self._stop.wait(INTERVAL):
            self.looks += 1
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                self._note("a process", path)
            for path in files(self.folder):
                self._note(str(path), path)

    def _note(self, name: str, path: Path) -> None:
        with contextlib.suppress(OSError):
            text = path.read_bytes()[:LARGEST]
            if text not in self.seen.get(name, b""):
                self.seen[name] = self.seen.get(name, b"") + text + b"\n"


def files(folder: Path) -> list[Path]:
    """Every file below a folder; those that go away meanwhile are passed over."""
    with contextlib.suppress(OSError):
        return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return []
