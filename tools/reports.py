"""junit reports of pytest runs: counts, failures with their messages, and the requirement IDs that passed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

MESSAGE_LINES = 40
NOTHING_COLLECTED = 5
PROBLEMS = ("failure", "error", "skipped")


@dataclass
class Report:
    """One run. failures: (test, message); proven: requirement ID to whether all its tests in this run passed."""

    label: str
    passed: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    proven: dict[str, bool] = field(default_factory=dict)


def broken(label: str, message: str) -> Report:
    """The report of something that did not run as it should."""
    return Report(label, failures=[(label, message)])


def read(label: str, junit: Path, code: int, seconds: float) -> Report:
    """Read a junit file; `code` is pytest's exit code. A skipped test counts as failed: nothing may be skipped."""
    if not junit.exists():
        report = broken(label, f"    ended with code {code} and wrote no report: its output is above")
        report.seconds = seconds
        return report
    report = Report(label, seconds=seconds)
    for case in ElementTree.parse(junit).iter("testcase"):
        problem = next((child for child in case if child.tag in PROBLEMS), None)
        for entry in case.iterfind("properties/property[@name='requirement']"):
            identifier = entry.get("value")
            report.proven[identifier] = report.proven.get(identifier, True) and problem is None
        if problem is None:
            report.passed += 1
        else:
            report.failures.append((f"{case.get('classname')}::{case.get('name')}", _message(problem)))
    if code == NOTHING_COLLECTED:
        report.failures.append((label, "    no test was collected"))
    elif code and not report.failures:
        report.failures.append((label, f"    pytest ended with code {code}, and its report does not say why"))
    return report


def _message(problem: ElementTree.Element) -> str:
    """The end of a failure's text, where pytest puts the reason."""
    text = (problem.text or problem.get("message") or "").strip().splitlines()
    lines = text[-MESSAGE_LINES:]
    if len(text) > len(lines):
        lines.insert(0, f"... {len(text) - len(lines)} lines more in the report")
    if problem.tag == "skipped":
        lines.insert(0, "skipped, and nothing may be skipped here")
    return "\n".join(f"    {line}" for line in lines)
