# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base of the actions that run a module's code inside the controller's worker: no module transfer, no interpreter
start.
"""

from __future__ import annotations

import gc
import json

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader, test_loader
from ansible.utils.display import Display
from ansible.utils.vars import merge_hash
from ansible_collections.piksel.platform.plugins.module_utils import clients, runner
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.plugin_utils.parent import end_with_parent

display = Display()

# Rules of AnsibleModule that the argument validator knows as well.
_RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


def _told(error):
    """A validator's finding; it leaves the words for unknown options to its caller."""
    return f"unsupported parameters: {error.msg}" if isinstance(error, UnsupportedError) else error.msg


class PlatformAction(ActionBase):
    """An action sets ``module`` to the Python module of the same name under plugins/modules, which has SPEC, SERVICES
    and run.

    With ``environment:``, ``become``, ``async`` or a connection that is not local the task is handed over to ordinary
    module execution.
    """

    _supports_check_mode = True
    _supports_async = True

    module = None

    def __init_subclass__(cls, **kwargs):
        # The strategy loads the class in the parent: what is parsed here, every forked worker inherits.
        super().__init_subclass__(**kwargs)
        clients.warm(cls.module.SERVICES)
        # Any name loads all of Ansible's own filters or tests, which every worker would do for its first template.
        filter_loader.get("default")
        test_loader.get("defined")
        # None of it goes away before the run ends: no collection in any worker needs to look through it.
        gc.freeze()

    def run(self, tmp=None, task_vars=None):
        """Validate the task's arguments with the module's own specification and run it."""
        result = super().run(tmp, task_vars)
        end_with_parent()
        if self._is_for_module():
            wrap_async = self._task.async_val and not self._connection.has_native_async
            return merge_hash(result, self._execute_module(task_vars=task_vars, wrap_async=wrap_async))
        params, secret = self._arguments()
        try:
            outcome = runner.execute(
                self.module.run,
                self._prepared(params),
                self._task.check_mode,
                self._task.diff,
                lambda text: display.display(f"  {text}"),
            )
        except PlatformError as error:
            raise AnsibleActionFail(str(error)) from error
        return merge_hash(result, remove_values(outcome, secret))

    def _prepared(self, params):
        """The validated arguments with what only the controller can add; raises PlatformError."""
        return params

    def _is_for_module(self):
        """True where only a process of its own can honour what the task asks."""
        environment = {}
        self._compute_environment_string(environment)
        return bool(
            environment or self._task.async_val or self._play_context.become or self._connection.transport != "local"
        )

    def _arguments(self):
        """The validated arguments as plain data, and the values that must not be shown."""
        spec = self.module.SPEC
        validator = ArgumentSpecValidator(
            spec["argument_spec"], **{rule: spec[rule] for rule in _RULES if rule in spec}
        )
        validation = validator.validate(self._task.args)
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(_told(error) for error in validation.errors), obj=self._task.args)
        params = validation.validated_parameters
        try:
            # Values of the controller are tagged and may be encrypted; a module would get them through JSON as well.
            return json.loads(json.dumps(params, default=str)), validation._no_log_values
        except ValueError as error:
            raise AnsibleActionFail(f"arguments cannot be written as JSON: {error}") from error
