# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ARNs of buckets, for policies."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: bucket_arns
short_description: Name buckets, or all objects in them, by ARN
version_added: 0.1.0
description: Makes the ARNs that policies name buckets by. Some actions are about buckets, others about objects.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Names of buckets.
    type: list
    elements: str
    required: true
  objects:
    description: Whether all objects of each bucket are meant instead of the bucket.
    type: bool
    default: false
  partition:
    description: AWS partition.
    type: str
    default: aws
"""

EXAMPLES = r"""
# ["arn:aws:s3:::example/*"]
resources: "{{ ['example'] | piksel.platform.bucket_arns(objects=true) }}"
"""

RETURN = r"""
_value:
  description: The ARNs, in the order of the names.
  type: list
  elements: str
"""


def bucket_arns(names: list[str], objects: bool = False, partition: str = "aws") -> list[str]:
    """Return an ARN for each name.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
    """
    if isinstance(names, str) or not all(names):
        raise AnsibleFilterError(f"bucket_arns takes a list of names, not {names!r}")
    return [f"arn:{partition}:s3:::{name}{'/*' if objects else ''}" for name in names]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"bucket_arns": bucket_arns}
