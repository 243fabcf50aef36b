#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_role_lookup
short_description: Find IAM roles by path and name prefix
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Finds roles whose full name nobody can know beforehand, for instance those that IAM Identity Center makes for
    permission sets.
  - Fails when a required role is missing, or when several roles fit; all findings are told at once.
options:
  lookups:
    description:
      - The lookups, keyed by a logical name. Each is a map of the following options.
      - C(path_prefix) (string, default C(/)), where to look.
      - C(name_prefix) (string, required), how the role's name starts.
      - C(required) (boolean, default true), whether finding none is an error; else the key is left out of the result.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
"""

EXAMPLES = r"""
- name: The administrators' role
  piksel.platform.iam_role_lookup:
    region: ap-southeast-3
    lookups:
      administrators:
        path_prefix: /aws-reserved/sso.amazonaws.com/ap-southeast-3/
        name_prefix: AWSReservedSSO_AdministratorAccess_
"""

RETURN = r"""
roles:
  description: C(name) and C(arn) of each role found, by the key of its lookup.
  returned: success
  type: dict
  sample:
    administrators:
      name: AWSReservedSSO_AdministratorAccess_0123
      arn: arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/ap-southeast-3/AWSReservedSSO_Admin
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.iam import run_role_lookup as run

SERVICES = ("iam",)
SPEC = runner.spec(AWS_ARGUMENTS, {"lookups": {"type": "dict", "required": True}})


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
