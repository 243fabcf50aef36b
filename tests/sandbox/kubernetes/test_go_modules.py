"""A module of Go with a line changed: a copy that a build takes in its place; a stand-in for Go keeps this quick."""

from __future__ import annotations

from pathlib import Path

import pytest

from piksel_sandbox.kubernetes import build, go_modules

GO = """#!/bin/sh
case "$1 $2" in
"mod download") printf '{"Dir": "%s"}' "$FAKE_GO_MODULE";;
"mod edit") echo "$3" >> "$4";;
esac
"""
EDIT = go_modules.Edit("example.org/program", "cmd/main.go", 'Listen(":%d"', 'Listen("127.0.0.1:%d"')


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fake go, and a module in a cache that nobody may write."""
    module = tmp_path / "module" / "cmd"
    module.mkdir(parents=True)
    (module / "main.go").write_text('Listen(":%d", metrics)\nListen(":%d", probes)\n')
    (module / "main.go").chmod(0o444)
    monkeypatch.setenv("FAKE_GO_MODULE", str(module.parent))
    for name in ("go.mod", "go.sum"):
        (tmp_path / name).write_text(f"{name}\n")
    (tmp_path / "go").write_text(GO)
    (tmp_path / "go").chmod(0o755)
    return tmp_path / "go"


def test_a_build_sees_the_edited_copy(go: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    arguments = go_modules.edited(go, tmp_path, (EDIT,), place)
    assert arguments == [f"-modfile={place / 'go.mod'}"]
    assert (place / "go.mod").read_text() == f"go.mod\n-replace={EDIT.module}={place / EDIT.module}\n"
    assert (place / "go.sum").read_text() == "go.sum\n"
    copy = (place / EDIT.module / EDIT.file).read_text()
    assert copy == 'Listen("127.0.0.1:%d", metrics)\nListen("127.0.0.1:%d", probes)\n'
    assert "127" not in (tmp_path / "module" / EDIT.file).read_text()


def test_without_edits_a_build_is_as_it_was(go: Path, tmp_path: Path) -> None:
    assert go_modules.edited(go, tmp_path, (), tmp_path) == []


def test_a_text_that_is_gone_is_told(go: Path, tmp_path: Path) -> None:
    other = go_modules.Edit(EDIT.module, EDIT.file, "ListenAndServe", "")
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(build.BuildError, match=r"example\.org/program/cmd/main\.go has no 'ListenAndServe' any more"):
        go_modules.edited(go, tmp_path, (other,), place)


def test_another_edit_is_another_binary() -> None:
    plain = build.Source(build.KARPENTER.name, build.KARPENTER.module, build.KARPENTER.packages)
    assert plain.key != build.KARPENTER.key
