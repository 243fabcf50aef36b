#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_policies
short_description: Reconcile a list of customer managed IAM policies
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates customer managed policies, all in one task.
  - A document is compared by meaning with that of the default version. Where it differs, a version that says what is
    wanted becomes the default one, a new one where there is none. The oldest version without effect makes room for a
    sixth.
  - A policy of the same name without mark is adopted by marking it.
  - A policy that is deleted or replaced is taken from roles, users and groups first; a replaced one goes back to them.
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
  policies:
    description:
      - The policies, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required), the policy's name, unique in the account whatever its case and path.
      - C(path) (string, default C(/)), which only a new policy can be given.
      - C(description) (string), which only a new policy can be given.
      - C(document) (map or JSON text, required), at most 6144 characters without white space.
      - C(tags) (map), besides O(tags).
      - An option that is left out (and has no default) is not changed.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: What workloads may do
  piksel.platform.iam_policies:
    region: ap-southeast-3
    scope: irsa
    policies:
      reader:
        name: example-reader
        document:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: s3:GetObject
              Resource: arn:aws:s3:::example/*
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
      kind: iam_policy
      key: irsa.reader
      object: example-reader
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: path
          before: null
          after: /
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(name) and C(arn) of each policy by its logical key; both are known before the policy exists.
  returned: always
  type: dict
  sample:
    reader:
      name: example-reader
      arn: arn:aws:iam::123456789012:policy/example-reader
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.iam_policies import run_policies as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("iam",)
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {"policies": {"type": "dict", "required": True}},
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
