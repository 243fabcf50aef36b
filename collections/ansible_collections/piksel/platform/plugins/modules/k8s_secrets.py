#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_secrets
short_description: Bring Kubernetes Secrets of an EKS cluster to the values of AWS Secrets Manager
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Reads the secrets of AWS Secrets Manager that the list refers to, puts their values into Kubernetes Secrets,
    compares those with what the cluster has, and applies the ones that differ, as M(piksel.platform.k8s_objects) does.
  - Values never leave the module. No result, difference or message holds one. A key whose value differs is shown by its
    name.
  - A Secret that cannot be made yet is left out, told in RV(notices), and not deleted where it exists. That is one
    whose manual secret has no value, or that has a part that is null.
  - Keys that others put into one of these Secrets are left alone.
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
      - What the list belongs to, usually the name of the role. Two tasks on one cluster must not share a scope.
    type: str
    required: true
  secrets:
    description:
      - The secrets of AWS Secrets Manager by logical key, in the form of
        O(piksel.platform.secretsmanager_secrets#module:secrets).
    type: dict
    required: true
  kubernetes_secrets:
    description:
      - The Kubernetes Secrets by logical key, each a map with C(name), C(namespace) and C(data).
      - C(data) maps each key to a text, to a reference, or to a map with C(yaml). A reference is a map with
        C(from_secret), the logical key of a secret, and C(key) for one key of its JSON object. What stands in C(yaml)
        becomes a YAML document, in which references stand for values.
      - A part that is null is not known yet.
    type: dict
    required: true
  missing:
    description:
      - Logical keys of manual secrets that have no value anywhere, as M(piksel.platform.secretsmanager_secrets)
        returned them. Only check mode looks at it, since it takes other absent ones for about to be made.
      - Without it nothing is about to be made, and check mode leaves out or refuses what the run would.
    type: list
    elements: str
  renewed:
    description:
      - Logical keys of secrets that get another value, as M(piksel.platform.secretsmanager_secrets) returned them. Only
        check mode looks at it, since Secrets Manager still has the old values then.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: Give an application its password
  piksel.platform.k8s_secrets:
    region: ap-southeast-3
    cluster_name: example
    scope: secrets
    secrets:
      database: {name: database-password, generate: password}
      oauth: {name: example-oauth, keys: [client_id, client_secret]}
    kubernetes_secrets:
      database:
        name: database
        namespace: example
        data:
          username: example
          password: {from_secret: database}
      values:
        name: values
        namespace: example
        data:
          values.yaml:
            yaml:
              auth:
                clientSecret: {from_secret: oauth, key: client_secret}
"""

RETURN = r"""
changed:
  description: Whether there are operations.
  returned: always
  type: bool
operations:
  description:
    - What was done, or in check mode would be done, in the form of M(piksel.platform.k8s_objects).
    - In place of a value stands C((sensitive)).
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      api: kubernetes
      kind: Secret
      key: secrets.database
      object: example/database
      account: "123456789012"
      region: ap-southeast-3
      cluster: example
      changes:
        - path: data.password
          before: (sensitive)
          after: (sensitive)
held:
  description: Deletes that were not done for want of consent, each with the word to give.
  returned: always
  type: list
  elements: dict
resources:
  description: Logical key to what names the Secret.
  returned: always
  type: dict
  sample:
    database:
      name: database
      namespace: example
      api_version: v1
      kind: Secret
left_out:
  description: Logical keys of the Secrets that cannot be made yet.
  returned: success
  type: list
  elements: str
  sample: []
notices:
  description: What is worth knowing, such as why a Secret is left out.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_secrets import run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("sts", "eks", "secretsmanager")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    {
        "cluster_name": {"type": "str", "required": True},
        "cluster_endpoint": {"type": "str"},
        "secrets": {"type": "dict", "required": True, "no_log": False},
        "kubernetes_secrets": {"type": "dict", "required": True, "no_log": False},
        "missing": {"type": "list", "elements": "str"},
        "renewed": {"type": "list", "elements": "str", "default": []},
    },
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
