"""The benchmarks' arithmetic, and that what they compare is comparable. No time is asserted here."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import fit, kinds, profile, report, scenarios
from bench.measure import CHANGED, BenchError, Runner, Timed

ROOT = Path(__file__).resolve().parents[2]
COSTS = st.floats(0, 100)


@given(COSTS, COSTS, st.sets(st.integers(1, 500), min_size=2, max_size=6))
def test_a_line_is_found_again(fixed: float, slope: float, counts: set[int]) -> None:
    found = fit.line({count: fixed + slope * count for count in counts})
    assert found.fixed == pytest.approx(fixed, abs=1e-6)
    assert found.slope == pytest.approx(slope, abs=1e-6)
    assert found.at(7) == pytest.approx(fixed + 7 * slope, abs=1e-5)


def test_a_line_lies_in_the_middle_of_what_scatters() -> None:
    assert fit.line({1: 2.0, 2: 1.0, 3: 4.0, 4: 3.0}) == fit.Line(pytest.approx(1.0), pytest.approx(0.6))


@pytest.mark.parametrize("seconds", [{}, {4: 1.0}])
def test_one_number_of_objects_is_no_line(seconds: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="two different"):
        fit.line(seconds)


def test_a_ratio_to_nothing_is_none() -> None:
    assert fit.ratio(3.0, 1.5) == 2.0
    assert fit.ratio(3.0, 0.0) is None
    assert fit.ratio(3.0, -0.01) is None


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [([], 0), ([(1, 3)], 2), ([(1, 3), (2, 4)], 3), ([(5, 6), (1, 4), (2, 3)], 4), ([(1, 2), (2, 3)], 2)],
)
def test_what_overlaps_counts_once(spans: list, seconds: float) -> None:
    assert fit.union(spans) == seconds


def request(service: str, begin: float, end: float) -> dict:
    """A row of the log of requests."""
    return {"service": service, "begin": begin, "end": end}


def test_the_parts_of_a_profile_add_up_to_the_whole() -> None:
    tasks = [
        {"action": "ansible.builtin.set_fact", "name": "a", "begin": 2.0, "end": 3.0},
        {"action": "piksel.platform.iam_roles", "name": "b", "begin": 3.5, "end": 6.0},
    ]
    requests = [request("iam", 4.0, 5.0), request("sts", 4.5, 5.2), request("kubernetes", 5.5, 5.6)]
    found = profile.profile(0.0, 7.0, tasks, requests)
    assert sum(found["parts"].values()) == pytest.approx(found["seconds"]) == 7.0
    assert list(found["parts"].values()) == [pytest.approx(value) for value in (2.0, 1.2, 0.1, 1.2, 1.0, 0.5, 1.0)]
    assert found["services"]["iam"] == {"requests": 1, "seconds": 1.0}
    assert "iam_roles" not in report.profile(found)
    assert "| our tasks: requests to AWS | 1.2 s | 17% |" in report.profile(found)


class Machine:
    """Stands for a runner on a machine where a run costs 2 s, and each object 0.01 s of ours, 0.5 s of stock."""

    def __init__(self) -> None:
        self.faults = 0

    def once(self, play: list, *_extra: str) -> Timed:
        """A run of plays, or of site.yml."""
        if isinstance(play, str):
            return Timed(4.0, 3.0, 0, "")
        seconds = 2.0 + 0.1 * self.faults
        for task in play[0]["tasks"]:
            (options,) = [value for name, value in task.items() if "." in name]
            lists = [value for value in options.values() if isinstance(value, dict) and value is not kinds.TAGS]
            seconds += 0.5 * len(task["loop"]) if "loop" in task else 0.01 * len(lists[0])
        return Timed(seconds, seconds / 2, 0, "")

    silent = fastest = once

    def say(self, text: str) -> None:
        """Nothing."""

    def reset(self) -> None:
        """Empties nothing."""

    def add_fault(self, action: str, **_fields: object) -> int:
        """Makes everything slower."""
        assert action == "latency"
        self.faults += 1
        return 1

    def clear_faults(self) -> int:
        """Makes everything fast again."""
        self.faults = 0
        return 1


def test_ratios_are_those_of_slopes() -> None:
    figures = scenarios.per_object(Machine())
    assert set(figures) == {kind.name for kind in kinds.KINDS}
    roles = figures["roles"]
    assert roles["ours"]["line"] == {"fixed": pytest.approx(2.0), "slope": pytest.approx(0.01)}
    assert roles["times_faster_per_object"] == pytest.approx(50)
    assert roles["times_less_cpu_per_object"] == pytest.approx(50)
    assert figures["buckets"]["stock"]["line"]["slope"] == pytest.approx(1.0)
    text = report.whole({"per_object": figures})
    assert "| roles | 2.0 s | 10 ms | 2.0 s | 500 ms | 50 | 50 |" in text
    json.dumps(figures)
    assert set(scenarios.per_object(Machine(), ["keys"])) == {"keys"}


def test_growth_is_measured_at_once_and_with_latency() -> None:
    machine = Machine()
    figures = scenarios.scaled(machine, machine)
    assert machine.faults == 0
    assert figures["at once"]["growth"]["1 to 4"] == pytest.approx((2 + 0.28) / (2 + 0.07))
    assert figures["50 ms more a call"]["runs"][1]["seconds"] > figures["at once"]["runs"][1]["seconds"]
    assert "1 to 4" in report.whole({"scaled": figures})


def test_the_platform_is_measured_from_empty_and_with_nothing_to_do() -> None:
    machine = Machine()
    figures = scenarios.platform(machine, machine)
    assert figures["converge, nothing to do"] == {"seconds": 4.0, "cpu": 3.0}
    assert len(figures) == 5
    assert "| check from empty | 4.0 s | 3.0 s |" in report.whole({"platform": figures})


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.name)
def test_both_sides_name_the_same_number_of_objects(kind: kinds.Kind) -> None:
    ours, stock = kind.ours(["a", "b"], "s"), kind.stock(["a", "b"])
    assert len(ours) == 1
    assert all(task["loop"] == ["a", "b"] for task in stock)
    assert "'a'" in str(ours)
    assert "{{ item }}" in str(stock)
    assert not set(kinds.names(kind, "ours", 4)) & set(kinds.names(kind, "ours", 16))


def test_a_run_that_changes_something_is_not_taken_for_a_silent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner({}, repeats=2)
    runs = iter([Timed(3.0, 1.0, 0, ""), Timed(2.0, 1.0, 1, "what changed")])
    monkeypatch.setattr(runner, "once", lambda *_arguments: next(runs))
    with pytest.raises(BenchError, match="what changed"):
        runner.silent("site.yml")


def test_the_fastest_of_equal_runs_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner({}, repeats=3)
    runs = iter([Timed(seconds, 1.0, 5, "") for seconds in (3.0, 2.0, 4.0)])
    monkeypatch.setattr(runner, "once", lambda *_arguments: next(runs))
    assert runner.fastest("site.yml").seconds == 2.0


def test_the_counters_of_all_hosts_are_read() -> None:
    recap = "piksel-dev                 : ok=28   changed=2    failed=0\npiksel-prod : ok=1 changed=11 failed=0\n"
    assert CHANGED.findall(recap) == ["2", "11"]


def test_requests_are_logged_by_service_and_nothing_else_of_them(tmp_path: Path) -> None:
    """What is laid on a run's path writes service and times of each request, and no word of a credential."""
    log = tmp_path / "requests"
    code = (
        "import urllib3\n"
        "pool = urllib3.HTTPConnectionPool('127.0.0.1', 9, retries=False)\n"
        "sign = {'Authorization': 'AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261125/ap-southeast-3/s3/aws4_request'}\n"
        "for headers in (sign, {'Authorization': 'Bearer token'}):\n"
        "    try:\n"
        "        pool.urlopen('GET', '/', headers=headers)\n"
        "    except urllib3.exceptions.HTTPError:\n"
        "        pass\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "benchmarks/inject"), "PIKSEL_BENCH_REQUESTS": str(log)}
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60)
    rows = profile.read(log)
    assert [row["service"] for row in rows] == ["s3", "kubernetes"]
    assert all(row["begin"] <= row["end"] for row in rows)
    assert "AKIA" not in log.read_text()
    assert "token" not in log.read_text()


def test_the_callback_of_a_profile_can_be_loaded() -> None:
    path = ROOT / "benchmarks/inject/bench_timings.py"
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location("bench_timings", path))
    module.__spec__.loader.exec_module(module)
    assert module.CallbackModule.CALLBACK_NEEDS_ENABLED
