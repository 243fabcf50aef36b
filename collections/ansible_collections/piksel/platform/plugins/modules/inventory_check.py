#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: inventory_check
short_description: Check the variables of a host before anything is called
version_added: 0.1.0
description:
  - Reads the YAML files of the inventory, evaluates the variables of the host, and compares both with the
    specification of the inventory and with the argument specs of the roles that the stages call.
  - Finds keys that nobody knows, wrong types and values, inputs that are missing, networks of accounts that overlap,
    and a converge of several accounts that was not asked for. Each finding names file, line and key, and all are told
    at once.
  - Makes no call to any service. It has an action only, since only the controller sees every variable.
author:
  - Piksel platform contributors (@piksel-platform)
options:
  spec:
    description:
      - File with the specification of the inventory, a mapping C(inventory_spec) of keys in the form of a role's
        argument specs; or a directory of such files (C(*.yml)).
      - A key may also say C(pattern), C(format) (C(cidr)), C(disjoint) (no two accounts may overlap), C(entries)
        (options of each value of a dictionary), C(unique) (options of entries that no two may share) and
        C(leaves_out) (what is not made while the key is null).
    type: path
    required: true
  stages:
    description: Playbooks of the stages. What they hand to a role as C(vars) is not looked for in the inventory.
    type: list
    elements: path
    default: []
  accounts:
    description: Groups or hosts that a converge of more than one host names.
    type: list
    elements: str
attributes:
  action:
    description: Runs inside the controller's process only.
    support: full
  check_mode:
    description: Does the same in check mode, save that a check of several accounts need not be asked for.
    support: full
"""

EXAMPLES = r"""
- name: Check the inventory
  piksel.platform.inventory_check:
    spec: "{{ playbook_dir }}/vars/inventory_spec"
    stages:
      - "{{ playbook_dir }}/eks_cluster.yml"
"""

RETURN = r"""
notices:
  description: Keys that are null, and what that leaves out.
  returned: always
  type: list
  elements: str
  sample:
    - "group_vars/dev/account.yml:5: piksel_cost_center is not set, which leaves out the tag CostCenter."
"""
