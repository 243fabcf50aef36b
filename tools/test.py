"""Run the tests of both lanes and say how it went: `test.py [SUITE...]`, all suites when none is named.

Every test is a pytest test. A run writes a junit report to `.work/test/`; its output is streamed, its name before each
line. The last line is `N passed, N failed`. Over the whole set, a MUST of a landed stage that no passing test
proves counts as a failure too.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import reports
import requirement_table
from processes import Running
from suites import Suite, chosen

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".work/test"
LANES = {"main": ROOT / ".venv/bin", "py313": ROOT / ".venv-py313/bin"}
JOBS = int(os.environ.get("PIKSEL_TEST_JOBS", "2"))
BUILD_LIMIT = 2400
NO_PYTHON = 3


@dataclass
class Session:
    """What one call of the runner shares between its threads."""

    started: float = field(default_factory=time.monotonic)
    running: Running = field(default_factory=Running)
    built: threading.Event = field(default_factory=threading.Event)
    notes: list[str] = field(default_factory=list)

    def say(self, label: str, line: str) -> None:
        """Print one line of a run, with the minutes since the start."""
        seconds = int(time.monotonic() - self.started)
        print(f"{seconds // 60:02d}:{seconds % 60:02d} [{label}] {line}", flush=True)


def second_lane(session: Session) -> bool:
    """Make the second lane's environment; False, with a note for the summary, where it cannot be made."""
    code = session.running.stream(
        [sys.executable, ROOT / "tools/setup.py", "py313"], "setup py313", session.say, limit=1200, cwd=ROOT
    )
    if code == NO_PYTHON:
        session.notes.append("lane py313 did not run: this machine has no Python 3.13")
    elif code:
        session.notes.append(f"lane py313 did not run: its set-up ended with code {code}")
    return code == 0


def build(session: Session) -> int:
    """Build the sandbox's binaries if they are missing (about eight minutes cold); returns the exit code."""
    command = [LANES["main"] / "piksel-sandbox", "build"]
    code = session.running.stream(command, "build", session.say, limit=BUILD_LIMIT, cwd=ROOT)
    session.built.set()
    return code


def environment(suite: Suite, lane: str) -> dict[str, str]:
    """The environment of a run: its lane's tools first on PATH, and never the sandbox of the checkout's own demo."""
    return dict(
        os.environ,
        PATH=f"{LANES[lane]}{os.pathsep}{os.environ['PATH']}",
        PIKSEL_SANDBOX_STATE=str(REPORTS / "state" / f"{suite.name}-{lane}"),
        PYTHONUNBUFFERED="1",
    )


def run_suite(session: Session, suite: Suite, lane: str) -> reports.Report:
    """One pytest run and its report. A run without a report, or with a code that it does not explain, has failed."""
    label = f"{suite.name} {lane}"
    if suite.needs_binaries:
        session.built.wait()
    junit = REPORTS / f"{suite.name}-{lane}.xml"
    command = [LANES[lane] / "python", "-m", "pytest", *suite.arguments, "--junitxml", junit]
    command += [*(suite.second_lane if lane != "main" else ()), *suite.paths]
    started = time.monotonic()
    settings = environment(suite, lane)
    code = session.running.stream(command, label, session.say, limit=suite.limit, cwd=ROOT, env=settings)
    return reports.read(label, junit, code, time.monotonic() - started)


def run_all(session: Session, suites: list[Suite]) -> list[reports.Report]:
    """All runs, JOBS at a time, in order; the build of the binaries goes on beside the suites that do not need them."""
    lanes = ["main"]
    if any("py313" in suite.lanes for suite in suites) and second_lane(session):
        lanes.append("py313")
    outcome = []
    builder = None
    if any(suite.needs_binaries for suite in suites):
        builder = threading.Thread(target=lambda: outcome.append(build(session)))
        builder.start()
    # What needs the binaries comes last, so that a worker that waits for the build holds up no other suite.
    runs = [(suite, lane) for suite in sorted(suites, key=lambda one: one.needs_binaries) for lane in lanes]
    with ThreadPoolExecutor(max_workers=JOBS) as pool:
        pending = [pool.submit(run_suite, session, suite, lane) for suite, lane in runs if lane in suite.lanes]
        results = [one.result() for one in pending]
    if builder is not None:
        builder.join()
        if outcome != [0]:
            results.append(reports.broken("build", f"`piksel-sandbox build` ended with code {outcome}"))
    return results


def summarize(session: Session, results: list[reports.Report], everything: bool) -> int:
    """Print failures, a line per run and the closing line; returns the number of failures."""
    if everything:
        results.append(requirement_table.report(results))
    for result in results:
        for name, message in result.failures:
            print(f"\nFAILED [{result.label}] {name}\n{message}")
    minutes = (time.monotonic() - session.started) / 60
    print(f"\n{'suite':<24}{'passed':>8}{'failed':>8}{'seconds':>9}")
    for result in results:
        print(f"{result.label:<24}{result.passed:>8}{len(result.failures):>8}{result.seconds:>9.0f}")
    for note in session.notes:
        print(f"note: {note}")
    print(f"took {minutes:.1f} minutes; reports in {REPORTS.relative_to(ROOT)}\n")
    failed = sum(len(result.failures) for result in results)
    print(f"{sum(result.passed for result in results)} passed, {failed} failed", flush=True)
    return failed


def main() -> int:
    """Entry point. Exit code 0 only when tests ran and none failed."""
    try:
        suites = chosen(sys.argv[1:])
    except KeyError as error:
        print(f"no suite is called {error}")
        return 2
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    session = Session()
    stopped: list[int] = []

    def stop(number: int, _frame: object) -> None:
        stopped.append(number)
        session.running.end_all()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    results = run_all(session, suites)
    if stopped:
        session.say("runner", f"stopped by signal {stopped[0]}; nothing it started goes on")
        return 128 + stopped[0]
    failed = summarize(session, results, everything=not sys.argv[1:])
    return 1 if failed or not any(result.passed for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
