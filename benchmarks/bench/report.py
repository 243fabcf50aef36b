"""The figures as tables for people. JSON holds the same, with every time."""

from __future__ import annotations

from typing import Any

LONGEST_TASKS = 12


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def seconds(value: float) -> str:
    """Seconds, or milliseconds where they are few."""
    return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def times(value: float | None) -> str:
    """A ratio; "-" where there is none."""
    return "-" if value is None else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def per_object(figures: dict[str, dict[str, Any]]) -> str:
    """Ours against stock, by kind: cost of a run, cost of each further object, and their ratios."""
    head = [
        "nothing to change",
        "ours",
        "ours, each",
        "stock",
        "stock, each",
        "times faster, each",
        "by CPU",
        "16 objects",
    ]
    rows = [
        [
            kind,
            *(seconds(max(one[side]["line"][part], 0)) for side in ("ours", "stock") for part in ("fixed", "slope")),
            times(one["times_faster_per_object"]),
            times(one["times_less_cpu_per_object"]),
            times(one["times_faster_at_most"]),
        ]
        for kind, one in figures.items()
    ]
    return table(head, rows)


def platform(figures: dict[str, dict[str, float]]) -> str:
    """The whole of dev's site.yml."""
    rows = [[name, seconds(run["seconds"]), seconds(run["cpu"])] for name, run in figures.items()]
    return table(["dev's site.yml", "time", "CPU"], rows)


def scaled(figures: dict[str, dict[str, Any]]) -> str:
    """How a run grows with its objects."""
    head: list[str] = ["roles and buckets, nothing to change"]
    rows = []
    for how, one in figures.items():
        head = [head[0], *(f"{count} times" for count in one["runs"]), *one["growth"]]
        runs = [seconds(run["seconds"]) for run in one["runs"].values()]
        rows.append([how, *runs, *(times(value) for value in one["growth"].values())])
    return table(head, rows)


def profile(figures: dict[str, Any]) -> str:
    """Where the seconds of a run with nothing to do go."""
    whole_run = figures["seconds"]
    parts = [[name, seconds(value), f"{value / whole_run:.0%}"] for name, value in figures["parts"].items()]
    services = [
        [service, str(one["requests"]), seconds(one["seconds"])] for service, one in figures["services"].items()
    ]
    longest = sorted(figures["tasks"], key=lambda task: -task["seconds"])[:LONGEST_TASKS]
    return "\n\n".join(
        [
            table(["a run with nothing to do", "time", "share"], parts),
            table(["service", "requests", "under way"], services),
            table(["the longest tasks", "time"], [[task["name"], seconds(task["seconds"])] for task in longest]),
        ]
    )


PARTS = {"platform": platform, "per_object": per_object, "scaled": scaled, "profile": profile}


def whole(figures: dict[str, Any]) -> str:
    """Everything that was measured."""
    return "\n\n".join(show(figures[part]) for part, show in PARTS.items() if part in figures)
