"""Callback of a run to be profiled: writes when each task began and ended."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: bench_timings
type: aggregate
short_description: Write when tasks begin and end
description:
  - Appends a line for each task to the file that E(PIKSEL_BENCH_TASKS) names.
  - It holds C(action), C(name), C(begin) and C(end).
requirements: []
"""


class CallbackModule(CallbackBase):
    """Times are those of CLOCK_MONOTONIC. Only one host is expected."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "bench_timings"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.task = None
        self.begin = 0.0

    def v2_playbook_on_task_start(self, task, is_conditional):
        """Remember when."""
        self.task, self.begin = task, time.monotonic()

    def _write(self, result):
        row = {
            "action": self.task.action,
            "name": self.task.get_name(),
            "begin": self.begin,
            "end": time.monotonic(),
        }
        with open(os.environ["PIKSEL_BENCH_TASKS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    v2_runner_on_ok = v2_runner_on_skipped = v2_runner_on_failed = lambda self, result, **_more: self._write(result)
