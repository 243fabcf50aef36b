# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: database_log_groups
short_description: Name the log groups of a database
version_added: 0.1.0
description:
  - Turns the logs that an instance of RDS exports into entries for M(piksel.platform.log_groups).
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Names of the logs.
    type: list
    elements: str
    required: true
  database:
    description: Identifier of the instance.
    type: str
    required: true
  retention_in_days:
    description: Days that they are kept.
    type: int
    required: true
"""

EXAMPLES = r"""
# {"upgrade": {"name": "/aws/rds/instance/example/upgrade", "retention_in_days": 90}}
log_groups: "{{ ['upgrade'] | piksel.platform.database_log_groups(database='example', retention_in_days=90) }}"
"""

RETURN = r"""
_value:
  description: The entries by name of the log.
  type: dict
"""


def database_log_groups(logs: list, database: str, retention_in_days: int) -> dict:
    """Return an entry for each log; raises AnsibleFilterError for what is no list.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html
    """
    if not isinstance(logs, list):
        raise AnsibleFilterError(f"database_log_groups takes a list of names of logs, not {logs!r}")
    return {
        log: {"name": f"/aws/rds/instance/{database}/{log}", "retention_in_days": int(retention_in_days)}
        for log in logs
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"database_log_groups": database_log_groups}
