"""Charts out of Go modules, with the versions that they are known by; a stand-in for Go keeps this quick."""

from __future__ import annotations

from pathlib import Path

import pytest

from piksel_sandbox.kubernetes import build, charts

GO = """#!/bin/sh
if [ "$1" = env ]; then echo go1.99.0; exit 0; fi
[ -n "$FAKE_GO_MODULE" ] || { echo '{"Error": "proxy refused"}'; exit 1; }
echo "${PWD##*/}" >> "$FAKE_GO_LOG"
printf '{"Dir": "%s"}' "$FAKE_GO_MODULE/${PWD##*/}"
"""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules with the charts, an empty cache, and a fake go on PATH that tells where a module is."""
    for chart in charts.CHARTS:
        folder = tmp_path / "modules" / chart.source.name / "charts" / chart.name
        (folder / "templates").mkdir(parents=True)
        version = chart.version or "0.1.0"
        (folder / "Chart.yaml").write_text(f"name: {chart.name}\nversion: {version}\nappVersion: 0.1.0\n")
        (folder / "templates" / "a.yaml").write_text("version: 0.1.0\n")
        (folder / "templates" / "a.yaml").chmod(0o444)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "go").write_text(GO)
    (tmp_path / "bin" / "go").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_GO_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("FAKE_GO_MODULE", str(tmp_path / "modules"))
    return tmp_path / "modules"


def quiet(_line: str) -> None:
    """Progress that nobody reads."""


def test_each_module_is_fetched_once(modules: Path, tmp_path: Path) -> None:
    for _ in range(2):
        folder = charts.ensure(quiet)
    assert (tmp_path / "log").read_text().split() == ["karpenter", "external-dns-0.18", "external-dns-0.22"]
    assert list(charts.missing()) == []
    for chart in charts.CHARTS:
        assert chart.folder.parent == folder
        assert (chart.folder / "templates" / "a.yaml").read_text() == "version: 0.1.0\n"


def test_charts_of_karpenter_bear_the_version_of_their_module_and_others_their_own(modules: Path) -> None:
    charts.ensure(quiet)
    karpenter = build.KARPENTER.version.removeprefix("v")
    for chart in charts.CHARTS:
        metadata = (chart.folder / "Chart.yaml").read_text()
        version, program = (chart.version, "0.1.0") if chart.version else (karpenter, karpenter)
        assert metadata == f"name: {chart.name}\nversion: {version}\nappVersion: {program}\n"
        assert chart.folder.name == f"{chart.name}-{version}"


def test_a_chart_of_another_version_than_is_meant_is_told(modules: Path) -> None:
    chart = charts.CHARTS[-1]
    metadata = modules / chart.source.name / "charts" / chart.name / "Chart.yaml"
    metadata.write_text("name: external-dns\nversion: 9.9.9\n")
    with pytest.raises(build.BuildError, match=r"external-dns .* is 9\.9\.9, and 1\.21\.1 is meant"):
        charts.ensure(quiet)
    assert chart in charts.missing()


def test_what_go_says_is_told(modules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO_MODULE", "")
    with pytest.raises(build.BuildError, match=r"could not be fetched:[\s\S]*proxy refused"):
        charts.ensure(quiet)
    assert list(charts.missing()) == list(charts.CHARTS)


def test_the_module_is_the_one_whose_go_file_names_it() -> None:
    assert build.KARPENTER.version.startswith("v1.")
