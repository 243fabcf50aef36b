# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access entries out of a map of roles."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: access_entries
short_description: Make access entries for a map of roles
version_added: 0.1.0
description: Turns logical keys and ARNs into entries for M(piksel.platform.eks_access_entries), all of one kind.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Logical key to ARN of a role.
    type: dict
    required: true
  policy:
    description: Access policy that every entry gets for the whole cluster.
    type: str
  entry_type:
    description: Type of the entries.
    type: str
    default: STANDARD
"""

EXAMPLES = r"""
# {"automation": {"principal_arn": "arn:...", "type": "STANDARD", "policies": [{"policy": ..., "scope": "cluster"}]}}
entries: "{{ {'automation': role_arn} | piksel.platform.access_entries(policy='AmazonEKSClusterAdminPolicy') }}"
"""

RETURN = r"""
_value:
  description: The entries by logical key.
  type: dict
"""


def access_entries(arns: dict, policy: str | None = None, entry_type: str = "STANDARD") -> dict:
    """Return an entry for each role. https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html"""
    if not isinstance(arns, dict):
        raise AnsibleFilterError(f"access_entries takes a map of keys to ARNs, not {arns!r}")
    policies = [{"policy": policy, "scope": "cluster"}] if policy else []
    return {key: {"principal_arn": arn, "type": entry_type, "policies": policies} for key, arn in arns.items()}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"access_entries": access_entries}
