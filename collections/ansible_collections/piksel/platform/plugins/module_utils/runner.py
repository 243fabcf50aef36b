# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module and action have in common: from validated arguments to a result."""

from __future__ import annotations

import json

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.piksel.platform.plugins.module_utils import clients, unknown
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import ReconcileError


def spec(*parts, **rules) -> dict:
    """The keyword arguments of AnsibleModule for a module of the collection: argument specs merged, plus rules
    (required_if ...).
    """
    argument_spec = {}
    for part in parts:
        argument_spec.update(part)
    return {"argument_spec": argument_spec, "supports_check_mode": True, **rules}


def execute(run, params: dict, check_mode: bool, diff_mode: bool, progress=None) -> dict:
    """Call ``run(params, check_mode, clients, progress)`` and return its result as plain data.

    A PlatformError becomes {"failed": True, "msg", "changed"} with whatever was done before it.
    """
    try:
        if not check_mode:
            unknown.refuse(params)
        access = clients.from_params(params) if "region" in params else None
        result = run(params, check_mode, access, progress)
    except ReconcileError as error:
        result = {**error.result, "failed": True, "msg": str(error)}
    except PlatformError as error:
        result = {"failed": True, "changed": False, "msg": str(error)}
    if not diff_mode:
        result.pop("diff", None)
    return json.loads(json.dumps(result, default=str))


def main(module_spec: dict, run) -> None:
    """Run as an ordinary Ansible module."""
    module = AnsibleModule(**module_spec)
    if not clients.HAS_BOTOCORE and "region" in module.params:
        module.fail_json(msg=missing_required_lib("botocore"))
    # The module arguments hold what Ansible itself needs too ("_ansible_..." is already gone here).
    result = execute(run, module.params, module.check_mode, module._diff)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
