"""`python -m bench`: measures everything in one run on a sandbox of its own, prints tables, writes JSON."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import kinds, profile, report, scenarios
from bench.measure import BenchError, Runner
from piksel_sandbox.client import Sandbox, SandboxError

PARTS = ("platform", "per_object", "scaled", "profile")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="measure only this (may be repeated)")
    names = [kind.name for kind in kinds.KINDS]
    parser.add_argument("--kind", choices=names, action="append", help="per object, only this kind (may be repeated)")
    parser.add_argument("--repeats", type=int, default=3, help="equal runs for each figure, the fastest counts")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="folder for the figures")
    return parser.parse_args()


def machine() -> dict[str, Any]:
    """What the figures were taken on; load tells whether somebody else was at work."""
    return {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "load": [round(value, 2) for value in os.getloadavg()],
    }


def measured(asked: argparse.Namespace, runner: Runner, sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    """The figures so far, after each part; the platform stands first, since the others need its cluster."""
    figures: dict[str, Any] = {"machine": machine(), "platform": scenarios.platform(runner, sandbox)}
    measures = {
        "profile": lambda: profile.taken(runner),
        "scaled": lambda: scenarios.scaled(runner, sandbox),
        "per_object": lambda: scenarios.per_object(runner, asked.kind),
    }
    yield figures
    for part in [part for part in measures if part in (asked.only or PARTS)]:
        runner.say(part)
        figures[part] = measures[part]()
        yield figures


def write(folder: Path, figures: dict[str, Any]) -> None:
    """Keep the figures, and the tables of them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    (folder / "latest.md").write_text(report.whole(figures) + "\n", encoding="utf-8")


def main() -> int:
    """Entry point; 1 when something could not be measured. What was measured until then is kept."""
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="piksel-bench-") as folder:
        sandbox = Sandbox(folder, bound=True, say=print)
        try:
            sandbox.up()
            for figures in measured(asked, Runner(sandbox.env(), asked.repeats), sandbox):
                write(asked.out, figures)
        except (BenchError, SandboxError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
        finally:
            sandbox.down()
    print(report.whole(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
