# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
type: aggregate
short_description: Shows at the end of a run what it changed, or in check mode would change
version_added: 0.1.0
description:
  - Names the target of the run before anything else.
  - Collects the operations of every task of this collection, and prints them by host at the end, with attribute paths,
    what was held for want of consent, and what is worth knowing.
  - Prints nothing of tasks with C(no_log).
author:
  - Piksel platform contributors (@piksel-platform)
options:
  plan_file:
    description:
      - File to write the operations to, one JSON object a line, each with C(host), C(check) and C(held) besides.
      - It is emptied when the run starts.
    type: path
    env:
      - name: PIKSEL_PLAN_FILE
    ini:
      - section: callback_plan
        key: plan_file
requirements:
  - enabled in the configuration (callbacks_enabled)
"""

import json
import os

from ansible import constants, context
from ansible.plugins.callback import CallbackBase
from ansible_collections.piksel.platform.plugins.plugin_utils import plan

_COLOURS = {
    "create": constants.COLOR_OK,
    "update": constants.COLOR_CHANGED,
    "replace": constants.COLOR_ERROR,
    "delete": constants.COLOR_ERROR,
}


class CallbackModule(CallbackBase):
    """Collects operations by host and prints them at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "piksel.platform.plan"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._plans = {}
        self._targets = set()
        self._file = None

    def v2_playbook_on_start(self, playbook):
        """Name the target as far as it is known before any task, and empty the plan file."""
        inventories = [_short(path) for path in context.CLIARGS.get("inventory") or ()]
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        where = f"the endpoint {endpoint}" if endpoint else "AWS"
        what = "Check of" if context.CLIARGS.get("check") else "Run on"
        self._display.display(f"{what} {', '.join(inventories) or 'the default inventory'} at {where}")
        self._file = self.get_option("plan_file")
        if self._file:
            with open(self._file, "w", encoding="utf-8"):
                pass

    def v2_runner_on_ok(self, result):
        """Collect."""
        self._collect(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        """Collect what was done before the failure."""
        self._collect(result)

    def v2_runner_retry(self, result):
        """Collect what an attempt did that is now repeated."""
        self._collect(result)

    def v2_playbook_on_stats(self, stats):
        """Print the plans."""
        for (host, _check), found in self._plans.items():
            found.failed = bool(stats.failures.get(host) or stats.dark.get(host))
            if found.reconciled or found.notices:
                self._display.banner(f"{'PLAN' if found.check else 'RESULT'} [{host}]")
                for action, text in plan.lines(found, self._display.verbosity > 0):
                    self._display.display(text, color=_COLOURS.get(action))

    def _collect(self, result):
        """Take over a result and those of its loop; a censored result holds nothing to take."""
        host = result.host.get_name()
        for part in (result.result, *(result.result.get("results") or ())):
            if isinstance(part, dict):
                self._name_target(host, part)
                found = self._plan_for(host, part, bool(result.task.check_mode))
                before = len(found.operations), len(found.held)
                found.add(part)
                self._write(host, found, before)

    def _plan_for(self, host, part, task_checks):
        """The plan that a result goes to: a task may be told to differ from its run, and is then counted apart."""
        check = task_checks if part.get("operations") or part.get("held") else bool(context.CLIARGS.get("check"))
        return self._plans.setdefault((host, check), plan.HostPlan(check))

    def _name_target(self, host, part):
        line = plan.target(host, part)
        if line and host not in self._targets:
            self._targets.add(host)
            self._display.display(line)

    def _write(self, host, found, before):
        rows = [(False, item) for item in found.operations[before[0] :]] + [
            (True, item) for item in found.held[before[1] :]
        ]
        if self._file and rows:
            with open(self._file, "a", encoding="utf-8") as stream:
                for held, item in rows:
                    stream.write(
                        json.dumps({"host": host, "check": found.check, "held": held, **item}, default=str) + "\n"
                    )


def _short(inventory):
    """The name of an inventory's folder; a list of hosts ("a,b") stays as it is."""
    path = os.path.normpath(inventory)
    return os.path.basename(os.path.dirname(path) if os.path.isfile(path) else path)
