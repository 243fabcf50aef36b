# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  profile:
    description:
      - Profile of the AWS config file to take credentials from.
      - Without it the ambient session counts (environment, config file, instance role).
    type: str
  region:
    description: AWS region, always said explicitly.
    type: str
    required: true
  role_arn:
    description: Role to assume from there; its session is renewed before it expires.
    type: str
  endpoint_url:
    description: Endpoint for every AWS service, instead of botocore's own choice (which reads E(AWS_ENDPOINT_URL)).
    type: str
requirements:
  - python >= 3.11
  - botocore >= 1.40.0
attributes:
  action:
    description: Runs inside the controller's process when the connection is local and neither environment, become
      nor async is set.
    support: full
  check_mode:
    description: Makes no write call and returns what it would do.
    support: full
  diff_mode:
    description: Returns what changes, before and after.
    support: full
"""
