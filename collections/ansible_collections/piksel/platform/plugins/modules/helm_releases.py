#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_releases
short_description: Reconcile a list of Helm releases of an EKS cluster
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Plans each release from what Helm itself keeps of it in the cluster, chart, version and values by their path, and
    has M(kubernetes.core.helm) install or upgrade those that differ. A run that finds nothing to do needs no Helm.
  - Values are held against the chart before anything is written. What neither its defaults nor its schema name is a
    finding, since Helm would ignore it; so is what the schema refuses.
  - A revision that a dead or failed run left behind is forgotten and made anew.
  - An older version of a chart than the one that runs is installed only with O(consent).
  - Values are shown in plans. What must not be shown does not belong into them.
options:
  scope:
    description:
      - Whose list this is, usually the role's name. What Helm keeps of a release bears the label
        C(piksel-platform/key).
      - One scope has one list; what bears its mark and is not in the list is planned for deletion, done only
        with O(consent).
    type: str
    required: true
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  cluster_endpoint:
    description:
      - Endpoint of the cluster, as M(piksel.platform.eks_cluster) returned it. Only check mode looks at it.
      - A value that is known only after the run says that the cluster is yet to be made, or made anew, so that it has
        no releases yet.
    type: str
  binary_path:
    description: Path of the Helm binary; one on the search path by default. Helm 3 is needed, 3.5 or newer.
    type: path
  releases:
    description:
      - The releases, keyed by a logical name, installed in this order. Each is a map of the following options.
      - C(name) (string, required), of the release.
      - C(namespace) (string, required), which must exist.
      - C(chart) (string, required), an C(oci://) address, a folder or C(.tgz) file, or a chart's name in C(repository).
      - C(repository) (string), address of a repository of charts.
      - C(version) (string, required), of the chart; a chart on disk must be of this version.
      - C(values) (map, default empty). All values are the entry's, one that it does not name goes back to the chart's.
      - C(skip_crds) (boolean, default false), whether definitions that the chart bundles are left out.
      - C(timeout) (integer, default 600), in seconds, how long the release may take to be ready.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - module: kubernetes.core.helm
"""

EXAMPLES = r"""
- name: Karpenter, after its definitions
  piksel.platform.helm_releases:
    region: ap-southeast-3
    scope: karpenter
    cluster_name: example
    releases:
      crds:
        name: karpenter-crd
        namespace: karpenter
        chart: oci://public.ecr.aws/karpenter/karpenter-crd
        version: 1.14.1
      controller:
        name: karpenter
        namespace: karpenter
        chart: oci://public.ecr.aws/karpenter/karpenter
        version: 1.14.1
        skip_crds: true
        values:
          settings:
            clusterName: example
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
      C(key), C(object), C(account), C(region), C(cluster) and C(changes), a list of C(path), C(before), C(after).
  returned: always
  type: list
  elements: dict
  sample:
    - action: update
      api: kubernetes
      kind: helm_release
      key: karpenter.controller
      object: karpenter/karpenter
      account: "123456789012"
      region: ap-southeast-3
      cluster: example
      changes:
        - path: version
          before: 1.14.0
          after: 1.14.1
notices:
  description: What is worth knowing, such as that check mode could not see into the cluster.
  returned: success
  type: list
  elements: str
  sample: []
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(name), C(namespace), C(chart) and C(version) of each release by its logical key; known beforehand.
  returned: always
  type: dict
  sample:
    controller:
      name: karpenter
      namespace: karpenter
      chart: karpenter
      version: 1.14.1
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.helm_releases import run_releases as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("eks", "sts")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    {
        "cluster_name": {"type": "str", "required": True},
        "cluster_endpoint": {"type": "str"},
        "binary_path": {"type": "path"},
        "releases": {"type": "dict", "required": True},
    },
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
