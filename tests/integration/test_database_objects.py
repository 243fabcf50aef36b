"""Databases, roles, extensions and grants in a real PostgreSQL server: what is added, and what is never taken away."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from ansible_collections.piksel.platform.plugins.module_utils import clients, runner
from ansible_collections.piksel.platform.plugins.modules import database_objects

from piksel_sandbox.client import Sandbox
from piksel_sandbox.kubernetes.certificates import Authority
from piksel_sandbox.sessions import Session

INSTANCE, MASTER, MASTER_SECRET = "objects-db", "piksel_dev", "database-password"
WRITE = {"create": True, "tables": ["SELECT", "INSERT", "UPDATE", "DELETE"], "sequences": ["USAGE", "SELECT"]}
READ = {"tables": ["SELECT"], "sequences": ["USAGE", "SELECT"]}
ROLES = ("odc", "odcread", "stac")
PATHS = ("connect", "schema", "tables", "sequences", "default_tables", "default_sequences")
OBJECTS: dict[str, Any] = {
    "databases": {"odc": {"name": "odc", "extensions": ["postgis"]}, "stac": {"name": "stac"}},
    "roles": {role: {"name": role, "password_secret": f"{role}-password"} for role in ROLES},
    "grants": {
        "odc": {"role": "odc", "database": "odc", **WRITE},
        "odcread": {"role": "odcread", "database": "odc", **READ},
        "stac": {"role": "stac", "database": "stac", **WRITE},
    },
}
# In the order in which they are made.
KINDS = ["postgresql_role"] * 3 + ["postgresql_database"] * 2 + ["postgresql_extension"] + ["postgresql_grant"] * 3


class Estate:
    """An account with an instance, its secrets, and the module as a function."""

    def __init__(self, cloud: Sandbox) -> None:
        self.cloud = cloud
        session = Session(cloud, "dev-piksel")
        self.rds, self.secretsmanager = session.client("rds"), session.client("secretsmanager")
        self.passwords: dict[str, str] = {}

    def run(self, *, check: bool = False, **changes: object) -> dict[str, Any]:
        """What the module returns, which holds no password."""
        params = {
            "profile": "dev-piksel",
            "region": "ap-southeast-3",
            "scope": "core",
            "instance": INSTANCE,
            "master_password_secret": MASTER_SECRET,
            "ca_bundle": self.cloud.env()["PIKSEL_DATABASE_CA_BUNDLE"],
            "access": "direct",
            **OBJECTS,
            **changes,
        }
        result = runner.execute(database_objects.run, params, check, True)
        assert not [value for value in self.passwords.values() if value in json.dumps(result)]
        return result

    def give(self, secret: str, value: str) -> None:
        """Put a value into a secret."""
        self.passwords[secret] = value
        try:
            self.secretsmanager.create_secret(Name=secret, SecretString=value)
        except self.secretsmanager.exceptions.ResourceExistsException:
            self.secretsmanager.put_secret_value(SecretId=secret, SecretString=value)

    def make_instance(self) -> None:
        """Create the instance and wait for it."""
        self.rds.create_db_instance(
            DBInstanceIdentifier=INSTANCE,
            DBInstanceClass="db.t3.medium",
            Engine="postgres",
            EngineVersion="16",
            AllocatedStorage=50,
            DBName="piksel",
            MasterUsername=MASTER,
            MasterUserPassword=self.passwords[MASTER_SECRET],
        )
        waiter = self.rds.get_waiter("db_instance_available")
        waiter.wait(DBInstanceIdentifier=INSTANCE, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    @contextmanager
    def connection(self, user: str = MASTER, database: str = "postgres") -> Iterator[Any]:
        """A connection as the master or as a role with the password of its secret."""
        endpoint = self.rds.describe_db_instances(DBInstanceIdentifier=INSTANCE)["DBInstances"][0]["Endpoint"]
        secret = MASTER_SECRET if user == MASTER else f"{user}-password"
        with psycopg.connect(
            host=endpoint["Address"],
            port=endpoint["Port"],
            user=user,
            password=self.passwords[secret],
            dbname=database,
            sslmode="verify-full",
            sslrootcert=self.cloud.env()["PIKSEL_DATABASE_CA_BUNDLE"],
            autocommit=True,
        ) as connection:
            yield connection

    def execute(self, statement: str, user: str = MASTER, database: str = "odc") -> list[Any]:
        """Execute a statement and return its rows."""
        with self.connection(user, database) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """An account without an instance yet; its sandbox has processes, since a server is one."""
    cloud = Sandbox(tmp_path_factory.mktemp("objects"), bound=True)
    cloud.up()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.env().items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        clients._KNOWN.clear()
        yield Estate(cloud)
    clients._KNOWN.clear()
    cloud.down()


@pytest.fixture(scope="module")
def built(estate: Estate) -> Estate:
    """The instance with everything in it."""
    plan = estate.run(check=True)
    assert "msg" not in plan, plan["msg"]
    assert [(item["action"], item["kind"]) for item in plan["operations"]] == [("create", kind) for kind in KINDS]
    for secret in (MASTER_SECRET, *(f"{role}-password" for role in ROLES)):
        estate.give(secret, f"P-{secrets.token_urlsafe(24)}")
    estate.make_instance()
    before = estate.run(check=True)
    assert [item["kind"] for item in before["operations"]] == KINDS
    made = estate.run()
    assert [item["kind"] for item in made["operations"]] == KINDS, made
    return estate


def silent(estate: Estate) -> None:
    """Neither check nor run has anything to do."""
    for check in (True, False):
        result = estate.run(check=check)
        assert (result.get("msg"), result["operations"], result["held"]) == (None, [], [])


@pytest.mark.requirement("RDS-12", "RDS-14")
def test_databases_are_utf8_and_the_masters_and_have_their_extensions(built: Estate) -> None:
    silent(built)
    rows = built.execute(
        "SELECT datname, pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database"
        " WHERE datname IN ('odc', 'stac') ORDER BY datname"
    )
    assert rows == [("odc", "UTF8", MASTER), ("stac", "UTF8", MASTER)]
    assert built.execute("SELECT ST_AsText(ST_Point(110, -7))") == [("POINT(110 -7)",)]


@pytest.mark.requirement("RDS-13")
def test_roles_sign_in_with_their_secrets_and_may_what_they_should_and_no_more(built: Estate) -> None:
    built.execute("CREATE TABLE scenes (id serial, name text)")
    built.execute("INSERT INTO scenes (name) VALUES ('one')", "odc")
    assert built.execute("SELECT name FROM scenes", "odcread") == [("one",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        built.execute("DELETE FROM scenes", "odcread")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        built.execute("CREATE TABLE mine (id int)", "odcread")
    built.execute("CREATE TABLE theirs (id int)", "odc")
    silent(built)


def revoked(statement: str, database: str = "odc") -> Any:
    """A change by the master."""
    return lambda estate: estate.execute(statement, database=database)


SCHEMA = "IN SCHEMA public REVOKE"
TAMPERINGS: dict[str, tuple[Any, str, list[str]]] = {
    "login": (revoked("ALTER ROLE stac NOLOGIN"), "postgresql_role", ["login", "password"]),
    "password": (revoked("ALTER ROLE stac PASSWORD 'theirs'"), "postgresql_role", ["password"]),
    "rotated": (
        lambda estate: estate.give("stac-password", f"P-{secrets.token_urlsafe(24)}"),
        "postgresql_role",
        ["password"],
    ),
    "connect": (revoked("REVOKE CONNECT ON DATABASE odc FROM odc"), "postgresql_grant", ["connect"]),
    "schema": (revoked("REVOKE CREATE ON SCHEMA public FROM odc"), "postgresql_grant", ["schema"]),
    "tables": (revoked("REVOKE INSERT ON scenes FROM odc"), "postgresql_grant", ["tables"]),
    "sequences": (revoked("REVOKE USAGE ON SEQUENCE scenes_id_seq FROM odc"), "postgresql_grant", ["sequences"]),
    "default_tables": (
        revoked(f"ALTER DEFAULT PRIVILEGES {SCHEMA} SELECT ON TABLES FROM odcread"),
        "postgresql_grant",
        ["default_tables"],
    ),
    "default_sequences": (
        revoked(f"ALTER DEFAULT PRIVILEGES {SCHEMA} USAGE ON SEQUENCES FROM odcread"),
        "postgresql_grant",
        ["default_sequences"],
    ),
    "extension": (revoked("DROP EXTENSION postgis CASCADE"), "postgresql_extension", ["installed"]),
}


@pytest.mark.requirement("GEN-10", "RDS-13")
@pytest.mark.parametrize("case", TAMPERINGS)
def test_what_is_missing_is_seen_exactly_and_added_again(built: Estate, case: str) -> None:
    change, kind, paths = TAMPERINGS[case]
    built.execute("CREATE TABLE IF NOT EXISTS scenes (id serial, name text)")
    built.run()
    change(built)
    plan = built.run(check=True)
    seen = [(item["kind"], [one["path"] for one in item["changes"]]) for item in plan["operations"]]
    assert seen == [(kind, paths)]
    assert [item["kind"] for item in built.run()["operations"]] == [kind]
    silent(built)


def test_a_database_of_another_encoding_or_owner_is_refused_and_left(built: Estate) -> None:
    built.execute("CREATE ROLE somebody")
    built.execute("GRANT somebody TO piksel_dev")
    built.execute("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    result = built.run(databases={**OBJECTS["databases"], "latin": {"name": "latin"}})
    assert "its encoding is LATIN1, and UTF8 is expected" in result["msg"]
    built.execute("ALTER DATABASE latin OWNER TO somebody")
    result = built.run(databases={**OBJECTS["databases"], "latin": {"name": "latin"}})
    assert "its owner is somebody" in result["msg"]
    silent(built)


@pytest.mark.requirement("RDS-15")
def test_memberships_and_rights_of_others_are_never_revoked(built: Estate) -> None:
    built.execute("CREATE ROLE odc_manage")
    built.execute("CREATE ROLE odc_user")
    built.execute("GRANT odc_manage, odc_user TO odc")
    built.execute("GRANT odc_user TO odcread")
    built.execute("GRANT TRUNCATE ON scenes TO odc_manage")
    built.execute("ALTER ROLE odc CREATEDB")
    memberships = "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members ORDER BY 1, 2"
    before = built.execute(memberships)
    silent(built)
    # Also where the same roles and grants are mended.
    built.execute("REVOKE ALL ON SCHEMA public FROM odc")
    built.execute("ALTER ROLE odc PASSWORD 'theirs'")
    assert len(built.run()["operations"]) == 2
    assert built.execute(memberships) == before
    assert built.execute("SELECT rolcreatedb FROM pg_roles WHERE rolname = 'odc'") == [(True,)]
    # A role and a grant that the catalogue names no more stay too.
    fewer = {"roles": {"odc": OBJECTS["roles"]["odc"]}, "grants": {}}
    assert built.run(**fewer)["operations"] == []
    assert built.execute("SELECT count(*) FROM scenes", "odcread")


@pytest.mark.requirement("RDS-15")
def test_usage_and_create_are_granted_by_one_statement(built: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    built.execute("REVOKE ALL ON SCHEMA public FROM odc")
    statements = recorded(monkeypatch)
    built.run()
    assert [text for text, _ in statements if "SCHEMA" in text] == [
        'GRANT USAGE, CREATE ON SCHEMA "public" TO "odc"',
    ]


@pytest.mark.requirement("RDS-15")
def test_statements_run_one_after_another(built: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    built.execute("CREATE TABLE IF NOT EXISTS scenes (id serial, name text)")
    built.execute("CREATE TABLE IF NOT EXISTS products (id serial, name text)")
    for role in ("odc", "odcread"):
        built.execute(f"REVOKE SELECT ON scenes, products FROM {role}")
    statements = recorded(monkeypatch)
    built.run()
    granted = [text for text, _ in statements if " ON TABLE " in text]
    assert len(granted) == 4
    # Nobody was inside a statement when another one began.
    assert [beside for _, beside in statements if beside] == []


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """The statements that are no queries, each with whether another one ran beside it."""
    statements: list[tuple[str, bool]] = []
    running = threading.Lock()
    execute = psycopg.Connection.execute

    def record(connection: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        is_alone = running.acquire(blocking=False)
        try:
            text = query if isinstance(query, str) else query.as_string(connection)
            if not text.lstrip().startswith("SELECT"):
                statements.append((text, not is_alone))
            return execute(connection, query, *arguments, **options)
        finally:
            if is_alone:
                running.release()

    monkeypatch.setattr(psycopg.Connection, "execute", record)
    return statements


def test_a_grant_to_a_role_or_in_a_database_that_nobody_names_is_refused(built: Estate) -> None:
    grants = {"a": {"role": "nobody", "database": "odc"}, "b": {"role": "odc", "database": "nowhere"}}
    message = built.run(check=True, grants=grants)["msg"]
    assert "`grants.a.role`: there is no role nobody" in message
    assert "`grants.b.database`: there is no database nowhere" in message


def test_a_broken_connection_is_made_anew(built: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    execute = psycopg.Connection.execute
    left = [3]

    def breaking(connection: Any, *arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            with built.connection() as other:
                execute(other, "SELECT pg_terminate_backend(%s, 1000)", [connection.info.backend_pid])
        return execute(connection, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", breaking)
    assert built.run()["operations"] == []


def test_a_wrong_bundle_and_a_wrong_master_are_told(built: Estate, tmp_path: Any) -> None:
    assert "the bundle with the authorities of RDS is not there" in built.run(ca_bundle=str(tmp_path / "no"))["msg"]
    wrong = tmp_path / "wrong.pem"
    wrong.write_bytes(Authority("somebody else", tmp_path).pem)
    assert "certificate verify failed" in built.run(ca_bundle=str(wrong))["msg"]
    message = built.run(master_password_secret="odc-password")["msg"]
    assert "password authentication failed" in message
    assert "set it by ModifyDBInstance" in message
