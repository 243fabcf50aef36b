"""Modules of Go: fetched with their files, and built with a few lines changed.

https://go.dev/ref/mod#go-mod-download,
https://go.dev/ref/mod#go-mod-file-replace
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


class BuildError(Exception):
    """Something is missing and cannot be built or fetched; the text says what to do."""


@dataclass(frozen=True)
class Edit:
    """A text of one file of a module, and what it is for us; it occurs at least once, and all of it is changed."""

    module: str
    file: str
    text: str
    ours: str


def download(go: Path, folder: Path, module: str) -> Path:
    """The folder of a module in Go's own cache, in the version of the go.mod in `folder`. Raises BuildError."""
    command = [str(go), "mod", "download", "-json", module]
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(
            f"{module} of {folder / 'go.mod'} could not be fetched:\n{(done.stdout + done.stderr).strip()[-500:]}\n"
            "Is the Go module proxy reachable (GOPROXY, HTTPS_PROXY)?"
        )
    return Path(json.loads(done.stdout)["Dir"])


def edited(go: Path, folder: Path, edits: tuple[Edit, ...], place: Path) -> list[str]:
    """Arguments of `go build` in `folder` that let it see edited copies of modules, made in `place`. Raises BuildError.

    Go lets no file of its module cache be replaced by itself, so the whole module is.
    """
    if not edits:
        return []
    modfile = place / "go.mod"
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(folder / name, place / name)
    for edit in edits:
        copy = place / edit.module
        if not copy.exists():
            # Files of the cache may not be written, and copies are.
            shutil.copytree(download(go, folder, edit.module), copy, copy_function=shutil.copyfile)
            run = [str(go), "mod", "edit", f"-replace={edit.module}={copy}", str(modfile)]
            subprocess.run(run, check=True, capture_output=True)
        path = copy / edit.file
        content = path.read_text("utf-8")
        if edit.text not in content:
            raise BuildError(f"{edit.module}/{edit.file} has no {edit.text!r} any more: look again at what to change")
        path.write_text(content.replace(edit.text, edit.ours), "utf-8")
    return [f"-modfile={modfile}"]
