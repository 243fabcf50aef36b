#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_versions
short_description: Tell which Kubernetes versions EKS offers
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Asks EKS which Kubernetes versions it offers and until when it supports them.
options:
  version:
    description: A version that EKS must offer; fails if it does not.
    type: str
extends_documentation_fragment:
  - piksel.platform.aws
"""

EXAMPLES = r"""
- name: Refuse a version that EKS does not offer
  piksel.platform.eks_versions:
    region: ap-southeast-3
    version: "1.34"
  register: versions
"""

RETURN = r"""
versions:
  description: C(status), C(default), C(platform_version), C(released), C(end_of_standard_support),
    C(end_of_extended_support) by version.
  returned: success
  type: dict
  sample:
    "1.34":
      status: STANDARD_SUPPORT
      default: true
      platform_version: eks.9
      released: "2025-10-02"
      end_of_standard_support: "2026-12-02"
      end_of_extended_support: "2027-12-02"
offered:
  description: The versions that a cluster can have now, oldest first.
  returned: success
  type: list
  elements: str
  sample: ["1.33", "1.34"]
standard_support:
  description: Those of them that are in standard support.
  returned: success
  type: list
  elements: str
  sample: ["1.33", "1.34"]
default:
  description: The version of a cluster that is made without saying one.
  returned: success
  type: str
  sample: "1.34"
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.eks_versions import run_versions as run

SERVICES = ("eks",)
SPEC = runner.spec(AWS_ARGUMENTS, {"version": {"type": "str"}})


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
