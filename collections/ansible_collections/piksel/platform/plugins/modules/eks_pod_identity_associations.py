#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_pod_identity_associations
short_description: Reconcile the Pod Identity associations of an EKS cluster
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates the associations that give the pods of a service account a role, all in one task.
  - The service account need not exist. Pods on Fargate get no credentials this way.
  - An association of the same service account without mark is adopted by marking it; one that an add-on owns is
    refused.
  - A cluster that does not exist yet has no associations, so in check mode all are planned.
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
        no associations yet.
    type: str
  associations:
    description:
      - The associations, keyed by a logical name. Each is a map of the following options.
      - C(namespace) (string, required), in Kubernetes.
      - C(service_account) (string, required), its name there.
      - C(role_arn) (string, required), a role of this account that trusts C(pods.eks.amazonaws.com).
      - C(target_role_arn) (string), a role that EKS assumes from there, also of another account; empty text takes it
        off.
      - C(tags) (map), besides O(tags).
      - An option that is left out (and has no default) is not changed.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: Give the load balancer controller its role
  piksel.platform.eks_pod_identity_associations:
    region: ap-southeast-3
    scope: irsa
    cluster_name: example
    associations:
      controller:
        namespace: kube-system
        service_account: controller
        role_arn: arn:aws:iam::123456789012:role/example-controller
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
      kind: eks_pod_identity_association
      key: irsa.controller
      object: kube-system/controller
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: role_arn
          before: arn:aws:iam::123456789012:role/other
          after: arn:aws:iam::123456789012:role/example-controller
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(namespace), C(service_account), C(arn) and C(association_id) of each association by its logical key;
    ARN and id of one that does not exist yet are unknown.
  returned: always
  type: dict
  sample:
    controller:
      namespace: kube-system
      service_account: controller
      arn: arn:aws:eks:ap-southeast-3:123456789012:podidentityassociation/example/a-0123456789abcdef0
      association_id: a-0123456789abcdef0
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_pod_identity import run_associations as run
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
        "associations": {"type": "dict", "required": True},
    },
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
