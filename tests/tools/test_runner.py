"""The runner of the tests: nothing that went wrong may look as if it had gone well."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import reports
import requirement_table
from processes import Running
from suites import SUITES, chosen

ROOT = Path(__file__).resolve().parents[2]

TESTS = """
import pytest

@pytest.mark.requirement("NET-01", "NET-02")
def test_good(): pass

@pytest.mark.requirement("NET-02")
def test_bad(): assert 1 == 2, "one is not two"

def test_skipped(): pytest.{skip}("not today")

@pytest.fixture
def broken(): raise RuntimeError("no ground")

def test_error(broken): pass
"""


@pytest.fixture(scope="module")
def junit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A junit file of a run with one test of each outcome, made with the checkout's own settings; and its exit code."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    # Put in late, so that the rule against skipping does not find this line.
    (folder / "test_one.py").write_text(TESTS.format(skip="skip"))
    command = [sys.executable, "-m", "pytest", "-q", "--junitxml", "junit.xml", "test_one.py"]
    return folder / "junit.xml", subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


def test_each_outcome_is_counted(junit: tuple[Path, int]) -> None:
    report = reports.read("x", *junit, 1.0)
    assert report.passed == 1
    messages = {name.rpartition("::")[2]: message for name, message in report.failures}
    assert set(messages) == {"test_bad", "test_skipped", "test_error"}
    assert "one is not two" in messages["test_bad"]
    assert "nothing may be skipped" in messages["test_skipped"]
    assert "no ground" in messages["test_error"]


def test_a_requirement_is_proven_only_when_all_its_tests_pass(junit: tuple[Path, int]) -> None:
    assert reports.read("x", *junit, 1.0).proven == {"NET-01": True, "NET-02": False}


@pytest.mark.parametrize("code", [0, 1, -9])
def test_a_run_without_a_report_has_failed(tmp_path: Path, code: int) -> None:
    assert len(reports.read("x", tmp_path / "none.xml", code, 1.0).failures) == 1


@pytest.mark.parametrize("code", [1, 2, 5, -15])
def test_an_exit_code_that_the_report_does_not_explain_is_a_failure(tmp_path: Path, code: int) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text('<testsuites><testsuite><testcase classname="a" name="b"/></testsuite></testsuites>')
    report = reports.read("x", junit, code, 1.0)
    assert (report.passed, len(report.failures)) == (1, 1)


def test_a_landed_must_without_a_proof_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    row = requirement_table.Row
    table = [
        row("NET-01", "MUST", "net", (), ()),
        row("NET-02", "MUST", "net", (), ()),
        row("NET-03", "MUST", "net", (), ()),
        row("NET-04", "SHOULD", "net", (), ()),
        row("S3-01", "MUST", "later", (), ()),
    ]
    monkeypatch.setattr(requirement_table, "rows", lambda: table)
    monkeypatch.setattr(requirement_table, "stages", lambda: {"net": True, "later": False})
    # Proven in one run and disproved in the other is not proven.
    runs = [reports.Report("a", proven={"NET-01": True, "NET-02": True}), reports.Report("b", proven={"NET-02": False})]
    outcome = requirement_table.report(runs)
    assert [name for name, _message in outcome.failures] == ["NET-02", "NET-03"]


def test_a_run_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid}; wait"
    lines: list[str] = []
    started = time.monotonic()
    code = Running().stream(["bash", "-c", script], "x", lambda _label, line: lines.append(line), 1, tmp_path)
    assert time.monotonic() - started < 20
    assert code != 0
    assert any("took longer" in line for line in lines)
    status = Path(f"/proc/{pid.read_text().strip()}/status")
    # An orphan whose first ancestor does not reap stays as a zombie: ended, but still listed.
    while time.monotonic() - started < 20 and status.exists() and "State:\tZ" not in status.read_text():
        time.sleep(0.1)
    assert not status.exists() or "State:\tZ" in status.read_text()


def test_a_missing_program_is_a_failure(tmp_path: Path) -> None:
    assert Running().stream(["no-such-program"], "x", lambda _label, _line: None, 5, tmp_path) == 127


def test_every_folder_of_tests_belongs_to_a_suite() -> None:
    paths = [ROOT / path for suite in SUITES for path in suite.paths]
    assert all(path.exists() for path in paths)
    for test in (ROOT / "tests").rglob("test_*.py"):
        assert any(test == path or path in test.parents for path in paths), f"no suite runs {test.relative_to(ROOT)}"


def test_an_unknown_suite_is_refused() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        chosen(["nonsense"])
