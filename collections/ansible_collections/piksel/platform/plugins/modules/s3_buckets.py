#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_buckets
short_description: Reconcile a list of S3 buckets
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates S3 buckets with object ownership, public access block, policy, lifecycle, CORS, encryption,
    versioning, website and tags, all in one task.
  - A bucket of the same name and account without mark is adopted by marking it. A bucket of another account or in
    another region is refused.
  - No run deletes an object. A bucket that is no longer wanted is deleted only with consent, and only when it is
    empty.
  - A change that would let data get lost which the bucket holds is held without the consent C(discard:s3_bucket/KEY).
    That is a lifecycle rule that deletes what no rule deleted before, and versions that would no longer be kept.
    Nothing of the kind is held for an empty bucket.
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
  buckets:
    description:
      - The buckets, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required), unique across all accounts.
      - C(ownership) (string, default C(BucketOwnerEnforced), which turns ACLs off), or C(BucketOwnerPreferred),
        C(ObjectWriter).
      - C(public_access_block) (map), four flags, each true by default, C(block_public_acls), C(ignore_public_acls),
        C(block_public_policy), C(restrict_public_buckets).
      - C(policy) (map or JSON text), the whole bucket policy; what others add to it is taken away again. An empty map
        takes the policy off.
      - C(lifecycle_rules) (map), all rules of the bucket by id, each with C(prefix) (string, default every object) and
        some of C(abort_multipart_days), C(expiration_days), C(noncurrent_expiration_days) (integers) and
        C(transitions) (map from storage class to days). Rules are compared by meaning, not by id.
      - C(cors_rules) (list), all rules in order, each with C(allowed_origins), C(allowed_methods) (lists, required),
        C(allowed_headers), C(expose_headers) (lists) and C(max_age_seconds) (integer).
      - C(encryption) (string, default C(AES256)), the algorithm by which S3 encrypts new objects.
      - C(versioning) (boolean).
      - C(website) (map) with C(index_document) (string, required) and C(error_document) (string).
      - C(tags) (map), besides O(tags).
      - An option that is left out (and has no default) is not changed. An empty C(lifecycle_rules), C(cors_rules) or
        C(website) takes off what is there.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: A private bucket whose objects expire
  piksel.platform.s3_buckets:
    region: ap-southeast-3
    scope: s3
    buckets:
      artifacts:
        name: example-artifacts
        lifecycle_rules:
          expire:
            expiration_days: 60
          abort-multipart:
            abort_multipart_days: 7
        cors_rules: []
        website: {}
        versioning: false
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
    - action: update
      api: aws
      kind: s3_bucket
      key: s3.artifacts
      object: example-artifacts
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: public_access_block.block_public_policy
          before: false
          after: true
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(name), C(arn) and C(region) of each bucket by its logical key; all are known before the bucket exists.
  returned: always
  type: dict
  sample:
    artifacts:
      name: example-artifacts
      arn: arn:aws:s3:::example-artifacts
      region: ap-southeast-3
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.s3 import run_buckets as run

SERVICES = ("s3", "resourcegroupstaggingapi")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {"buckets": {"type": "dict", "required": True}},
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
