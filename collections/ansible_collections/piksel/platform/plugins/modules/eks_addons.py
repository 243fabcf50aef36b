#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_addons
short_description: Reconcile the managed add-ons of an EKS cluster
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates managed add-ons with version, configuration values, role of their service account and tags, all
    in one task, and waits for them. A failed state ends the wait at once with the health issues that EKS gives.
  - Configuration values are compared by meaning, whether they were written as JSON or YAML.
  - A version that EKS does not offer for the Kubernetes version, and configuration that the add-on's schema lacks, is
    refused before any write. This is asked only about add-ons that are made or changed.
  - An add-on that has a newer version than is wanted is taken back only with the consent C(downgrade:eks_addon/...).
    Until then this change is held, and the other changes of the add-on are made.
  - An add-on without mark is adopted by marking it.
options:
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  cluster_endpoint:
    description:
      - Endpoint of the cluster, as M(piksel.platform.eks_cluster) returned it.
      - A value that is known only after the run says that the cluster is yet to be made, or made anew, so that it has
        no add-ons yet.
    type: str
  kubernetes_version:
    description: Kubernetes version that the add-ons have to fit, as a minor.
    type: str
    required: true
  scope:
    description:
      - Whose list this is, usually the role's name. The mark on each object is C(KIND/SCOPE.KEY).
      - One scope has one list per kind; what bears its mark and is not in the list is planned for deletion, done only
        with O(consent).
    type: str
    required: true
  tags:
    description: Tags that every add-on of the list gets. Tags that others put on an add-on are left alone.
    type: dict
    default: {}
  addons:
    description:
      - The add-ons, keyed by the name that EKS knows them by. Each is a map of the following options.
      - C(version) (string, default C(default)). C(default) stands for the version that EKS has as default for the
        Kubernetes version.
      - C(configuration_values) (map, default empty). The entry owns all of it.
      - C(service_account_role_arn) (string), the role of the add-on's service account. Without it the role is not
        changed.
      - C(resolve_conflicts) (C(OVERWRITE), C(PRESERVE) or C(NONE), default C(PRESERVE)), what happens to fields in the
        cluster that differ from what the add-on sets. A creation takes over what a new cluster comes with, so
        C(PRESERVE) counts for updates; C(NONE) lets both fail on a conflict.
      - C(wait_for) (C(active) or C(created), default C(active)). With C(created) an add-on may stay C(DEGRADED), as
        one does whose pods find no node.
      - C(tags) (map), besides O(tags).
    type: dict
    required: true
  wait_timeout:
    description: Seconds after which waiting for an add-on is given up.
    type: int
    default: 1200
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - name: Amazon EKS add-ons
    description: What they are, in the user guide of EKS.
    link: https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html
"""

EXAMPLES = r"""
- name: CoreDNS for a cluster that runs it on Fargate
  piksel.platform.eks_addons:
    region: ap-southeast-3
    cluster_name: example
    kubernetes_version: "1.34"
    scope: addons
    addons:
      coredns:
        version: default
        resolve_conflicts: OVERWRITE
        configuration_values:
          computeType: Fargate
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
  description:
    - C(name), C(version), C(arn), C(status) and C(health) of each add-on by its name, and C(why), how the version was
      chosen.
  returned: always
  type: dict
  sample:
    coredns:
      name: coredns
      version: v1.13.2-eksbuild.4
      why: the default of EKS for Kubernetes 1.34
      arn: arn:aws:eks:ap-southeast-3:123456789012:addon/example/coredns/00000000-0000-0000-0000-000000000000
      status: ACTIVE
      health: ""
notices:
  description: How the version of an add-on that is made or changed was chosen, and which add-on is degraded and why.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_addons import ADDONS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_addons import run_addons as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("eks", "iam")
SPEC = runner.spec(AWS_ARGUMENTS, CONSENT_ARGUMENTS, SCOPE_ARGUMENTS, TAGS_ARGUMENTS, ADDONS_ARGUMENTS)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
