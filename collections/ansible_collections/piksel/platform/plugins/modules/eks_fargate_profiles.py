#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_fargate_profiles
short_description: Reconcile the Fargate profiles of an EKS cluster
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates Fargate profiles and keeps their tags, all in one task, and waits for them. A failed state ends the wait at
    once with the health issues that EKS gives.
  - EKS creates or deletes one profile of a cluster at a time. The task takes turns by itself, and waits for a profile
    that an earlier run or somebody else has set in motion.
  - Nothing of a profile but its tags can be changed. Any other difference is a replacement, done only with O(consent);
    pods of a profile that is deleted go with it.
  - A profile of the same name without mark is adopted by marking it.
options:
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  cluster_endpoint:
    description:
      - Endpoint of the cluster, as M(piksel.platform.eks_cluster) returned it.
      - A value that is known only after the run says that the cluster is yet to be made, or made anew, so that it has
        no profiles yet.
    type: str
  scope:
    description:
      - Whose list this is, usually the role's name. The mark on each object is C(KIND/SCOPE.KEY).
      - One scope has one list per kind; what bears its mark and is not in the list is planned for deletion, done only
        with O(consent).
    type: str
    required: true
  tags:
    description: Tags that every profile of the list gets. Tags that others put on a profile are left alone.
    type: dict
    default: {}
  profiles:
    description:
      - The profiles, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required), the profile's name.
      - C(pod_execution_role_arn) (string, required), the role by which Fargate pulls images and joins the cluster.
      - C(subnet_ids) (list, required), private subnets of the cluster's network.
      - C(selectors) (list, required), one to five maps with C(namespace) and up to five C(labels). A pod that one of
        them fits runs on Fargate. Their order means nothing.
      - C(tags) (map), besides O(tags).
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - name: Fargate profiles
    description: What they select, in the user guide of EKS.
    link: https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
"""

EXAMPLES = r"""
- name: The pods of two namespaces run on Fargate
  piksel.platform.eks_fargate_profiles:
    region: ap-southeast-3
    cluster_name: example
    scope: fargate_profiles
    profiles:
      kube_system:
        name: kube-system
        pod_execution_role_arn: arn:aws:iam::123456789012:role/example-fargate-pods
        subnet_ids: [subnet-01, subnet-02]
        selectors:
          - namespace: kube-system
      flux:
        name: flux
        pod_execution_role_arn: arn:aws:iam::123456789012:role/example-fargate-pods
        subnet_ids: [subnet-01, subnet-02]
        selectors:
          - namespace: flux-system
            labels:
              app.kubernetes.io/part-of: flux
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
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(name), C(arn), C(status) and C(health) of each profile by its logical key.
  returned: always
  type: dict
  sample:
    kube_system:
      name: kube-system
      arn: arn:aws:eks:ap-southeast-3:123456789012:fargateprofile/example/kube-system/01234567
      status: ACTIVE
      health: ""
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_fargate import PROFILES_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_fargate import run_profiles as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("eks", "iam")
SPEC = runner.spec(AWS_ARGUMENTS, CONSENT_ARGUMENTS, SCOPE_ARGUMENTS, TAGS_ARGUMENTS, PROFILES_ARGUMENTS)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
