#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: flux_ready
short_description: Wait until Flux has brought an EKS cluster to its repository
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Waits until the GitRepository and the root Kustomization of a name are Ready. What else Flux reconciles is told and
    not waited for.
  - Ends with the message of the controller when one of both stays in error.
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
  namespace:
    description: Namespace of Flux.
    type: str
    default: flux-system
  name:
    description: Name of the GitRepository and of the Kustomization.
    type: str
    default: flux-system
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 600
  errors_for:
    description: Seconds for which an error may last, since the controllers try again.
    type: int
    default: 90
extends_documentation_fragment:
  - piksel.platform.aws
attributes:
  check_mode:
    description: Looks once and does not wait. The module makes no write call.
    support: full
"""

EXAMPLES = r"""
- name: Wait for Flux
  piksel.platform.flux_ready:
    region: ap-southeast-3
    cluster_name: example
"""

RETURN = r"""
ready:
  description: Whether both are Ready.
  returned: success
  type: bool
  sample: true
revision:
  description: Branch and commit that was applied last.
  returned: success
  type: str
  sample: main@sha1:0f5ff8d0e8b27c6c8f5b6a0e0c8c9c3f4d5e6f70
others:
  description: Everything else that Flux reconciles, V(Ready) or what its controller says.
  returned: success
  type: dict
  sample:
    Kustomization flux-system/apps: Ready
notices:
  description: What of it is not ready.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.flux_ready import run

SERVICES = ("sts", "eks")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    {
        "cluster_name": {"type": "str", "required": True},
        "cluster_endpoint": {"type": "str"},
        "namespace": {"type": "str", "default": "flux-system"},
        "name": {"type": "str", "default": "flux-system"},
        "timeout": {"type": "int", "default": 600},
        "errors_for": {"type": "int", "default": 90},
    },
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
