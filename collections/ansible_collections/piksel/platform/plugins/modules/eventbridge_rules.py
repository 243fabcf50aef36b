#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eventbridge_rules
short_description: Reconcile a list of EventBridge rules
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates rules of the default event bus with pattern, state, targets and tags, all in one task.
  - Targets that others added to a rule are left alone. A rule of the same name without mark is adopted by marking it.
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
      - C(name) (string, required).
      - C(description) (string).
      - C(event_pattern) (map or JSON text, required), compared by meaning.
      - C(state) (string), C(ENABLED) or C(DISABLED).
      - C(targets) (map, default empty), id of each target to its ARN.
      - C(tags) (map), besides O(tags).
      - An option that is left out is not changed.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: Tell the queue about changes of instances
  piksel.platform.eventbridge_rules:
    region: ap-southeast-3
    scope: karpenter
    rules:
      instance_state_change:
        name: Karpenter-example-instance-state-change
        event_pattern:
          source: [aws.ec2]
          detail-type: [EC2 Instance State-change Notification]
        targets:
          queue: arn:aws:sqs:ap-southeast-3:123456789012:Karpenter-example
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
      kind: eventbridge_rule
      key: karpenter.instance_state_change
      object: Karpenter-example-instance-state-change
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: targets.queue
          before: null
          after: arn:aws:sqs:ap-southeast-3:123456789012:Karpenter-example
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(name) and C(arn) of each rule by its logical key; both are known before the rule exists.
  returned: always
  type: dict
  sample:
    instance_state_change:
      name: Karpenter-example-instance-state-change
      arn: arn:aws:events:ap-southeast-3:123456789012:rule/Karpenter-example-instance-state-change
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eventbridge import run_rules as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("events", "resourcegroupstaggingapi")
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
