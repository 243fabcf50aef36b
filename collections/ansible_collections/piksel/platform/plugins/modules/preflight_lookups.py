#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_lookups
short_description: Look up what must hold in an account before the platform is made
version_added: 0.1.0
description:
  - Finds the roles that get access to the cluster, asks EKS for the wanted Kubernetes version and compares it with
    the cluster that exists, tries the roles of the hub account, compares service quotas, and looks whether names of
    buckets are taken, and whether secrets that are made by hand have a value. All at the same time, and without a
    write call.
  - Fails with everything that has to be put right, all at once, unless O(on_findings) says otherwise. What is only
    worth knowing is returned in RV(notices).
author:
  - Piksel platform contributors (@piksel-platform)
options:
  admin_role_path:
    description: Path of the role that people sign in with.
    type: str
    default: /
  admin_role_prefix:
    description: What the name of that role begins with, so that exactly one matches. Without it none is looked for.
    type: str
  automation_role_name:
    description: Name of the automation's role, which must exist. Without it no such role is looked for.
    type: str
  cluster_name:
    description: Name of the cluster, which need not exist.
    type: str
    required: true
  kubernetes_version:
    description:
      - Wanted Kubernetes version as a minor. It must be one that EKS offers.
      - An existing cluster can go to the next minor version only, and never back.
    type: str
    required: true
  hub_roles:
    description: Roles of the hub by logical key, each a dictionary with C(arn) and optionally C(external_id).
    type: dict
    default: {}
  quotas:
    description: Service quotas that the platform needs.
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description: Service code.
        type: str
        required: true
      code:
        description: Quota code.
        type: str
        required: true
      name:
        description: What the quota is about, for people.
        type: str
        required: true
      needed:
        description:
          - The least value that will do.
          - For the quota of clusters, C(L-1194D53C) of C(eks), the clusters that exist are added to it, and nothing is
            asked when O(cluster_name) exists.
        type: int
        required: true
      required:
        description: Whether less is a finding. Without, it is only told.
        type: bool
        default: true
  bucket_names:
    description:
      - Names of the buckets by logical key. None of them may be another account's bucket, or lie in another region.
    type: dict
    default: {}
  addons:
    description:
      - Managed add-ons by name, each a dictionary with C(version) (or C(default)), C(configuration_values) and
        C(enabled). EKS must offer each for O(kubernetes_version), and its schema must know the configuration.
      - Nothing is looked up about those that the cluster runs already as they are wanted.
    type: dict
    default: {}
  database:
    description:
      - The database that is wanted. RDS must have its version and class, and the file with the authorities of RDS must
        be there.
      - Nothing is looked up about an instance that is as it is wanted.
    type: dict
    suboptions:
      name:
        description: Identifier of the instance.
        type: str
        required: true
      engine_version:
        description: Version of PostgreSQL, a minor or a major.
        type: str
        required: true
      instance_class:
        description: Class of the instance.
        type: str
        required: true
      ca_bundle:
        description: File with the authorities of RDS.
        type: str
        required: true
  registry:
    description: Container registry of another account that nodes pull from. Whether it lets them is only told.
    type: dict
    default: {}
    suboptions:
      account_id:
        description: Account of the registry; without it none is tried.
        type: str
      repositories:
        description: Names of its repositories.
        type: list
        elements: str
        default: []
  manual_secrets:
    description:
      - Secrets that are made by hand, name to a dictionary with C(keys) and C(description). Each must have a value with
        these keys in Secrets Manager, or be given one by O(secrets_given).
    type: dict
    default: {}
  secrets_given:
    description: How the run gives them values, besides environment variables.
    type: dict
    default: {}
    suboptions:
      values_file:
        description:
          - File with values that Ansible Vault encrypted, as M(piksel.platform.secretsmanager_secrets) takes it.
        type: path
      prompt:
        description: Whether a person will be asked for what is missing, so that it is no finding.
        type: bool
        default: false
      allow_missing:
        description: Whether the run goes on without what is missing, so that it is no finding.
        type: bool
        default: false
  repository:
    description:
      - What Flux is to follow, as M(piksel.platform.flux_components) takes it. Branch and folder must be there.
      - With a token in the environment variable C(PIKSEL_GITHUB_TOKEN), GitHub must tell its deploy keys.
    type: dict
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
  node_pools:
    description:
      - Node pools by logical key, each with C(name), and perhaps C(instance_families), C(instance_types),
        C(instance_sizes), C(capacity_types) and C(enabled). The region must have what they name.
    type: dict
    default: {}
  charts:
    description: Charts of releases, each of which must be there, unless the cluster has the release in this version.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the release.
        type: str
        required: true
      namespace:
        description: Its namespace.
        type: str
        required: true
      chart:
        description: The chart, as M(piksel.platform.helm_releases) takes it.
        type: str
        required: true
      repository:
        description: Address of the repository that O(charts[].chart) is a name of.
        type: str
      version:
        description: Version of the chart.
        type: str
        required: true
  helm_binary:
    description: Path of C(helm), else the one on C(PATH).
    type: str
  on_findings:
    description:
      - Whether findings end the task, or are returned in RV(findings) to be told together with those of
        M(piksel.platform.vpc_lookup).
    type: str
    choices: [fail, return]
    default: fail
