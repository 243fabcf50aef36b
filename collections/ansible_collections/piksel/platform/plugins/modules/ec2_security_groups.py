#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_security_groups
short_description: Reconcile a list of EC2 security groups
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates security groups and keeps their tags. What a group admits are objects of their own
    (M(piksel.platform.ec2_security_group_rules)), so that rules of others are left alone.
  - A group is found by its network and its name. One without mark is adopted by marking it.
  - EC2 changes neither description nor network of a group, so another one is a replacement, held unless the consent
    V(replace:security_group/SCOPE.KEY) is given.
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
      - C(name) (string, required), the group's name.
      - C(description) (string, required), for what it is.
      - C(vpc_id) (string, required), the network that it is in.
      - C(tags) (map), besides O(tags).
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - module: piksel.platform.ec2_security_group_rules
"""

EXAMPLES = r"""
- name: A group for a database
  piksel.platform.ec2_security_groups:
    region: ap-southeast-3
    scope: rds
    groups:
      database:
        name: example-db-sg
        description: The database of example
        vpc_id: vpc-0123456789abcdef0
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
  description: C(name) and C(id) of each group by its logical key; the id of one that is yet to be made is unknown.
  returned: always
  type: dict
  sample:
    database:
      name: example-db-sg
      id: sg-0123456789abcdef0
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.ec2_security_groups import run_groups as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("ec2",)
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
