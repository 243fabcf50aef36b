"""RDS instances: states, pending changes, refusals."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from sandbox.aws.support import Account, eventually, refused

Hold = Callable[[str], AbstractContextManager[None]]
MODEL = "rds::db_instance"


def instance(account: Account) -> dict[str, Any]:
    """The instance as it is now."""
    return account.rds.describe_db_instances(DBInstanceIdentifier="app-db")["DBInstances"][0]


def available(account: Account) -> dict[str, Any]:
    """The instance once it is available."""
    return eventually(lambda: instance(account), lambda found: found["DBInstanceStatus"] == "available")


@pytest.fixture
def database(account: Account) -> Account:
    """An account with an available PostgreSQL instance `app-db`."""
    made = account.rds.create_db_instance(
        DBInstanceIdentifier="app-db",
        DBInstanceClass="db.t3.medium",
        Engine="postgres",
        EngineVersion="16.4",
        AllocatedStorage=50,
        StorageType="gp3",
        MasterUsername="piksel",
        MasterUserPassword="not-a-secret-value",
        BackupRetentionPeriod=7,
    )["DBInstance"]
    assert made["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in made
    available(account)
    return account


def test_an_instance_is_created_in_steps(database: Account) -> None:
    found = instance(database)
    assert found["Endpoint"]["Port"] == 5432
    assert found["DbiResourceId"].startswith("db-")
    assert "PendingModifiedValues" not in found or found["PendingModifiedValues"] == {}


def test_changes_wait_for_the_window_unless_they_are_immediate(database: Account) -> None:
    database.rds.modify_db_instance(
        DBInstanceIdentifier="app-db", AllocatedStorage=100, DeletionProtection=True, EngineVersion="16.6"
    )
    found = instance(database)
    assert found["DBInstanceStatus"] == "available"
    assert found["AllocatedStorage"] == 50
    assert found["DeletionProtection"] is True
    assert found["PendingModifiedValues"] == {"AllocatedStorage": 100, "EngineVersion": "16.6"}
    made = database.rds.modify_db_instance(
        DBInstanceIdentifier="app-db", MasterUserPassword="another-value", ApplyImmediately=True
    )["DBInstance"]
    assert made["DBInstanceStatus"] == "upgrading"
    assert made["PendingModifiedValues"]["MasterUserPassword"] == "****"
    found = available(database)
    assert (found["AllocatedStorage"], found["EngineVersion"]) == (100, "16.6")
    assert not found.get("PendingModifiedValues")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"EngineVersion": "15.8"}, "Cannot upgrade postgres from 16.4 to 15.8"),
        ({"EngineVersion": "16.3"}, "Cannot upgrade postgres from 16.4 to 16.3"),
        ({"EngineVersion": "17.2"}, "AllowMajorVersionUpgrade"),
        ({"AllocatedStorage": 20}, "cannot be less than the current storage size"),
    ],
)
def test_downgrades_and_shrinks_are_refused(database: Account, change: dict[str, Any], text: str) -> None:
    with refused("InvalidParameterCombination", text):
        database.rds.modify_db_instance(DBInstanceIdentifier="app-db", ApplyImmediately=True, **change)


def test_a_major_upgrade_needs_the_flag_only(database: Account, hold: Hold) -> None:
    with hold(MODEL):
        database.rds.modify_db_instance(
            DBInstanceIdentifier="app-db", EngineVersion="17.2", AllowMajorVersionUpgrade=True, ApplyImmediately=True
        )
        with refused("InvalidDBInstanceState", "not in available state"):
            database.rds.modify_db_instance(DBInstanceIdentifier="app-db", DeletionProtection=True)
    assert available(database)["EngineVersion"] == "17.2"


def test_deletion_takes_time_and_wants_a_decision_about_the_snapshot(database: Account, hold: Hold) -> None:
    with refused("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required"):
        database.rds.delete_db_instance(DBInstanceIdentifier="app-db")
    with hold(MODEL):
        database.rds.delete_db_instance(DBInstanceIdentifier="app-db", FinalDBSnapshotIdentifier="last")
        assert instance(database)["DBInstanceStatus"] == "deleting"
        with refused("InvalidDBInstanceState", "already being deleted"):
            database.rds.delete_db_instance(DBInstanceIdentifier="app-db", SkipFinalSnapshot=True)
    eventually(lambda: database.rds.describe_db_instances()["DBInstances"], lambda found: not found)
    assert database.rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"]


def test_reboot_stop_and_start_pass_through_their_states(database: Account) -> None:
    rebooted = database.rds.reboot_db_instance(DBInstanceIdentifier="app-db")["DBInstance"]
    assert rebooted["DBInstanceStatus"] == "rebooting"
    available(database)
    stopped = database.rds.stop_db_instance(DBInstanceIdentifier="app-db")["DBInstance"]
    assert stopped["DBInstanceStatus"] == "stopping"
    eventually(lambda: instance(database), lambda found: found["DBInstanceStatus"] == "stopped")
    started = database.rds.start_db_instance(DBInstanceIdentifier="app-db")["DBInstance"]
    assert started["DBInstanceStatus"] == "starting"
    available(database)


def test_a_subnet_group_covers_two_zones(account: Account) -> None:
    _, private, _ = account.network()
    with refused("DBSubnetGroupDoesNotCoverEnoughAZs", "at least 2 AZs"):
        account.rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=private[:1])
    made = account.rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=private)[
        "DBSubnetGroup"
    ]
    assert len(made["Subnets"]) == 3


def test_a_snapshot_is_restored_as_a_new_instance(database: Account) -> None:
    database.rds.create_db_snapshot(DBInstanceIdentifier="app-db", DBSnapshotIdentifier="s")
    made = database.rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="copy", DBSnapshotIdentifier="s", DBInstanceClass="db.t3.large"
    )["DBInstance"]
    assert made["DBInstanceStatus"] == "creating"
    assert made["Engine"] == "postgres"
