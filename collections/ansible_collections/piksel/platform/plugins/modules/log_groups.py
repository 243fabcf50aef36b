#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: log_groups
short_description: Reconcile a list of CloudWatch log groups
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates log groups with retention, encryption and tags, all in one task.
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
  log_groups:
    description:
      - The log groups, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required).
      - C(retention_in_days) (integer), 0 for ever.
      - C(kms_key_id) (string), ARN of a key; empty text for the service's own encryption.
      - C(tags) (map), besides O(tags).
      - An option that is left out is not changed.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: The log group of the control plane
  piksel.platform.log_groups:
    region: ap-southeast-3
    scope: eks_cluster
    log_groups:
      control_plane:
        name: /aws/eks/example/cluster
        retention_in_days: 90
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
  sample:
    - action: create
      api: aws
      kind: log_group
      key: eks_cluster.control_plane
      object: /aws/eks/example/cluster
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: retention_in_days
          before: null
          after: 90
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(name) and C(arn) of each log group by its logical key; both are known before the group exists.
  returned: always
  type: dict
  sample:
    control_plane:
      name: /aws/eks/example/cluster
      arn: arn:aws:logs:ap-southeast-3:123456789012:log-group:/aws/eks/example/cluster
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.logs import run_log_groups as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("logs", "resourcegroupstaggingapi")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {"log_groups": {"type": "dict", "required": True}},
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
