#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_keys
short_description: Reconcile a list of customer managed KMS keys
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates symmetric KMS keys with alias, description, policy, rotation and tags, all in one task.
  - A key is found by its alias, else by its mark, so that a run that died before it named the key makes no second one.
  - A disabled key is enabled. A key that is scheduled for deletion fails the run, unless the consent
    V(restore:kms_key/SCOPE.KEY)
    allows to cancel the deletion.
  - Deleting means scheduling the deletion in 30 days.
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
  keys:
    description:
      - The keys, keyed by a logical name. Each is a map of the following options.
      - C(alias) (string, required), with or without C(alias/).
      - C(description) (string).
      - C(policy) (map or JSON text), the key policy; AWS gives a new key one that admits the account's own policies.
      - C(rotation) (boolean, default true), once a year.
      - C(tags) (map), besides O(tags).
      - An option that is left out (and has no default) is not changed.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: A key for Kubernetes secrets
  piksel.platform.kms_keys:
    region: ap-southeast-3
    scope: eks_cluster
    keys:
      secrets:
        alias: eks/example
        description: Kubernetes secrets of example
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
      kind: kms_key
      key: eks_cluster.secrets
      object: alias/eks/example
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: alias
          before: null
          after: alias/eks/example
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(alias), C(key_id) and C(arn) of each key by its logical key; of a key that does not exist yet, id and
    ARN are unknown.
  returned: always
  type: dict
  sample:
    secrets:
      alias: alias/eks/example
      key_id: 0d990263-018e-4e65-a703-eff731de951e
      arn: arn:aws:kms:ap-southeast-3:123456789012:key/0d990263-018e-4e65-a703-eff731de951e
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.kms import run_keys as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("kms", "resourcegroupstaggingapi")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {"keys": {"type": "dict", "required": True, "no_log": False}},
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
