"""Helm charts for machines that reach no registry: taken from the Go module that they are made in, kept in the cache.

In the module a chart bears the version of some release before it; a release stamps it with its own, and so does this.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from piksel_sandbox.kubernetes import build

KARPENTER = build.Source("karpenter", "github.com/aws/karpenter-provider-aws", ())
NAMES = ("karpenter", "karpenter-crd")
STAMPED = re.compile(r"^(version|appVersion): .*$", re.MULTILINE)


def folder() -> Path:
    """Where the charts are, or will be: a folder for each."""
    return build.cache_folder() / "charts" / f"karpenter-{KARPENTER.version}"


def ensure(progress: build.Progress = print) -> Path:
    """The folder of the charts, fetched from the Go module proxy when it is not there yet. Raises BuildError."""
    wanted = folder()
    if wanted.is_dir():
        return wanted
    progress(f"fetching the charts of Karpenter {KARPENTER.version}")
    module = _download(progress)
    temporary = wanted.with_name(f".{wanted.name}.{os.getpid()}")
    for name in NAMES:
        _copy(module / "charts" / name, temporary / name)
    try:
        temporary.rename(wanted)
    except OSError:
        # Another checkout was faster.
        shutil.rmtree(temporary)
    return wanted


def _download(progress: build.Progress) -> Path:
    """The folder of the module in Go's own cache."""
    go = build.find_go(progress)
    command = [str(go), "mod", "download", "-json", KARPENTER.module]
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    done = subprocess.run(command, cwd=KARPENTER.folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise build.BuildError(
            f"{KARPENTER.module} {KARPENTER.version} could not be fetched:\n"
            f"{(done.stdout + done.stderr).strip()[-500:]}\n"
            "Is the Go module proxy reachable (GOPROXY, HTTPS_PROXY)?"
        )
    return Path(json.loads(done.stdout)["Dir"])


def _copy(source: Path, target: Path) -> None:
    """A chart out of the module, whose files nobody may write, with the version of the module."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    metadata = target / "Chart.yaml"
    version = KARPENTER.version.removeprefix("v")
    metadata.write_text(STAMPED.sub(rf"\1: {version}", metadata.read_text("utf-8")), "utf-8")
