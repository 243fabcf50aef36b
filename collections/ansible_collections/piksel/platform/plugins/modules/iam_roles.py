#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_roles
short_description: Reconcile a list of IAM roles
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates IAM roles with trust policy, attached managed policies, permissions boundary and tags, all in
    one task.
  - Policies are compared by meaning. A role of the same name without mark is adopted by marking it.
  - Inline policies are neither made nor touched.
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
  roles:
    description:
      - The roles, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required), the role's name.
      - C(path) (string, default C(/)), which only a new role can be given.
      - C(description) (string).
      - C(assume_role_policy) (map or JSON text, required), the trust policy.
      - C(managed_policies) (list, default empty), ARNs of policies to attach; a bare name means a policy of AWS.
      - C(purge_policies) (boolean, default true), whether policies that are not in the list are detached.
      - C(permissions_boundary) (string), ARN of the boundary; empty text takes it off.
      - C(max_session_duration) (integer), in seconds.
      - C(tags) (map), besides O(tags).
      - An option that is left out (and has no default) is not changed.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: The cluster's role
  piksel.platform.iam_roles:
    region: ap-southeast-3
    scope: eks_cluster
    roles:
      cluster:
        name: example-cluster
        assume_role_policy:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Principal:
                Service: eks.amazonaws.com
              Action: sts:AssumeRole
        managed_policies:
          - AmazonEKSClusterPolicy
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
      kind: iam_role
      key: eks_cluster.cluster
      object: example-cluster
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: max_session_duration
          before: null
          after: 3600
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(name) and C(arn) of each role by its logical key; both are known before the role exists.
  returned: always
  type: dict
  sample:
    cluster:
      name: example-cluster
      arn: arn:aws:iam::123456789012:role/example-cluster
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.iam import run_roles as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("iam",)
SPEC = runner.spec(
    AWS_ARGUMENTS, CONSENT_ARGUMENTS, SCOPE_ARGUMENTS, TAGS_ARGUMENTS, {"roles": {"type": "dict", "required": True}}
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
