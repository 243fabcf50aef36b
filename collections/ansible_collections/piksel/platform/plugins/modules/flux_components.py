#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: flux_components
short_description: Bring the components of Flux to an EKS cluster
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Reads a branch of the Git repository that Flux is to follow. Where its path has C(flux-system/gotk-components.yaml),
    as C(flux bootstrap) puts it there, that is the manifest, so that Flux and this module never disagree. Otherwise
    it is O(manifest).
  - Applies its objects as M(piksel.platform.k8s_objects) does, with a place for the pods of every Deployment.
    Namespaces in it are left out.
  - Ends with what git says where the repository cannot be read, and where it has no such branch or path. Check mode
    only tells the former, since the run may make the key or let it be registered.
  - The private half of the deploy key is in memory only. It is read from AWS Secrets Manager and given to ssh in a file
    without a name. Without a stored key ssh uses what this machine has.
options:
  cluster_name:
    description: Name of the EKS cluster.
    type: str
    required: true
  cluster_endpoint:
    description:
      - Endpoint of the cluster, as M(piksel.platform.eks_cluster) returned it. Only check mode looks at it.
      - A value that is known only after the run says that the cluster is yet to be made, or made anew.
    type: str
  scope:
    description:
      - What the objects belong to, usually the name of the role. Two tasks on one cluster must not share a scope.
    type: str
    required: true
  repository:
    description: What Flux follows.
    type: dict
    required: true
    suboptions:
      url:
        description: Address, C(ssh://) or C(https://).
        type: str
        required: true
      branch:
        description: Branch.
        type: str
        required: true
      path:
        description: Folder with the manifests of the environment.
        type: str
        required: true
      deploy_key_secret:
        description:
          - Name of the secret with the key pair, as M(piksel.platform.secretsmanager_secrets) generates it in the form
            V(ed25519).
        type: str
      known_hosts:
        description: Public keys of the host, as in a file C(known_hosts). Other keys are refused.
        type: str
  manifest:
    description: Address or file of the manifest, where the repository has none.
    type: str
    required: true
  version:
    description: Version of Flux that is expected, such as V(v2.6.0). A manifest of another version is told.
    type: str
    required: true
  node_selector:
    description: Node selector that every Deployment gets besides its own.
    type: dict
    default: {}
  tolerations:
    description: Tolerations that every Deployment gets besides its own.
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
requirements:
  - git
  - PyYAML
seealso:
  - name: Installation of Flux
    description: What the components are.
    link: https://fluxcd.io/flux/installation/
"""

EXAMPLES = r"""
- name: Bring the components of Flux
  piksel.platform.flux_components:
    region: ap-southeast-3
    cluster_name: example
    scope: flux_components
    repository:
      url: ssh://git@github.com/example/gitops
      branch: main
      path: clusters/example
      deploy_key_secret: example-deploy-key
    manifest: https://github.com/fluxcd/flux2/releases/download/v2.6.0/install.yaml
    version: v2.6.0
    tolerations:
      - key: CriticalAddonsOnly
        operator: Exists
"""

RETURN = r"""
operations:
  description: What was done, or in check mode would be done, in the form of M(piksel.platform.k8s_objects).
  returned: always
  type: list
  elements: dict
held:
  description: Deletes that were not done for want of consent, each with the word to give.
  returned: always
  type: list
  elements: dict
resources:
  description: Logical key to what names the object.
  returned: always
  type: dict
revision:
  description: Branch and commit that were read, null where check mode could not read the repository.
  returned: success
  type: str
  sample: main@sha1:0f5ff8d0e8b27c6c8f5b6a0e0c8c9c3f4d5e6f70
source:
  description: Where the manifest comes from, V(repository) or V(manifest).
  returned: success
  type: str
  sample: repository
version:
  description: Version of Flux that the manifest names.
  returned: success
  type: str
  sample: v2.6.0
notices:
  description: What is worth knowing, such as another version than the expected one.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.flux_components import run
from ansible_collections.piksel.platform.plugins.module_utils.git_repository import REPOSITORY_OPTIONS
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("sts", "eks", "secretsmanager")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    {
        "cluster_name": {"type": "str", "required": True},
        "cluster_endpoint": {"type": "str"},
        "repository": {"type": "dict", "required": True, "options": REPOSITORY_OPTIONS},
        "manifest": {"type": "str", "required": True},
        "version": {"type": "str", "required": True},
        "node_selector": {"type": "dict", "default": {}},
        "tolerations": {"type": "list", "elements": "dict", "default": []},
    },
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
