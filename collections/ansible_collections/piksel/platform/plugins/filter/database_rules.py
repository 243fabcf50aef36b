# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: database_rules
short_description: Let security groups reach a database
version_added: 0.1.0
description:
  - Turns the security groups that may reach a database into entries for M(piksel.platform.ec2_security_group_rules).
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Logical key to id of a security group.
    type: dict
    required: true
  database:
    description: Identifier of the instance, which begins the names of the rules.
    type: str
    required: true
  group_id:
    description: Security group of the database.
    type: str
    required: true
  port:
    description: Port of the database.
    type: int
    required: true
"""

EXAMPLES = r"""
# {"cluster": {"name": "example-from-cluster", "group_id": "sg-1", "from_port": 5432, "source_group_id": "sg-2"}}
rules: "{{ {'cluster': 'sg-2'} | piksel.platform.database_rules(database='example', group_id='sg-1', port=5432) }}"
"""

RETURN = r"""
_value:
  description: The entries by logical key.
  type: dict
"""


def database_rules(clients: dict, database: str, group_id: str, port: int) -> dict:
    """Return an entry for each client; raises AnsibleFilterError for what is no map of texts."""
    if not isinstance(clients, dict) or not all(isinstance(one, str) and one for one in clients.values()):
        raise AnsibleFilterError(f"database_rules takes a map of keys to ids of security groups, not {clients!r}")
    return {
        key: {
            "name": f"{database}-from-{key.replace('_', '-')}",
            "group_id": group_id,
            "from_port": int(port),
            "source_group_id": source,
        }
        for key, source in clients.items()
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"database_rules": database_rules}
