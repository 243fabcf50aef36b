"""Time limits on a machine that has other work too."""

from __future__ import annotations

import time
from collections.abc import Callable


def fastest(measure: Callable[[], float], limit: float) -> float:
    """The fewest seconds of three tries; one that keeps the limit is enough, since a busy machine slows some down."""
    best = float("inf")
    for _ in range(3):
        best = min(best, measure())
        if best < limit:
            break
    return best


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    started = time.monotonic()
    action()
    return time.monotonic() - started
