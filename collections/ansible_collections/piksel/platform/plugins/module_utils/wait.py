# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a state: the first failed state ends it, and a line now and then tells how it goes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

FIRST_PAUSE = 0.3
GROWTH = 1.2
LONGEST_PAUSE = 3.0
LINE_EVERY = 10.0


@dataclass(frozen=True)
class Look:
    """One look at the object: its state in the service's word, whether that ends the wait, why it failed, the value."""

    state: str
    done: bool = False
    failure: str | None = None
    value: object = None


@dataclass(frozen=True)
class Patience:
    """What is waited for ("eks_cluster piksel-dev"), how long it typically takes and how long at most, in seconds."""

    what: str
    typical: int
    limit: int


def until(look, patience, progress=None, clock=time.monotonic, sleep=time.sleep):
    """Call ``look()`` (returns a Look) until it is done and return its value.

    Looks come quickly at first, then at most every 3 s. About every 10 s ``progress(text)`` is told. Raises
    PlatformError with the service's reason at the first look that carries ``failure``, and when the limit is reached.
    """
    start = told = clock()
    pause = FIRST_PAUSE
    while True:
        seen = look()
        elapsed = clock() - start
        if seen.failure is not None:
            raise PlatformError(f"ended in state {seen.state}: {seen.failure}", subject=patience.what)
        if seen.done:
            return seen.value
        if elapsed >= patience.limit:
            raise PlatformError(
                f"still {seen.state} after {span(elapsed)}",
                subject=patience.what,
                advice="Nothing was undone: the next run goes on waiting where this one stopped.",
            )
        if progress and clock() - told >= LINE_EVERY:
            told = clock()
            progress(
                f"{patience.what}: {seen.state}, {span(elapsed)} elapsed,"
                f" typically {span(patience.typical)}, limit {span(patience.limit)}"
            )
        sleep(min(pause, max(0.0, patience.limit - elapsed)))
        pause = min(pause * GROWTH, LONGEST_PAUSE)


def span(seconds: float) -> str:
    """A duration for people: "40 s", "12 min", "1 min 30 s"."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
