#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_parameter_groups
short_description: Reconcile a list of parameter groups of RDS
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates parameter groups and sets the parameters that their entries name. Other parameters are left alone.
  - A dynamic parameter counts at once, a static one when an instance reboots, which M(piksel.platform.rds_instance)
    asks consent for.
  - RDS changes neither family nor description of a group, so another one is a replacement, held unless the consent
    V(replace:rds_parameter_group/SCOPE.KEY) is given.
options:
  scope:
    description:
      - Whose list this is, usually the role's name. The mark on each object is C(KIND/SCOPE.KEY).
      - One scope has one list per kind; what bears its mark and is not in the list is planned for deletion, done only
        with O(consent).
    type: str
    required: true
  tags:
    description: Tags that every object of the list gets. Tags that others put on an object are left alone.
    type: dict
    default: {}
  groups:
    description:
      - The groups, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required), the group's name, which RDS keeps in lower case.
      - C(family) (string, required), for instance C(postgres16).
      - C(description) (string, required).
      - C(parameters) (map), name to value. RDS has values as text, and 1 and 0 for true and false.
      - C(tags) (map), besides O(tags).
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - module: piksel.platform.rds_instance
"""

EXAMPLES = r"""
- name: Refuse connections without TLS
  piksel.platform.rds_parameter_groups:
    region: ap-southeast-3
    scope: rds
    groups:
      postgres16:
        name: example-app-db-postgres16
        family: postgres16
        description: The database of example
        parameters:
          rds.force_ssl: "1"
"""

RETURN = r"""
changed:
  description: Whether there are operations.
  returned: always
  type: bool
operations:
  description:
    - What was done, or in check mode would be done. Each entry has C(action) (create, update, replace, delete),
      C(api), C(kind),
      C(key), C(object), C(account), C(region) and C(changes), a list of C(path), C(before), C(after).
  returned: always
  type: list
  elements: dict
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(name) and C(arn) of each group by its logical key; both are known before it exists.
  returned: always
  type: dict
  sample:
    postgres16:
      name: example-app-db-postgres16
      arn: arn:aws:rds:ap-southeast-3:123456789012:pg:example-app-db-postgres16
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.rds_groups import run_parameter_groups as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("rds",)
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {"groups": {"type": "dict", "required": True}},
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
