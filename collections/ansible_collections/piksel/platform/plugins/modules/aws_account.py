#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_account
short_description: Tell which AWS account and identity a run has
version_added: 0.1.0
description:
  - Looks up account, alias, caller, partition and region of the given credentials.
  - Fails with one clear message when the credentials are missing, expired or unknown, when the endpoint does not
    answer,
    or when they belong to another account than O(expected_account_id).
author:
  - Piksel platform contributors (@piksel-platform)
options:
  expected_account_id:
    description: Account id that the credentials must belong to.
    type: str
extends_documentation_fragment:
  - piksel.platform.aws
"""

EXAMPLES = r"""
- name: Refuse to run with the credentials of another account
  piksel.platform.aws_account:
    profile: dev-piksel
    region: ap-southeast-3
    expected_account_id: "123456789012"
"""

RETURN = r"""
account_id:
  description: The account's id.
  returned: success
  type: str
  sample: "123456789012"
account_alias:
  description: The account's alias, null when it has none.
  returned: success
  type: str
  sample: example
caller_arn:
  description: ARN of the calling identity.
  returned: success
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/Admin/someone
partition:
  description: AWS partition of the region.
  returned: success
  type: str
  sample: aws
region:
  description: The region, as given.
  returned: success
  type: str
  sample: ap-southeast-3
endpoint:
  description: Endpoint of AWS STS that answered.
  returned: success
  type: str
  sample: https://sts.ap-southeast-3.amazonaws.com
emulated:
  description: Whether that endpoint is not one of AWS.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.sts import run_account as run

SERVICES = ("sts", "iam")
SPEC = runner.spec(AWS_ARGUMENTS, {"expected_account_id": {"type": "str"}})


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
