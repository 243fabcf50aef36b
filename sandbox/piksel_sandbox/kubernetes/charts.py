"""Helm charts for machines that reach no registry: taken from the Go modules that they are made in, kept in the cache.

A chart of Karpenter bears in its module the version of some release before; a release stamps it with its own, and so
does this. Others bear their own.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from piksel_sandbox.kubernetes import build, go_modules

EXTERNAL_DNS = "sigs.k8s.io/external-dns"
VERSION = re.compile(r"^version: *\"?([^\s\"]+)\"?$", re.MULTILINE)
STAMPED = re.compile(r"^(version|appVersion): .*$", re.MULTILINE)


@dataclass(frozen=True)
class Chart:
    """A chart in a Go module.

    Attributes:
        name: its name, also of its folder in the module's `charts`.
        source: the module.
        version: its own version; None for one that gets the module's.
    """

    name: str
    source: build.Source
    version: str | None = None

    @property
    def folder(self) -> Path:
        """Where it is, or will be: NAME-VERSION in the folder of all charts."""
        return folder() / f"{self.name}-{self.version or self.source.version.removeprefix('v')}"


CHARTS = (
    Chart("karpenter", build.KARPENTER),
    Chart("karpenter-crd", build.KARPENTER),
    Chart("external-dns", build.Source("external-dns-0.18", EXTERNAL_DNS, ()), "1.17.0"),
    Chart("external-dns", build.Source("external-dns-0.22", EXTERNAL_DNS, ()), "1.21.1"),
)


def folder() -> Path:
    """The folder of all charts, each in a folder NAME-VERSION."""
    return build.cache_folder() / "charts"


def missing() -> Iterator[Chart]:
    """The charts that are not there yet."""
    return (chart for chart in CHARTS if not chart.folder.is_dir())


def ensure(progress: build.Progress = print) -> Path:
    """The folder of all charts; what is missing comes from the Go module proxy. Raises BuildError."""
    modules: dict[str, Path] = {}
    for chart in missing():
        module = modules.get(chart.source.name)
        if module is None:
            progress(f"fetching charts from {chart.source.module} {chart.source.version}")
            go = build.find_go(progress)
            module = modules[chart.source.name] = go_modules.download(go, chart.source.folder, chart.source.module)
        temporary = chart.folder.with_name(f".{chart.folder.name}.{os.getpid()}")
        _copy(module / "charts" / chart.name, temporary)
        _stamp(chart, temporary / "Chart.yaml")
        try:
            temporary.rename(chart.folder)
        except OSError:
            # Another checkout was faster.
            shutil.rmtree(temporary)
    return folder()


def _copy(source: Path, target: Path) -> None:
    """A chart out of the module, whose files nobody may write."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())


def _stamp(chart: Chart, metadata: Path) -> None:
    """Give a chart the version of its module, or see that it is the one that is meant. Raises BuildError."""
    text = metadata.read_text("utf-8")
    if chart.version is None:
        metadata.write_text(STAMPED.sub(rf"\1: {chart.source.version.removeprefix('v')}", text), "utf-8")
        return
    found = VERSION.search(text)
    if not found or found[1] != chart.version:
        raise build.BuildError(
            f"chart {chart.name} of {chart.source.module} {chart.source.version} is {found and found[1]}, "
            f"and {chart.version} is meant: change CHARTS or sandbox/go/{chart.source.name}/go.mod"
        )
