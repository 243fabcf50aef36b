#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_tags
short_description: Set some tags on EC2 objects that others own
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Sets and repairs the named tags on subnets, security groups and other EC2 objects, all in one task. Other tags are
    left alone.
  - The objects are not owned; nothing is marked and nothing is ever deleted.
options:
  scope:
    description: Whose list this is, usually the role's name; it is part of the operations' keys.
    type: str
    required: true
  objects:
    description: The objects and their tags; each object stands in the list once.
    type: list
    elements: dict
    required: true
    suboptions:
      key:
        description: Logical name of the entry.
        type: str
        required: true
      resource_id:
        description: The object's id, for instance of a subnet. In check mode it may be unknown.
        type: str
        required: true
      tags:
        description: The tags to set.
        type: dict
        required: true
      unique_tags:
        description: Names among O(objects[].tags) that no other object of the same type may carry with the same value.
        type: list
        elements: str
        default: []
extends_documentation_fragment:
  - piksel.platform.aws
"""

EXAMPLES = r"""
- name: Let Karpenter find the cluster's security group
  piksel.platform.ec2_tags:
    region: ap-southeast-3
    scope: eks_cluster
    objects:
      - key: security_group
        resource_id: sg-0123456789abcdef0
        tags:
          karpenter.sh/discovery: example
        unique_tags:
          - karpenter.sh/discovery
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
      kind: ec2_tags
      key: eks_cluster.security_group
      object: sg-0123456789abcdef0
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: tags.karpenter.sh/discovery
          before: null
          after: example
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(resource_id) of each object by its logical key.
  returned: always
  type: dict
  sample:
    security_group:
      resource_id: sg-0123456789abcdef0
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.ec2 import TAG_ENTRY_OPTIONS
from ansible_collections.piksel.platform.plugins.module_utils.ec2 import run_tags as run

SERVICES = ("ec2",)
SPEC = runner.spec(
    AWS_ARGUMENTS,
    SCOPE_ARGUMENTS,
    {"objects": {"type": "list", "elements": "dict", "required": True, "options": TAG_ENTRY_OPTIONS}},
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
