#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_nodegroups
short_description: Reconcile the managed node groups of an EKS cluster
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates managed node groups, all in one task, and waits for them. A failed state ends the wait at once
    with the health issues that EKS gives.
  - Scaling limits, labels, taints, update configuration, tags, the Kubernetes version, the release of the node image
    and the version of the launch template are changed in place. Any other difference is a replacement, done only with
    O(consent).
  - How many nodes are desired counts at creation. Later it belongs to whoever scales the group, and moves only as far
    as the limits ask.
  - A node group of the same name without mark is adopted by marking it.
options:
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  cluster_endpoint:
    description:
      - Endpoint of the cluster, as M(piksel.platform.eks_cluster) returned it.
      - A value that is known only after the run says that the cluster is yet to be made, or made anew, so that it has
        no node groups yet.
    type: str
  scope:
    description:
      - Whose list this is, usually the role's name. The mark on each object is C(KIND/SCOPE.KEY).
      - One scope has one list per kind; what bears its mark and is not in the list is planned for deletion, done only
        with O(consent).
    type: str
    required: true
  tags:
    description: Tags that every node group of the list gets. Tags that others put on a node group are left alone.
    type: dict
    default: {}
  nodegroups:
    description:
      - The node groups, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required), the name of the node group.
      - C(node_role_arn) (string, required), the role of the nodes.
      - C(subnet_ids) (list, required), subnets of the nodes.
      - C(capacity_type) (C(ON_DEMAND) or C(SPOT), default C(ON_DEMAND)).
      - C(instance_types) (list, required), in order of preference.
      - C(ami_type) (string, default C(AL2023_x86_64_STANDARD)).
      - C(kubernetes_version) (string) and C(release_version) (string). Without them EKS chooses at creation, and they
        are not changed. The Kubernetes version never goes back.
      - C(launch_template_id) (string) and C(launch_template_version) (string).
      - C(min_size) (integer, default 1), C(max_size) (integer, default 2), and C(desired_size) (integer, default 1) of
        a new group.
      - C(labels) (map) and C(taints) (list of maps with C(key), C(value) and C(effect), one of C(NO_SCHEDULE),
        C(NO_EXECUTE), C(PREFER_NO_SCHEDULE)), default empty. The entry owns all of them.
      - C(max_unavailable) (integer) or C(max_unavailable_percentage) (integer), how many nodes an update may take away
        at a time.
      - C(tags) (map), besides O(tags). They are tags of the group; those of instances stand in the launch template.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - module: piksel.platform.ec2_launch_templates
  - name: Managed node groups
    description: What EKS manages of them, in its user guide.
    link: https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
"""

EXAMPLES = r"""
- name: Nodes for what keeps the cluster running
  piksel.platform.eks_nodegroups:
    region: ap-southeast-3
    cluster_name: example
    scope: node_groups
    nodegroups:
      on_demand:
        name: system-v1
        node_role_arn: arn:aws:iam::123456789012:role/example-node
        subnet_ids: [subnet-01, subnet-02]
        instance_types: [t3.large]
        max_size: 2
        labels:
          example.org/system: "true"
        taints:
          - key: CriticalAddonsOnly
            value: "true"
            effect: NO_SCHEDULE
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
  description: C(name), C(group_names) (its Auto Scaling groups), C(arn), C(status) and C(health) of each node group by
    its logical key.
  returned: always
  type: dict
  sample:
    on_demand:
      name: system-v1
      group_names:
        - eks-system-v1-00000000-0000-0000-0000-000000000000
      arn: arn:aws:eks:ap-southeast-3:123456789012:nodegroup/example/system-v1/00000000-0000-0000-0000-000000000000
      status: ACTIVE
      health: ""
notices:
  description: Which node group is degraded, and why.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_nodegroups import NODEGROUPS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_nodegroups import run_nodegroups as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("eks", "iam")
SPEC = runner.spec(AWS_ARGUMENTS, CONSENT_ARGUMENTS, SCOPE_ARGUMENTS, TAGS_ARGUMENTS, NODEGROUPS_ARGUMENTS)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