extends_documentation_fragment:
  - piksel.platform.aws
attributes:
  check_mode:
    description: Looks up the same; it never makes a write call.
    support: full
"""

EXAMPLES = r"""
- name: Look up what must hold before the cluster is made
  piksel.platform.preflight_lookups:
    profile: dev-piksel
    region: ap-southeast-3
    cluster_name: piksel-dev
    kubernetes_version: "1.34"
    automation_role_name: piksel-automation
"""

RETURN = r"""
administrator_role_arns:
  description: ARNs of the roles that administer the cluster, under C(sso_administrator) and C(automation).
  returned: success
  type: dict
  sample:
    automation: arn:aws:iam::123456789012:role/piksel-automation
cluster_version:
  description: Version of the cluster that exists, null when there is none.
  returned: success
  type: str
  sample: "1.34"
support:
  description: Support state of the wanted version, C(status) and C(end_of_standard_support).
  returned: success
  type: dict
  sample:
    end_of_standard_support: "2026-12-02"
    status: STANDARD_SUPPORT
hub_roles:
  description: Roles of the hub by logical key, each with C(arn) and whether it is C(reachable) for this run.
  returned: success
  type: dict
  sample:
    external_dns:
      arn: arn:aws:iam::210987654321:role/dns
      reachable: true
addons:
  description: The version of each add-on that is wanted, by name.
  returned: success
  type: dict
  sample:
    coredns: v1.13.2-eksbuild.4
quotas:
  description: Values of the quotas that were read, by code.
  returned: success
  type: dict
  sample:
    L-1194D53C: 100
registry:
  description: Repositories of the registry, each with whether this account may pull from it.
  returned: success
  type: dict
  sample:
    piksel-core: true
findings:
  description: What has to be put right. There is none unless O(on_findings=return).
  returned: success
  type: list
  elements: str
  sample: []
notices:
  description: What does not stop a run and is worth knowing.
  returned: success
  type: list
  elements: str
  sample:
    - "Kubernetes 1.34 of cluster piksel-dev: this version leaves standard support on 2026-12-02."
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.git_repository import REPOSITORY_OPTIONS
from ansible_collections.piksel.platform.plugins.module_utils.preflight import run
from ansible_collections.piksel.platform.plugins.module_utils.preflight_charts import CHART_OPTIONS

SERVICES = ("ec2", "iam", "eks", "sts", "service-quotas", "s3", "ecr", "secretsmanager", "rds")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    {
        "admin_role_path": {"type": "str", "default": "/"},
        "admin_role_prefix": {"type": "str"},
        "automation_role_name": {"type": "str"},
        "cluster_name": {"type": "str", "required": True},
        "kubernetes_version": {"type": "str", "required": True},
        "hub_roles": {"type": "dict", "default": {}},
        "addons": {"type": "dict", "default": {}},
        "quotas": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "service": {"type": "str", "required": True},
                "code": {"type": "str", "required": True},
                "name": {"type": "str", "required": True},
                "needed": {"type": "int", "required": True},
                "required": {"type": "bool", "default": True},
            },
        },
        "bucket_names": {"type": "dict", "default": {}},
        "database": {
            "type": "dict",
            "options": {
                name: {"type": "str", "required": True}
                for name in ("name", "engine_version", "instance_class", "ca_bundle")
            },
        },
        "registry": {
            "type": "dict",
            "default": {},
            "options": {
                "account_id": {"type": "str"},
                "repositories": {"type": "list", "elements": "str", "default": []},
            },
        },
        "manual_secrets": {"type": "dict", "default": {}, "no_log": False},
        "secrets_given": {
            "type": "dict",
            "default": {},
            "no_log": False,
            "options": {
                "values_file": {"type": "path"},
                "prompt": {"type": "bool", "default": False},
                "allow_missing": {"type": "bool", "default": False},
            },
        },
        "repository": {"type": "dict", "options": REPOSITORY_OPTIONS},
        "node_pools": {"type": "dict", "default": {}},
        "charts": {"type": "list", "elements": "dict", "default": [], "options": CHART_OPTIONS},
        "helm_binary": {"type": "str"},
        "on_findings": {"type": "str", "choices": ["fail", "return"], "default": "fail"},
    },
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
