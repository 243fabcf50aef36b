#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_kubeconfig
short_description: Keep the context of an EKS cluster in a kubeconfig file
version_added: 0.1.0
description:
  - Writes cluster, user and context under one fixed name, as C(aws eks update-kubeconfig) does with an alias.
    Everything else in the file stays, its comments excepted.
  - The file is replaced in one step and readable by its owner only.
  - With O(state=verified) nothing is written; the task fails unless the current context of the file is this cluster.
author:
  - Piksel platform contributors (@piksel-platform)
options:
  cluster_name:
    description: Name of the EKS cluster.
    type: str
    required: true
  cluster_endpoint:
    description:
      - Endpoint of the cluster, as M(piksel.platform.eks_cluster) returned it. Only check mode looks at it.
      - A value that is known only after the run says that the cluster is yet to be made, or made anew, so that it has
        no address yet.
    type: str
  context:
    description: Name of the context; the cluster's name when left out.
    type: str
    aliases: [alias]
  path:
    description: The file. Of a list of files, as E(KUBECONFIG) may hold one, the first.
    type: path
    default: ~/.kube/config
  set_current:
    description: Whether to make it the current context as well.
    type: bool
    default: false
  state:
    description:
      - V(present) writes what is missing or different.
      - V(verified) fails unless the current context reaches this cluster, for whatever acts on the current context.
    type: str
    choices: [present, verified]
    default: present
extends_documentation_fragment:
  - piksel.platform.aws
"""

EXAMPLES = r"""
- name: Write the context
  piksel.platform.eks_kubeconfig:
    profile: dev-piksel
    region: ap-southeast-3
    cluster_name: piksel-dev

- name: Refuse to go on when kubectl points elsewhere
  piksel.platform.eks_kubeconfig:
    profile: dev-piksel
    region: ap-southeast-3
    cluster_name: piksel-dev
    state: verified
"""

RETURN = r"""
operations:
  description: What was done to the file, or in check mode what would be done.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      api: local
      kind: kubeconfig_context
      key: kubeconfig.piksel-dev
      object: piksel-dev
      account: "123456789012"
      region: ap-southeast-3
      cluster: piksel-dev
      changes:
        - path: server
          before: null
          after: https://example.gr7.ap-southeast-3.eks.amazonaws.com
held:
  description: Always empty; a context is never deleted.
  returned: always
  type: list
  elements: dict
  sample: []
resources:
  description: Name of the context to its name, file and server.
  returned: always
  type: dict
  sample:
    piksel-dev:
      name: piksel-dev
      path: /etc/kubernetes/piksel.yml
      server: https://example.gr7.ap-southeast-3.eks.amazonaws.com
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_kubeconfig import (
    KUBECONFIG_ARGUMENTS,
)
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_kubeconfig import run_kubeconfig as run

SERVICES = ("sts", "eks")
SPEC = runner.spec(KUBECONFIG_ARGUMENTS)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
