#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_report
short_description: Report what people should look at in an account and its cluster
version_added: 0.1.0
description:
  - Looks for long-lived access keys, roles that foreign accounts may assume, missing trails and threat detection, open
    security groups, public or unencrypted instances, volumes, databases and buckets, old secrets, how the cluster is
    reached, logged and supported, who administers it, and what its pods may do to their nodes. All at the same time,
    and without a write call.
  - Nothing found fails the task. What could not be read is returned in RV(unread), so that silence means that all is
    well.
author:
  - Piksel platform contributors (@piksel-platform)
options:
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  trusted_accounts:
    description: Accounts, 12 digits each, whose principals may be trusted by roles of this account.
    type: list
    elements: str
    default: []
  public_buckets:
    description: Names of buckets that everybody is meant to read.
    type: list
    elements: str
    default: []
  access_key_days:
    description: Age in days from which an access key of a user is V(high) and not V(medium).
    type: int
    default: 90
  secret_days:
    description: Age in days from which the value of a secret is a finding.
    type: int
    default: 365
extends_documentation_fragment:
  - piksel.platform.aws
attributes:
  check_mode:
    description: Looks up the same; it never makes a write call. A cluster that does not exist is told in RV(unread).
    support: full
"""

EXAMPLES = r"""
- name: Report what people should look at
  piksel.platform.security_report:
    profile: dev-piksel
    region: ap-southeast-3
    cluster_name: piksel-dev
    trusted_accounts: ["210987654321"]
    public_buckets: [piksel-dev-public-data]
"""

RETURN = r"""
findings:
  description: What was found, gravest first.
  returned: success
  type: list
  elements: dict
  contains:
    check:
      description: Name of the check.
      type: str
      sample: access_keys
    severity:
      description: One of V(high), V(medium), V(low) and V(info).
      type: str
      sample: high
    subject:
      description: The object.
      type: str
      sample: user deployer
    message:
      description: What is wrong with it, or worth knowing.
      type: str
      sample: it has an access key, 120 days old
    advice:
      description: What to do about it, where that is not plain.
      type: str
      sample: Let it sign in by a role, and delete the key.
counts:
  description: Number of findings of each severity.
  returned: success
  type: dict
  sample:
    high: 1
    info: 2
    low: 0
    medium: 1
checks:
  description: Names of the checks that could read everything.
  returned: success
  type: list
  elements: str
  sample: [access_keys, buckets]
unread:
  description: What could not be read, and why.
  returned: success
  type: list
  elements: str
  sample: []
notices:
  description: All of it as lines for people.
  returned: success
  type: list
  elements: str
  sample:
    - "high: user deployer: it has an access key, 120 days old. Let it sign in by a role, and delete the key."
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.security_report import run

SERVICES = ("cloudtrail", "ec2", "eks", "guardduty", "iam", "rds", "s3", "secretsmanager", "sts")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    {
        "cluster_name": {"type": "str", "required": True},
        "trusted_accounts": {"type": "list", "elements": "str", "default": []},
        "public_buckets": {"type": "list", "elements": "str", "default": []},
        "access_key_days": {"type": "int", "default": 90, "no_log": False},
        "secret_days": {"type": "int", "default": 365, "no_log": False},
    },
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
