"""Arithmetic of the benchmarks: a fixed cost and a cost per object out of several runs, and the union of spans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What a run costs: `fixed` seconds, and `slope` seconds for each object."""

    fixed: float
    slope: float

    def at(self, count: float) -> float:
        """Seconds for so many objects."""
        return self.fixed + self.slope * count


def line(seconds: Mapping[int, float]) -> Line:
    """The line of least squares through number of objects -> seconds.

    Raises ValueError for fewer than two different numbers of objects: then nothing tells fixed cost and slope apart.
    """
    if len(seconds) < 2:
        raise ValueError("a line wants two different numbers of objects or more")
    middle = sum(seconds) / len(seconds)
    height = sum(seconds.values()) / len(seconds)
    spread = sum((count - middle) ** 2 for count in seconds)
    slope = sum((count - middle) * (one - height) for count, one in seconds.items()) / spread
    return Line(height - slope * middle, slope)


def ratio(larger: float, smaller: float) -> float | None:
    """How many times one is the other; None where the smaller is nothing or less, which noise can make of a slope."""
    return larger / smaller if smaller > 0 else None


def union(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds that are covered by at least one of the spans (begin, end)."""
    covered, until = 0.0, float("-inf")
    for begin, end in sorted(spans):
        if end > until:
            covered += end - max(begin, until)
            until = end
    return covered
