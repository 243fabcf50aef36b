#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_security_group_rules
short_description: Reconcile a list of rules that let traffic into EC2 security groups
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Adds rules to security groups, each with its tags. Rules that others made are left alone.
  - A rule is what it admits. One that admits the same and bears no mark is adopted by marking it. One of ours that was
    changed to admit something else is no longer wanted; it goes with consent, while the wanted one is added at once.
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
  rules:
    description:
      - The rules, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required), the rule's tag C(Name), by which people know it.
      - C(group_id) (string, required), the security group that it is in.
      - C(protocol) (C(tcp) or C(udp), default C(tcp)).
      - C(from_port) (integer, required) and C(to_port) (integer, by default the same).
      - C(source_group_id) (string) or C(cidr) (string), from where; exactly one of them.
      - C(tags) (map), besides O(tags).
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - module: piksel.platform.ec2_security_groups
"""

EXAMPLES = r"""
- name: Let the cluster in
  piksel.platform.ec2_security_group_rules:
    region: ap-southeast-3
    scope: rds
    rules:
      cluster:
        name: example-db-from-cluster
        group_id: sg-0123456789abcdef0
        from_port: 5432
        source_group_id: sg-0123456789abcdef1
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
  description: C(name) and C(id) of each rule by its logical key; the id of one that is yet to be made is unknown.
  returned: always
  type: dict
  sample:
    cluster:
      name: example-db-from-cluster
      id: sgr-0123456789abcdef0
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.ec2_security_groups import run_rules as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("ec2",)
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {"rules": {"type": "dict", "required": True}},
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
