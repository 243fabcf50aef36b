"""docs/requirements.md and docs/stages.yml: what has to be proven by a passing test, and whether it is.

A row is `| ID | level | stage | where | test |`: `where` the files that do it, `test` the files that prove it, both as
backquoted paths from the root. A stage that is listed as landed must have every MUST of its rows proven.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

import reports
from suites import UNIT

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs/requirements.md"
STAGES = ROOT / "docs/stages.yml"
ROW = re.compile(r"^\| *([A-Z0-9]+-\d+) *\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$")


@dataclass(frozen=True)
class Row:
    """One requirement; `where` and `test` are paths from the root."""

    identifier: str
    level: str
    stage: str
    where: tuple[str, ...]
    test: tuple[str, ...]


def rows() -> list[Row]:
    """The rows of the table, in its order."""
    found = []
    for line in TABLE.read_text().splitlines():
        match = ROW.match(line)
        if match:
            identifier, level, stage, where, test = (part.strip() for part in match.groups())
            paths = (tuple(re.findall(r"`([^`]+)`", text)) for text in (where, test))
            found.append(Row(identifier, level, stage, *paths))
    return found


def stages() -> dict[str, bool]:
    """Stage to whether it has landed."""
    return {stage["name"]: stage["landed"] for stage in yaml.safe_load(STAGES.read_text())["stages"]}


def report(results: Iterable[reports.Report]) -> reports.Report:
    """A report that fails for each MUST of a landed stage that no test proved, or that one disproved."""
    proven: dict[str, bool] = {}
    for result in results:
        for identifier, good in result.proven.items():
            proven[identifier] = proven.get(identifier, True) and good
    landed = stages()
    outcome = reports.Report("requirements")
    musts = [row for row in rows() if row.level == "MUST" and landed.get(row.stage)]
    for row in musts:
        if not proven.get(row.identifier):
            reason = "a test of it failed" if row.identifier in proven else "no test that ran is marked with it"
            outcome.failures.append((row.identifier, f"    MUST of the landed stage {row.stage}: {reason}"))
    # What is proven was counted as a test already; it is told, not counted twice.
    outcome.label = f"requirements {len(musts) - len(outcome.failures)}/{len(musts)}"
    return outcome


def marked(path: Path) -> set[str]:
    """The IDs that a test file names in `mark.requirement(...)`, read from its text."""
    calls = re.findall(r"\bmark\.requirement\(((?:[^()]|\([^()]*\))*)\)", path.read_text())
    return {identifier for call in calls for identifier in re.findall(r"[\"']([A-Z0-9]+-\d+)[\"']", call)}


def tests_by_requirement() -> dict[str, list[str]]:
    """Requirement ID to the test files that are marked with it, as paths from the root."""
    found: dict[str, list[str]] = {}
    for folder in (ROOT / "tests", ROOT / UNIT):
        for path in sorted(folder.rglob("test_*.py")):
            for identifier in marked(path):
                found.setdefault(identifier, []).append(str(path.relative_to(ROOT)))
    return found


def with_tests(text: str) -> str:
    """The table's text with its last column written anew from the marks."""
    known = tests_by_requirement()

    def column(match: re.Match) -> str:
        paths = ", ".join(f"`{path}`" for path in known.get(match.group(1), [])) or "-"
        return f"{match.group(0)[: match.start(5) - match.start(0)]} {paths} |"

    return "\n".join(ROW.sub(column, line) for line in text.splitlines()) + "\n"


if __name__ == "__main__":
    TABLE.write_text(with_tests(TABLE.read_text()))
