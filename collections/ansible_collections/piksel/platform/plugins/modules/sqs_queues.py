#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sqs_queues
short_description: Reconcile a list of SQS queues
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates standard queues with retention, visibility, encryption, policy and tags, all in one task.
  - The policy is compared by meaning. A queue of the same name without mark is adopted by marking it.
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
  queues:
    description:
      - The queues, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required).
      - C(message_retention_period) (integer), in seconds, 60 to 1209600.
      - C(visibility_timeout) (integer), in seconds, up to 43200.
      - C(encryption) (string), C(sqs) for keys of SQS itself, C(none), or id, ARN or alias of a KMS key.
      - C(policy) (map or JSON text), who may send and receive.
      - C(tags) (map), besides O(tags).
      - An option that is left out is not changed.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: The queue of interruption messages
  piksel.platform.sqs_queues:
    region: ap-southeast-3
    scope: karpenter
    queues:
      interruption:
        name: Karpenter-example
        message_retention_period: 300
        encryption: sqs
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
      kind: sqs_queue
      key: karpenter.interruption
      object: Karpenter-example
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: message_retention_period
          before: null
          after: 300
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description:
    - C(name), C(arn) and C(url) of each queue by its logical key. Name and ARN are known before the queue exists.
  returned: always
  type: dict
  sample:
    interruption:
      name: Karpenter-example
      arn: arn:aws:sqs:ap-southeast-3:123456789012:Karpenter-example
      url: https://sqs.ap-southeast-3.amazonaws.com/123456789012/Karpenter-example
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.sqs import run_queues as run

SERVICES = ("sqs", "resourcegroupstaggingapi")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {"queues": {"type": "dict", "required": True}},
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
