#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_access_entries
short_description: Reconcile the access entries of an EKS cluster
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates access entries with their access policies, all in one task.
  - Entries that bear no mark, such as those that EKS makes for Fargate profiles, are left alone.
  - A cluster that does not exist yet has no entries, so in check mode all are planned.
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
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  cluster_endpoint:
    description:
      - Endpoint of the cluster, as M(piksel.platform.eks_cluster) returned it. Only check mode looks at it.
      - A value that is known only after the run says that the cluster is yet to be made, or made anew, so that it has
        no entries yet.
    type: str
  access_entries:
    description:
      - The entries, keyed by a logical name. Each is a map of the following options.
      - C(principal_arn) (string, required), ARN of the IAM role or user, with its path.
      - C(type) (string, default C(STANDARD)), for instance C(EC2_LINUX) for the role of nodes. A change replaces the
        entry.
      - C(username) (string), in Kubernetes; EKS has a default.
      - C(kubernetes_groups) (list), in Kubernetes.
      - C(policies) (list of maps), access policies with C(policy) (ARN, or name of a policy of EKS), C(scope)
        (C(cluster), the default, or
        C(namespace)) and C(namespaces) (list). The entry owns all of its policies.
      - C(tags) (map), besides O(tags).
      - An option that is left out (and has no default) is not changed.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: Administrators
  piksel.platform.eks_access_entries:
    region: ap-southeast-3
    scope: eks_cluster
    cluster_name: example
    access_entries:
      administrators:
        principal_arn: arn:aws:iam::123456789012:role/Admin
        policies:
          - policy: AmazonEKSClusterAdminPolicy
      developers:
        principal_arn: arn:aws:iam::123456789012:role/Developer
        policies:
          - policy: AmazonEKSEditPolicy
            scope: namespace
            namespaces: [jupyterhub]
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
      kind: eks_access_entry
      key: eks_cluster.administrators
      object: arn:aws:iam::123456789012:role/Admin
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: type
          before: null
          after: STANDARD
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(principal_arn) and C(arn) of each entry by its logical key; the ARN of an entry that does not exist
    yet is unknown.
  returned: always
  type: dict
  sample:
    administrators:
      principal_arn: arn:aws:iam::123456789012:role/Admin
      arn: arn:aws:eks:ap-southeast-3:123456789012:access-entry/example/role/123456789012/Admin/60c1f5a1
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_access import run_entries as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("eks", "iam")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {
        "cluster_name": {"type": "str", "required": True},
        "cluster_endpoint": {"type": "str"},
        "access_entries": {"type": "dict", "required": True},
    },
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
