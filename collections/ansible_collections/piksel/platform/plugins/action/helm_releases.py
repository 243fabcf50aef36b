# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

from ansible_collections.piksel.platform.plugins.modules import helm_releases
from ansible_collections.piksel.platform.plugins.plugin_utils import helm_program
from ansible_collections.piksel.platform.plugins.plugin_utils.action import PlatformAction


class ActionModule(PlatformAction):
    """helm_releases inside the controller's process, which has kubernetes.core.helm carry out what the plan says."""

    module = helm_releases

    def run(self, tmp=None, task_vars=None):
        """Keep the task's variables for the module that is run on the way."""
        self._task_vars, self._one_at_a_time = task_vars, threading.Lock()
        return super().run(tmp, task_vars)

    def _prepared(self, params):
        return {**params, "apply": self._helm}

    def _helm(self, arguments):
        """The result of kubernetes.core.helm for these arguments; Helm's own lock knows one release only."""
        with self._one_at_a_time, helm_program.bound(arguments["binary_path"]) as program:
            return self._execute_module(
                module_name="kubernetes.core.helm",
                module_args={**arguments, "binary_path": program},
                task_vars=self._task_vars,
            )
