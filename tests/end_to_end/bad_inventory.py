"""Copies of an inventory with something wrong in them."""

from __future__ import annotations

import shutil
from pathlib import Path

from end_to_end.harness import ROOT


class BadInventory:
    """A copy of one environment's inventory in a temporary folder, linked to the shared group_vars, to be spoilt.

    Args:
        folder: an empty folder to copy into.
        environment: name under ``inventories/``.
    """

    def __init__(self, folder: Path, environment: str = "dev") -> None:
        self.environment = environment
        self.path = folder / "inventories" / environment
        shutil.copytree(ROOT / "inventories" / environment, self.path, symlinks=True)
        link = self.path / "group_vars" / "all"
        link.unlink()
        link.symlink_to(ROOT / "group_vars" / "all")
        self.own = self.path / "group_vars" / environment

    def replace(self, file: str, old: str, new: str) -> int:
        """Replace a text in one of the environment's files; returns the number of the line it stands on.

        Raises:
            AssertionError: the text does not stand there.
        """
        path = self.own / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {path}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    def append(self, file: str, line: str) -> int:
        """Add a line at the end of one of the files; returns its number."""
        path = self.own / file
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}{line}\n", encoding="utf-8")
        return text.count("\n") + 1
