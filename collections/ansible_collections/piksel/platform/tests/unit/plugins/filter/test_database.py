# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log groups of a database, and who reaches it."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.filter.database_log_groups import database_log_groups
from ansible_collections.piksel.platform.plugins.filter.database_rules import database_rules


def test_log_groups_have_the_names_that_rds_gives_them():
    assert database_log_groups(["upgrade"], "db", 90) == {
        "upgrade": {"name": "/aws/rds/instance/db/upgrade", "retention_in_days": 90}
    }


def test_each_client_gets_a_rule():
    assert database_rules({"ci_runner": "sg-2"}, "db", "sg-1", 5432) == {
        "ci_runner": {"name": "db-from-ci-runner", "group_id": "sg-1", "from_port": 5432, "source_group_id": "sg-2"}
    }


@pytest.mark.parametrize("given", [None, "upgrade", {}])
def test_logs_are_a_list(given):
    with pytest.raises(AnsibleFilterError, match="takes a list"):
        database_log_groups(given, "db", 90)


@pytest.mark.parametrize("given", [None, [], {"a": None}, {"a": ""}])
def test_clients_are_a_map_of_ids(given):
    with pytest.raises(AnsibleFilterError, match="takes a map"):
        database_rules(given, "db", "sg-1", 5432)
