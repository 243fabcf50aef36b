# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import wait
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

PATIENCE = wait.Patience("eks_cluster x", typical=600, limit=1800)


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.now = 0.0
        self.pauses = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds


def until(looks, lines=None, patience=PATIENCE):
    """Wait over a list of looks; the last one is seen for ever. Returns (value, clock)."""
    clock, looks = Clock(), list(looks)
    value = wait.until(
        lambda: looks.pop(0) if len(looks) > 1 else looks[0],
        patience,
        lines.append if lines is not None else None,
        clock=clock,
        sleep=clock.sleep,
    )
    return value, clock


def test_done_at_the_first_look_costs_no_pause():
    value, clock = until([wait.Look("ACTIVE", done=True, value=7)])
    assert (value, clock.pauses) == (7, [])


def test_looks_come_quickly_at_first_and_never_seldom():
    _value, clock = until([wait.Look("CREATING")] * 60 + [wait.Look("ACTIVE", done=True)])
    assert clock.pauses[0] <= 0.3
    assert max(clock.pauses) <= 3
    assert clock.pauses == sorted(clock.pauses)


def test_the_first_failed_state_ends_it_with_the_reason():
    with pytest.raises(PlatformError, match="eks_cluster x: ended in state FAILED: no addresses left"):
        until([wait.Look("CREATING"), wait.Look("FAILED", failure="no addresses left"), wait.Look("ACTIVE", done=True)])


def test_the_limit_ends_it_and_says_how_to_go_on():
    with pytest.raises(PlatformError, match=r"still CREATING after 20 s.*next run goes on"):
        until([wait.Look("CREATING")], patience=wait.Patience("x", 10, 20))


def test_a_line_about_every_ten_seconds_tells_elapsed_typical_and_limit():
    lines = []
    until([wait.Look("CREATING")] * 30 + [wait.Look("ACTIVE", done=True)], lines)
    assert 3 <= len(lines) <= 7
    assert all("CREATING" in line and "typically 10 min, limit 30 min" in line for line in lines)
    assert "s elapsed" in lines[0]


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min"), (40, "40 s"), (90, "1 min 30 s")])
def test_spans(seconds, text):
    assert wait.span(seconds) == text
