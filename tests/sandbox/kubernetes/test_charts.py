"""Charts out of the Go module of Karpenter, stamped with its version; a stand-in for Go keeps this quick."""

from __future__ import annotations

from pathlib import Path

import pytest

from piksel_sandbox.kubernetes import build, charts

GO = """#!/bin/sh
if [ "$1" = env ]; then echo go1.99.0; exit 0; fi
[ -n "$FAKE_GO_MODULE" ] || { echo '{"Error": "proxy refused"}'; exit 1; }
echo called >> "$FAKE_GO_LOG"
printf '{"Dir": "%s"}' "$FAKE_GO_MODULE"
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module with the charts, an empty cache, and a fake go on PATH that tells where the module is."""
    for name in charts.NAMES:
        chart = tmp_path / "module" / "charts" / name
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"name: {name}\nversion: 0.1.0\nappVersion: 0.1.0\n")
        (chart / "templates" / "a.yaml").write_text("version: 0.1.0\n")
        (chart / "templates" / "a.yaml").chmod(0o444)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "go").write_text(GO)
    (tmp_path / "bin" / "go").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_GO_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("FAKE_GO_MODULE", str(tmp_path / "module"))
    return tmp_path / "module"


def test_the_charts_are_fetched_once_and_bear_the_version_of_the_module(module: Path, tmp_path: Path) -> None:
    for _ in range(2):
        folder = charts.ensure(lambda _line: None)
    assert (tmp_path / "log").read_text() == "called\n"
    version = charts.KARPENTER.version.removeprefix("v")
    for name in charts.NAMES:
        metadata = (folder / name / "Chart.yaml").read_text()
        assert metadata == f"name: {name}\nversion: {version}\nappVersion: {version}\n"
        assert (folder / name / "templates" / "a.yaml").read_text() == "version: 0.1.0\n"


def test_what_go_says_is_told(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO_MODULE", "")
    with pytest.raises(build.BuildError, match=r"could not be fetched:[\s\S]*proxy refused"):
        charts.ensure(lambda _line: None)
    assert not charts.folder().exists()


def test_the_module_is_the_one_whose_go_file_names_it() -> None:
    assert charts.KARPENTER.version.startswith("v1.")
