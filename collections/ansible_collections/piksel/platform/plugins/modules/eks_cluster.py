#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster
short_description: Reconcile an EKS cluster
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates a cluster whole, and changes version, endpoint, logging, encryption, access mode, subnets, upgrade policy,
    zonal shift, deletion
    protection and tags of an existing one in place, one update after another.
  - What EKS cannot change (role, service CIDR, subnets in another VPC, another encryption key, a cluster in state
    FAILED) is a replacement,
    held unless the consent V(replace:eks_cluster/SCOPE.KEY) is given.
  - A downgrade, and more than one minor version at a time, are refused before any write.
  - A wait ends with the first failed state and the service's reason. A cluster that an earlier run left in motion is
    waited for.
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
  key:
    description: Logical name of the cluster.
    type: str
    default: cluster
  name:
    description: Name of the cluster.
    type: str
    required: true
  version:
    description: Kubernetes version, for instance V(1.34). Without it a new cluster has the default of EKS and an
      existing one is left alone.
    type: str
  cluster_role_arn:
    description: ARN of the cluster's role, not to be confused with the role that the run assumes. Needed unless
      O(state=active).
    type: str
  subnet_ids:
    description: Subnets for the control plane's network interfaces, in at least two zones. Needed unless
      O(state=active).
    type: list
    elements: str
  security_group_ids:
    description: Further security groups besides the one that EKS makes.
    type: list
    elements: str
    default: []
  endpoint_public_access:
    description: Whether the API server has a public endpoint.
    type: bool
    default: true
  endpoint_private_access:
    description: Whether the API server has an endpoint in the VPC.
    type: bool
    default: true
  public_access_cidrs:
    description: Who reaches the public endpoint.
    type: list
    elements: str
  logging_types:
    description: Control-plane logs to send to CloudWatch; the others are switched off.
    type: list
    elements: str
    choices: [api, audit, authenticator, controllerManager, scheduler]
  encryption_key_arn:
    description: ARN of the KMS key that Kubernetes secrets are encrypted with.
    type: str
  authentication_mode:
    description:
      - How callers are mapped to Kubernetes users; it can only go from V(CONFIG_MAP) towards V(API).
      - The last step of an existing cluster, from V(API_AND_CONFIG_MAP) to V(API), locks out whoever stands only in the
        ConfigMap C(aws-auth). It is held until O(consent) has C(restrict:eks_cluster/SCOPE.KEY).
    type: str
    choices: [CONFIG_MAP, API_AND_CONFIG_MAP, API]
    default: API
  bootstrap_creator_admin:
    description: Whether the creator of a new cluster becomes its administrator.
    type: bool
    default: false
  bootstrap_self_managed_addons:
    description: Whether a new cluster gets vpc-cni, kube-proxy and coredns that no add-on manages.
    type: bool
  service_ipv4_cidr:
    description: Range of service addresses, which only a new cluster can be given.
    type: str
  upgrade_policy:
    description: Whether the cluster enters paid extended support.
    type: str
    choices: [STANDARD, EXTENDED]
  zonal_shift:
    description: Whether zonal shift is enabled.
    type: bool
  deletion_protection:
    description: Whether EKS refuses to delete the cluster.
    type: bool
  state:
    description:
      - V(present) makes and changes the cluster and waits until it is active.
      - V(started) does not wait for a new cluster; changes of an existing one are still waited for, since they come
        one after another.
      - V(active) changes nothing; it waits for a cluster that another task started. In check mode a missing cluster
        has unknown facts.
    type: str
    choices: [present, started, active]
    default: present
  made_anew:
    description: With O(state=active), whether the task that started the cluster replaces it. Then check mode hands on
      unknown facts, and not those of the cluster that goes.
    type: bool
    default: false
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: Start the cluster
  piksel.platform.eks_cluster:
    region: ap-southeast-3
    scope: eks_cluster
    name: example
    version: "1.34"
    cluster_role_arn: arn:aws:iam::123456789012:role/example-cluster
    subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    logging_types: [api, audit, authenticator, controllerManager, scheduler]
    encryption_key_arn: arn:aws:kms:ap-southeast-3:123456789012:key/0d990263-018e-4e65-a703-eff731de951e
    state: started
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
      kind: eks_cluster
      key: eks_cluster.cluster
      object: example
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: version
          before: null
          after: "1.34"
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: The facts of RV(cluster), by the cluster's logical key.
  returned: always
  type: dict
  sample:
    cluster:
      name: example
      arn: arn:aws:eks:ap-southeast-3:123456789012:cluster/example
      status: ACTIVE
      version: "1.34"
      platform_version: eks.9
      endpoint: https://0123456789ABCDEF0123456789ABCDEF.gr7.ap-southeast-3.eks.amazonaws.com
      certificate_authority: LS0tLS1CRUdJTg==
      oidc_issuer: https://oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF
      security_group_id: sg-0123456789abcdef0
      vpc_id: vpc-0123456789abcdef0
      service_ipv4_cidr: 10.100.0.0/16
      cluster_role_arn: arn:aws:iam::123456789012:role/example-cluster
cluster:
  description: Facts of the cluster; those that do not exist yet are unknown.
  returned: success
  type: dict
  sample:
    name: example
    arn: arn:aws:eks:ap-southeast-3:123456789012:cluster/example
    status: ACTIVE
    version: "1.34"
    platform_version: eks.9
    endpoint: https://0123456789ABCDEF0123456789ABCDEF.gr7.ap-southeast-3.eks.amazonaws.com
    certificate_authority: LS0tLS1CRUdJTg==
    oidc_issuer: https://oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF
    security_group_id: sg-0123456789abcdef0
    vpc_id: vpc-0123456789abcdef0
    service_ipv4_cidr: 10.100.0.0/16
    cluster_role_arn: arn:aws:iam::123456789012:role/example-cluster
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_cluster import CLUSTER_ARGUMENTS, CLUSTER_NEEDS
from ansible_collections.piksel.platform.plugins.module_utils.eks_cluster import run_cluster as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("eks", "ec2", "iam")
SPEC = runner.spec(
    AWS_ARGUMENTS, CONSENT_ARGUMENTS, SCOPE_ARGUMENTS, TAGS_ARGUMENTS, CLUSTER_ARGUMENTS, required_if=CLUSTER_NEEDS
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
