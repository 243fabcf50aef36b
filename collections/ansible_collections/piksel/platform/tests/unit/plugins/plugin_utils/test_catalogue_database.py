# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What RDS or PostgreSQL would refuse late is refused before the first call."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import catalogue_database as database

CATALOGUE = {
    "rds_databases": {"odc": {"name": "odc"}},
    "rds_roles": {"odc": {"name": "odc"}},
    "rds_master_username": "piksel_dev",
}


def told(problems):
    """[(path, message)] of problems."""
    return [(problem.path, problem.message) for problem in problems]


@pytest.mark.requirement("RDS-07", "GEN-11")
@pytest.mark.parametrize("days", [0, 36, -1, None, "14"])
def test_days_that_rds_keeps_no_backups_for_are_refused(days):
    assert told(database.backup_days(days, {})) == [([], f"{days} days of backups are not possible")]


@pytest.mark.parametrize("days", [1, 35])
def test_days_that_rds_keeps_backups_for_are_fine(days):
    assert told(database.backup_days(days, {})) == []


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("my-db", "is no name of a database"),
        ("1db", "is no name of a database"),
        ("DB", "is no name of a database"),
        ("a" * 64, "is no name of a database"),
        (None, "is no name of a database"),
        ("table", "is a word of SQL"),
        ("postgres", "has itself"),
        ("rdsadmin", "has itself"),
        ("pg_catalog", "has itself"),
    ],
)
def test_a_name_of_a_database_that_cannot_be_is_refused(name, words):
    (problem,) = database.database_name(name, {})
    assert words in problem.message
    ((path, message),) = told(database.databases({"odc": {"name": name}}, {}))
    assert path == ["odc", "name"]
    assert words in message


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize("name", ["rds_superuser", "postgres", "public", "user", "piksel_dev"])
def test_a_name_of_a_role_that_cannot_be_is_refused(name):
    assert len(list(database.roles({"odc": {"name": name}}, CATALOGUE))) == 1


def test_a_name_is_given_once():
    problems = database.roles({"a": {"name": "odc"}, "b": {"name": "odc"}}, CATALOGUE)
    assert told(problems) == [(["b", "name"], "role odc is a's already")]


@pytest.mark.parametrize("name", ["postgres", "admin", "rds_me"])
def test_a_master_is_no_role_that_the_instance_has(name):
    assert len(list(database.master(name, {}))) == 1


@pytest.mark.requirement("GEN-11", "RDS-13")
def test_a_grant_is_to_a_role_in_a_database_of_privileges_that_there_are():
    grants = {
        "fine": {"role": "odc", "database": "odc", "tables": ["SELECT"], "sequences": ["USAGE"]},
        "nobody": {"role": "nobody", "database": "odc"},
        "nowhere": {"role": "odc", "database": "nowhere"},
        "nothing": {"role": "odc", "database": "odc", "tables": ["EXECUTE"]},
    }
    assert told(database.grants(grants, CATALOGUE)) == [
        (["nobody", "role"], "there is no role nobody"),
        (["nowhere", "database"], "there is no database nowhere"),
        (["nothing", "tables"], "EXECUTE is no privilege on tables"),
    ]
