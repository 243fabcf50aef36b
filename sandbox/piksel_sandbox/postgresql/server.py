"""One PostgreSQL server as RDS runs it: TLS, a master who is no superuser, loopback.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
"""

from __future__ import annotations

import logging
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from piksel_sandbox import processes
from piksel_sandbox.kubernetes.certificates import Authority
from piksel_sandbox.postgresql import programs
from piksel_sandbox.postgresql.addresses import free_address
from piksel_sandbox.postgresql.folders import folder_prefix
from piksel_sandbox.state import State

logger = logging.getLogger(__name__)
STARTING, READY, FAILED = "STARTING", "READY", "FAILED"
START_LIMIT = 60.0
POLL = 0.05
SUPERUSER = "rdsadmin"
# RDS has TLS by name only; without it a client is met by no line of pg_hba.conf.
HBA = "hostssl all all 0.0.0.0/0 scram-sha-256\n"
HBA_PLAIN = "hostnossl all all 0.0.0.0/0 scram-sha-256\n"
# Nothing survives the sandbox, so nothing need reach the disk.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "max_connections": "50",
    "max_worker_processes": "2",
    "autovacuum": "off",
    "unix_socket_directories": "",
    "ssl": "on",
    "password_encryption": "scram-sha-256",
    "log_statement": "none",
}


class Server:
    """The server of one instance; `address` is its own on loopback, so that it has the port it was asked for."""

    def __init__(self, state: State, authority: Authority, name: str, port: int) -> None:
        self.state = STARTING
        self.failure: str | None = None
        self.port = port
        self.address = free_address(name, port)
        self._sandbox = state
        self._authority = authority
        self._name = f"postgresql-{name}"
        self._folder: Path | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_urlsafe(24)
        self._stopping = threading.Event()
        self._lock = threading.RLock()

    def start(self, master: str, password: str, database: str | None, *, force_tls: bool) -> None:
        """Starts it in a thread with its master and, unless None, a database; `state` tells when it serves."""

        def run() -> None:
            try:
                self._start(force_tls)
                self._furnish(master, password, database)
                self.state = READY
            except (programs.ProgramsError, OSError, subprocess.SubprocessError, psycopg.Error) as error:
                self._fail(str(getattr(error, "stderr", None) or error))

        threading.Thread(target=run, name=self._name, daemon=True).start()

    def stop(self) -> None:
        """Ends the server and removes its data; without leave to end in order, as there is nothing to keep."""
        self._stopping.set()
        with self._lock:
            if self._child:
                # The postmaster takes its children along within the grace, which SIGKILL would not let it do.
                self._child.send_signal(signal.SIGQUIT)
                processes.stop(self._sandbox, self._child, grace=2.0)
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)
        if self.state != FAILED:
            (self._sandbox.logs / f"{self._name}.log").unlink(missing_ok=True)

    def set_password(self, master: str, password: str) -> None:
        """Gives the master another password."""
        with self._connect() as connection:
            _execute(connection, "ALTER ROLE {} PASSWORD {}", sql.Identifier(master), sql.Literal(password))

    def force_tls(self, is_forced: bool) -> None:
        """Refuses connections without TLS, or takes them."""
        if self._folder and self._child:
            self._write("pg_hba.conf", HBA if is_forced else HBA + HBA_PLAIN)
            self._child.send_signal(signal.SIGHUP)

    def _start(self, force_tls: bool) -> None:
        found = programs.ensure()
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        folder = Path(tempfile.mkdtemp(prefix=folder_prefix(self._sandbox)))
        with self._lock:
            self._folder = folder
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC", **found.variables}
        self._initialise(found, environment, user)
        certificate, key = self._authority.issue(self._name, self.address, hosts=(self.address,))
        self._write("server.crt", certificate.read_text(encoding="utf-8"))
        self._write("server.key", key.read_text(encoding="utf-8"))
        settings = {**SETTINGS, "listen_addresses": self.address, "port": str(self.port)}
        self._write("postgresql.auto.conf", "".join(f"{name} = '{value}'\n" for name, value in settings.items()))
        self._write("pg_hba.conf", HBA if force_tls else HBA + HBA_PLAIN)
        with self._lock:
            if self._stopping.is_set():
                raise OSError("the instance was deleted while it was made")
            argv = [found.path("postgres"), "-D", str(folder / "data")]
            self._child = processes.spawn(
                self._sandbox, self._name, argv, env=environment, cwd=folder, user=user.pw_uid if user else None
            )

    def _initialise(
        self, found: programs.Programs, environment: dict[str, str], user: pwd.struct_passwd | None
    ) -> None:
        assert self._folder
        self._write("password", self._password, self._folder)
        argv = [
            found.path("initdb"),
            f"--pgdata={self._folder / 'data'}",
            f"--username={SUPERUSER}",
            f"--pwfile={self._folder / 'password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-sync",
            "--no-instructions",
        ]
        as_user: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        subprocess.run(
            argv, check=True, capture_output=True, text=True, env=environment, cwd=self._folder,
            timeout=START_LIMIT, **as_user,
        )  # fmt: skip
        (self._folder / "password").unlink()

    def _write(self, name: str, content: str, folder: Path | None = None) -> None:
        """Writes a file that only the server's user may read."""
        assert self._folder
        path = (folder or self._folder / "data") / name
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        owner = self._folder.stat()
        if owner.st_uid != os.geteuid():
            os.chown(path, owner.st_uid, owner.st_gid)

    def _furnish(self, master: str, password: str, database: str | None) -> None:
        """The roles and the database that an instance comes with."""
        name = sql.Identifier(master)
        with self._first_connection() as connection:
            for role in ("rds_superuser", "rds_password", "rds_replication", "rds_iam"):
                _execute(connection, "CREATE ROLE {}", sql.Identifier(role))
            for role in ("pg_monitor", "pg_signal_backend", "rds_password", "rds_replication"):
                _execute(connection, "GRANT {} TO rds_superuser WITH ADMIN OPTION", sql.Identifier(role))
            _execute(connection, "CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}", name, sql.Literal(password))
            _execute(connection, "GRANT rds_superuser TO {}", name)
            _execute(connection, "ALTER DATABASE postgres OWNER TO {}", name)
            if database:
                _execute(connection, "CREATE DATABASE {} OWNER {}", sql.Identifier(database), name)

    def _first_connection(self) -> psycopg.Connection[Any]:
        limit = time.monotonic() + START_LIMIT
        while True:
            try:
                return self._connect()
            except psycopg.OperationalError:
                assert self._child
                if self._stopping.is_set() or self._child.poll() is not None or time.monotonic() > limit:
                    raise
            time.sleep(POLL)

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.address,
            port=self.port,
            user=SUPERUSER,
            password=self._password,
            dbname="postgres",
            sslmode="verify-full",
            sslrootcert=str(self._authority.path),
            connect_timeout=5,
            autocommit=True,
        )

    def _fail(self, reason: str) -> None:
        if not self._stopping.is_set():
            logger.error("%s failed: %s", self._name, reason)
            self.failure, self.state = reason, FAILED


def _execute(connection: psycopg.Connection[Any], text: str, *parts: sql.Composable) -> None:
    connection.execute(sql.SQL(text).format(*parts))
