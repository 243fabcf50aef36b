"""The set-up says clearly what it cannot do, and does nothing twice."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import setup

ROOT = Path(__file__).resolve().parents[2]


def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.sys, "platform", "darwin")
    with pytest.raises(setup.SetupError, match=r"Linux only.*darwin"):
        setup.require_linux_tools()


def test_what_only_root_can_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    with pytest.raises(setup.SetupError, match=r"only root can install: git"):
        setup.install_packages("git")


def test_root_on_debian_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(setup.os, "geteuid", lambda: 0)
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(setup, "run", lambda command, **_options: ran.append(command))
    setup.install_packages("python3.11-venv")
    assert ran[-1][-1] == "python3.11-venv"


def test_a_machine_without_python_for_the_second_lane_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "interpreters", lambda _minor: [])
    assert setup.set_up("py313") == setup.NO_PYTHON
    assert "no Python 3.13" in capsys.readouterr().out


def test_an_interpreter_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    """pyenv leaves a shim for each version, also for those that are not selected."""
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert setup.version_of(str(shim)) is None
    assert setup.version_of(sys.executable) == sys.version_info[:2]


def test_a_second_setup_does_nothing_and_is_quick() -> None:
    started = time.monotonic()
    done = subprocess.run([sys.executable, ROOT / "tools/setup.py"], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements-core-*.txt")), ids=lambda path: path.stem)
def test_the_locks_name_what_requirements_ask_for(lock: Path) -> None:
    pinned = {line.partition("==")[0].lower() for line in lock.read_text().splitlines() if "==" in line}
    assert all("==" in line for line in lock.read_text().splitlines() if not line.startswith("#"))
    wanted = (ROOT / "requirements.txt").read_text().splitlines()
    wanted += (ROOT / "requirements-dev.txt").read_text().splitlines()
    for line in wanted:
        name = line.partition(";")[0].partition("[")[0].partition("=")[0].partition(">")[0].strip().lower()
        if name and not name.startswith(("#", "-r")):
            assert name in pinned, f"{lock.name} does not pin {name}: run `make lock`"
