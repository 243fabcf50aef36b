# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A version, a class or a bundle that is not there is told before anything is made."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import preflight_database
from botocore.exceptions import ClientError


class Rds:
    """RDS with one orderable class and perhaps an instance."""

    def __init__(self, instance=None):
        self.instance = instance
        self.asked = []

    def describe_db_instances(self, **_arguments):
        """The instance, if there is one."""
        if self.instance is None:
            raise ClientError({"Error": {"Code": "DBInstanceNotFound"}}, "DescribeDBInstances")
        return {"DBInstances": [self.instance]}

    def get_paginator(self, _operation):
        """This itself."""
        return self

    def paginate(self, **arguments):
        """One page for the one class."""
        self.asked.append(arguments["DBInstanceClass"])
        known = ("16.3", "16.10", "17.2") if arguments["DBInstanceClass"] == "db.t3.small" else ()
        return [{"OrderableDBInstanceOptions": [{"EngineVersion": version} for version in known]}]


class Clients:
    """Clients of an account."""

    account_id, region, known_account_id = "123456789012", "ap-southeast-3", "123456789012"

    def __init__(self, rds):
        self.rds = rds

    def client(self, _service):
        """RDS."""
        return self.rds


@pytest.fixture
def bundle(tmp_path):
    """A file in place of the bundle."""
    path = tmp_path / "bundle.pem"
    path.write_text("certificates", encoding="utf-8")
    return str(path)


def told(bundle, version="16", instance_class="db.t3.small", rds=None):
    """The findings, as texts."""
    wanted = {"name": "db", "engine_version": version, "instance_class": instance_class, "ca_bundle": bundle}
    return [str(one) for one in preflight_database.database(Clients(rds or Rds()), wanted).findings]


@pytest.mark.parametrize("version", ["16", "16.10", "17.2"])
def test_what_there_is_is_fine(bundle, version):
    assert told(bundle, version) == []


def test_no_database_is_fine():
    assert preflight_database.database(Clients(Rds()), None).findings == []


@pytest.mark.requirement("GEN-11", "RDS-03")
def test_a_version_that_there_is_not_names_the_near_ones(bundle):
    (finding,) = told(bundle, "16.4")
    assert "RDS has no PostgreSQL 16.4 on db.t3.small. It has 16.3, 16.10." in finding


@pytest.mark.requirement("GEN-11", "RDS-04")
def test_a_class_that_there_is_not_is_told(bundle):
    (finding,) = told(bundle, instance_class="db.t3.tiny")
    assert "RDS has no class db.t3.tiny" in finding


@pytest.mark.requirement("GEN-11", "RDS-16")
def test_a_bundle_that_is_missing_is_told_with_the_command_that_fetches_it(tmp_path):
    (finding,) = told(str(tmp_path / "none.pem"))
    assert "curl --create-dirs" in finding


def test_nothing_is_asked_of_an_instance_that_is_as_wanted(bundle):
    rds = Rds({"DBInstanceClass": "db.t3.small", "EngineVersion": "16.4"})
    assert told(bundle, rds=rds) == []
    assert rds.asked == []
