"""The database as an application finds it, by what it reads in the cluster, and how a run gets to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from end_to_end.harness import Play
from piksel_sandbox.client import Sandbox

POD, RECORD = "database-relay", "database-objects"
# Role -> the database that it works in.
ROLES = {
    "argo": "argo",
    "jupyterhub": "jupyterhub",
    "grafana": "grafana",
    "stac": "stac",
    "stacread": "stac",
    "odc": "odc",
    "odcread": "odc",
}
WRITERS = ("argo", "jupyterhub", "stac", "odc")


@pytest.fixture
def application(converged: Sandbox, kubectl_json: Callable) -> Callable:
    """`application(secret)`: a connection by a Secret and the Service of the namespace database, and nothing else."""

    @contextmanager
    def connect(secret: str, database: str | None = None) -> Iterator[Any]:
        found = kubectl_json("secret", secret, "-n", "database")["data"]
        data = {key: base64.b64decode(value).decode() for key, value in found.items()}
        service = kubectl_json("service", "db-endpoint", "-n", "database")["spec"]
        assert data.get("db_address", service["externalName"]) == service["externalName"]
        with psycopg.connect(
            host=service["externalName"],
            port=service["ports"][0]["port"],
            user=data["username"],
            password=data["password"],
            dbname=database or data["db_name"],
            sslmode="verify-full",
            sslrootcert=converged.env()["PIKSEL_DATABASE_CA_BUNDLE"],
            autocommit=True,
        ) as connection:
            yield connection

    return connect


@pytest.mark.requirement("RDS-10", "RDS-11", "RDS-01")
def test_an_application_signs_in_with_what_it_reads_in_the_cluster(application: Callable) -> None:
    with application("db-password") as connection:
        assert connection.execute("SELECT current_user, current_database()").fetchone() == ("piksel_dev", "piksel")
        assert connection.pgconn.ssl_in_use


@pytest.mark.requirement("RDS-09")
def test_nobody_is_let_in_without_tls(converged: Sandbox, aws: Callable) -> None:
    (found,) = aws("rds").describe_db_instances()["DBInstances"]
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(
            host=found["Endpoint"]["Address"],
            port=found["Endpoint"]["Port"],
            user="piksel_dev",
            password=aws("secretsmanager").get_secret_value(SecretId="database-password")["SecretString"],
            dbname="piksel",
            sslmode="disable",
        )


@pytest.mark.requirement("RDS-12", "RDS-13", "RDS-14")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_signs_in_by_its_secret_and_may_what_it_should(role: str, application: Callable) -> None:
    with application(role, ROLES[role]) as connection:
        may = connection.execute(
            "SELECT has_schema_privilege('public', 'CREATE'), rolsuper FROM pg_roles WHERE rolname = %s", [role]
        )
        assert may.fetchone() == (role in WRITERS, False)
        postgis = connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'").fetchone()
        assert postgis == (int(ROLES[role] in ("stac", "odc")),)
        encoding = "SELECT pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
        assert connection.execute(encoding, [ROLES[role]]).fetchone() == ("UTF8", "piksel_dev")


@pytest.mark.requirement("RDS-16")
def test_the_way_in_is_gone_and_what_is_remembered_is_no_value(converged: Sandbox, kubectl: Callable) -> None:
    assert kubectl("get", "pod", POD, "-n", "kube-system").returncode != 0
    found = kubectl("get", "configmap", RECORD, "-n", "kube-system", "-o", "json")
    data = json.loads(found.stdout)["data"]
    assert data.pop("instance").startswith("db-")
    assert len(data) == 21
    assert {len(value) for value in data.values()} == {64}


@pytest.mark.requirement("RDS-15", "RDS-16")
def test_what_is_gone_inside_is_added_again_by_a_run_that_always_looks(
    converged: Sandbox, play: Play, application: Callable, kubectl: Callable
) -> None:
    """A pod that a killed run left is cleared away, also by a run that needs none; what others gave is not touched."""
    with application("db-password", "odc") as connection:
        connection.execute("CREATE ROLE odc_manage")
        connection.execute("GRANT odc_manage TO odc")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM odc")
    left = ("run", POD, "--image", "left.example.org/relay", "-n", "kube-system")
    kubectl(*left)
    converged.clear_calls()
    assert play("playbooks/database.yml").ok().changed == 0
    assert [row["operation"] for row in converged.calls(writes=True)] == ["delete:pods"]
    kubectl(*left)
    run = play("playbooks/database.yml", ["dev"], "-e", "piksel_database_look=always").ok()
    assert run.changed == 1
    with application("db-password", "odc") as connection:
        assert connection.execute("SELECT has_schema_privilege('odc', 'public', 'CREATE')").fetchone() == (True,)
        assert connection.execute("SELECT pg_has_role('odc', 'odc_manage', 'MEMBER')").fetchone() == (True,)
    assert kubectl("get", "pod", POD, "-n", "kube-system").returncode != 0


@pytest.mark.requirement("RDS-11", "RDS-13")
def test_a_rotated_password_reaches_the_role(
    converged: Sandbox, play: Play, aws: Callable, application: Callable
) -> None:
    """Another value of a secret is a change that a plan sees, though it opens nothing."""
    aws("secretsmanager").put_secret_value(SecretId="stac-read-password", SecretString="rotated-" + "x" * 24)
    converged.clear_calls()
    plan = play("playbooks/database.yml", ["dev"], "--check").ok()
    assert plan.changed == 1
    assert converged.calls(writes=True) == []
    assert play("playbooks/database.yml").ok().changed == 1
    play("playbooks/secrets_sync.yml").ok()
    with application("stacread", "stac") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("stacread",)
    assert play("playbooks/database.yml", ["dev"], "--check").ok().changed == 0
