"""Bad input about the database and what is in it: one clear message each, before any write of the run."""

from __future__ import annotations

import json

import pytest

from end_to_end.harness import Play
from end_to_end.test_bad_input import refused

ODC = {"name": "odc", "password_secret": "odc-password"}
# What the catalogue gets wrong: variables, words that the message must hold. No call is made.
CATALOGUES = {
    "backups for too long": ({"piksel_database_backup_days": 36}, ("36 days of backups are not possible", "1 to 35")),
    "an invalid database name": (
        {"piksel_databases": {"odc": {"name": "my-db"}}, "piksel_database_grants": {}},
        ("piksel_databases.odc.name", "'my-db' is no name of a database"),
    ),
    "a word of SQL": (
        {"piksel_databases": {"odc": {"name": "table"}}, "piksel_database_grants": {}},
        ("piksel_databases.odc.name", "table is a word of SQL"),
    ),
    "the master as a role": (
        {"piksel_database_roles": {"odc": {**ODC, "name": "piksel_dev"}}, "piksel_database_grants": {}},
        ("piksel_database_roles.odc.name", "piksel_dev is a role that the instance has itself"),
    ),
    "a grant to an unknown role": (
        {"piksel_database_grants": {"a": {"role": "nobody", "database": "odc"}}},
        ("piksel_database_grants.a.role", "there is no role nobody", "odcread"),
    ),
}
# What only RDS knows: variables, words that the message must hold. Nothing is written.
OFFERS = {
    "no such class": ({"piksel_database_instance_class": "db.t3.tiny"}, ("RDS has no class db.t3.tiny",)),
    "no such version": ({"piksel_database_engine_version": "16.99"}, ("RDS has no PostgreSQL 16.99 on db.t3.small",)),
    "no bundle": ({"piksel_database_ca_bundle": "/nowhere/bundle.pem"}, ("authorities of RDS", "curl --create-dirs")),
}


@pytest.mark.requirement("GEN-11", "RDS-07", "RDS-12", "RDS-13")
@pytest.mark.parametrize("case", CATALOGUES)
def test_a_catalogue_that_cannot_be_is_refused_before_the_first_call(case: str, empty, play: Play) -> None:
    values, words = CATALOGUES[case]
    refused(play("site.yml", ["dev"], "-e", json.dumps(values)), empty, *words)
    assert empty.calls() == []


@pytest.mark.requirement("GEN-11", "RDS-03", "RDS-04", "RDS-16")
@pytest.mark.parametrize("case", OFFERS)
def test_what_rds_has_not_is_told_before_any_write(case: str, empty, play: Play) -> None:
    values, words = OFFERS[case]
    refused(play("site.yml", ["dev"], "-e", json.dumps(values)), empty, *words)
