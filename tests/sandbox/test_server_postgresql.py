"""An RDS instance of the sandbox is a PostgreSQL server: who gets in, how, and that nothing of it stays behind."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from piksel_sandbox import processes
from piksel_sandbox.client import Sandbox
from piksel_sandbox.postgresql.folders import folder_prefix
from piksel_sandbox.sessions import Session
from piksel_sandbox.state import read_json

NAME, PASSWORD = "app-db", "first-of-the-test"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of this module."""
    made = Sandbox(tmp_path_factory.mktemp("postgresql"), bound=True)
    made.up()
    yield made
    made.down()


@pytest.fixture(scope="module")
def rds(own: Sandbox) -> Any:
    """A client of RDS with an available instance."""
    client = Session(own, "dev-piksel").client("rds")
    family = {"DBParameterGroupName": "tls", "DBParameterGroupFamily": "postgres16", "Description": "TLS"}
    client.create_db_parameter_group(**family)
    make(client)
    return client


def make(client: Any) -> None:
    """Create the instance and wait for it."""
    client.create_db_instance(
        DBInstanceIdentifier=NAME,
        DBInstanceClass="db.t3.medium",
        Engine="postgres",
        EngineVersion="16",
        AllocatedStorage=50,
        DBName="piksel",
        MasterUsername="piksel_dev",
        MasterUserPassword=PASSWORD,
        DBParameterGroupName="tls",
    )
    available(client)


def available(client: Any) -> dict[str, Any]:
    """The instance once it is available."""
    limit = time.monotonic() + 60
    while True:
        found = client.describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]
        if found["DBInstanceStatus"] == "available":
            return found
        assert time.monotonic() < limit, found["DBInstanceStatus"]
        time.sleep(0.1)


def connect(own: Sandbox, rds: Any, password: str = PASSWORD, sslmode: str = "verify-full") -> Any:
    """A connection of the master, as an operator outside would make it."""
    endpoint = available(rds)["Endpoint"]
    return psycopg.connect(
        host=endpoint["Address"],
        port=endpoint["Port"],
        user="piksel_dev",
        password=password,
        dbname="piksel",
        sslmode=sslmode,
        sslrootcert=own.env()["PIKSEL_DATABASE_CA_BUNDLE"],
        autocommit=True,
    )


def servers(own: Sandbox) -> list[int]:
    """The process ids of the servers that run."""
    entries = [read_json(file) for file in own.state.pids.glob("*.json")]
    found = [entry for entry in entries if entry and entry["name"].startswith("postgresql-")]
    return [entry["pid"] for entry in found if processes.start_ticks(entry["pid"]) == entry["start"]]


def folders(own: Sandbox) -> list[Path]:
    """The folders with data."""
    return list(Path(tempfile.gettempdir()).glob(f"{folder_prefix(own.state)}*"))


def test_the_endpoint_answers_by_tls_on_the_port_asked_for_and_the_master_is_no_superuser(
    own: Sandbox, rds: Any
) -> None:
    assert available(rds)["Endpoint"]["Port"] == 5432
    with connect(own, rds) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, pg_has_role('rds_superuser', 'MEMBER') FROM pg_roles"
            " WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, True, True, True)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_the_master_creates_postgis(own: Sandbox, rds: Any) -> None:
    with connect(own, rds) as connection:
        connection.execute("CREATE EXTENSION postgis")
        assert connection.execute("SELECT ST_AsText(ST_Point(110, -7))").fetchone() == ("POINT(110 -7)",)


def test_tls_is_forced_as_long_as_the_parameter_says_so(own: Sandbox, rds: Any) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(own, rds, sslmode="disable")
    set_tls(rds, "0")
    connect(own, rds, sslmode="disable").close()
    set_tls(rds, "1")
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(own, rds, sslmode="disable")


def set_tls(rds: Any, value: str) -> None:
    """Set the parameter and give the server the moment that it takes to read it."""
    parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": value, "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="tls", Parameters=[parameter])
    time.sleep(0.5)


def test_another_password_counts_and_the_old_one_does_no_more(own: Sandbox, rds: Any) -> None:
    rds.modify_db_instance(DBInstanceIdentifier=NAME, MasterUserPassword="second-of-the-test", ApplyImmediately=True)
    available(rds)
    connect(own, rds, "second-of-the-test").close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(own, rds)
    rds.modify_db_instance(DBInstanceIdentifier=NAME, MasterUserPassword=PASSWORD, ApplyImmediately=True)
    available(rds)


def test_no_process_and_no_data_outlive_the_instance_a_reset_or_the_sandbox(own: Sandbox, rds: Any) -> None:
    assert len(servers(own)) == len(folders(own)) == 1
    rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
    assert servers(own) == folders(own) == []
    rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=NAME, WaiterConfig={"Delay": 1})
    make(rds)
    (process,) = servers(own)
    own.reset()
    assert servers(own) == folders(own) == []
    assert not Path(f"/proc/{process}").exists()


def test_a_server_never_runs_as_root(own: Sandbox) -> None:
    client = Session(own, "dev-piksel").client("rds")
    family = {"DBParameterGroupName": "tls", "DBParameterGroupFamily": "postgres16", "Description": "TLS"}
    client.create_db_parameter_group(**family)
    make(client)
    (process,) = servers(own)
    owner = os.stat(f"/proc/{process}").st_uid
    assert owner != 0
    own.down()
    assert not Path(f"/proc/{process}").exists()
    assert folders(own) == []
