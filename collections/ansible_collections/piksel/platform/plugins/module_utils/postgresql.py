# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections to one PostgreSQL server: TLS verified to the end, one statement after another.

Outages came of grants that ran beside each other on one schema, so a session has one lock, and whoever reads and then
changes holds it for both.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass

from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

try:
    import psycopg
    from psycopg import sql

    HAS_PSYCOPG = True
except ImportError:
    # `opened` says so before anything here is reached.
    psycopg = sql = None
    HAS_PSYCOPG = False

MAINTENANCE_DATABASE = "postgres"
CONNECT_SECONDS = 15
# What a server says of a password that is not the role's, and of one that was taken where more is missing.
REFUSED_SIGN_IN = "password authentication failed"
ACCEPTED_BUT = ("permission denied for database", "does not exist", "too many connections", "remaining connection")
SCRAM = b"scram-sha-256"


@dataclass(frozen=True)
class Server:
    """Where a server is: ``host`` is the name in its certificate, ``address`` where it is reached instead (a relay) or
    None, ``authority`` the path of the certificates to trust."""

    host: str
    port: int
    user: str
    authority: str
    address: str | None = None

    @property
    def subject(self) -> str:
        """For errors."""
        return f"PostgreSQL at {self.host}"


class Session:
    """The master's connections, one per database; safe to use from several threads, which wait for each other."""

    def __init__(self, server: Server, password: str):
        self.server = server
        self.lock = threading.RLock()
        self._password = password
        self._connections = {}

    def rows(self, query: str, *values, database: str = MAINTENANCE_DATABASE) -> list:
        """The rows of a query with its values bound, each a tuple."""
        return self._with_connection(database, lambda connection: connection.execute(query, values).fetchall())

    def run(self, statement: str, *parts, database: str = MAINTENANCE_DATABASE) -> None:
        """One statement; ``parts`` fill its {}: names as ``name`` gives them, texts as ``text`` does."""
        composed = sql.SQL(statement).format(*parts)
        self._with_connection(database, lambda connection: connection.execute(composed))

    def encrypted(self, role: str, password: str) -> str:
        """The password as the server keeps it: what is sent and logged is no password.

        https://www.postgresql.org/docs/current/libpq-misc.html#LIBPQ-PQENCRYPTPASSWORDCONN
        """
        return self._with_connection(
            MAINTENANCE_DATABASE,
            lambda connection: connection.pgconn.encrypt_password(password.encode(), role.encode(), SCRAM).decode(),
        )

    def takes(self, role: str, password: str) -> bool:
        """Whether the role signs in with this password: no other way to compare is open to a master."""
        with self.lock:
            try:
                self._connect(MAINTENANCE_DATABASE, role, password).close()
            except psycopg.OperationalError as error:
                if REFUSED_SIGN_IN in str(error):
                    return False
                if not any(words in str(error) for words in ACCEPTED_BUT):
                    raise self._told(error) from error
        return True

    def close(self) -> None:
        """End all connections."""
        for connection in self._connections.values():
            with contextlib.suppress(psycopg.Error):
                connection.close()
        self._connections = {}

    def _with_connection(self, database, work):
        """The answer of ``work(connection)``; a connection that broke is made anew once.

        What was asked for may then have been done already, which a second try of a create is told.
        """
        with self.lock:
            for is_last in (False, True):
                try:
                    return work(self._connection(database))
                except (psycopg.errors.DuplicateObject, psycopg.errors.DuplicateDatabase) as error:
                    if not is_last:
                        raise self._told(error) from error
                    return None
                except psycopg.Error as error:
                    broken = self._connections.get(database)
                    if is_last or broken is None or not broken.broken:
                        raise self._told(error) from error
                    del self._connections[database]
        raise AssertionError

    def _connection(self, database):
        if database not in self._connections:
            self._connections[database] = self._connect(database, self.server.user, self._password)
        return self._connections[database]

    def _connect(self, database, user, password):
        address = {"hostaddr": self.server.address} if self.server.address else {}
        return psycopg.connect(
            host=self.server.host,
            port=self.server.port,
            user=user,
            password=password,
            dbname=database,
            sslmode="verify-full",
            sslrootcert=self.server.authority,
            connect_timeout=CONNECT_SECONDS,
            application_name="piksel.platform",
            autocommit=True,
            **address,
        )

    def _told(self, error):
        """The server's words; they name objects and never a password."""
        advice = None
        if REFUSED_SIGN_IN in str(error):
            advice = "The secret with the master's password is not what the instance has: set it by ModifyDBInstance."
        elif isinstance(error, psycopg.OperationalError) and "certificate" in str(error):
            advice = "The bundle does not hold the authority of the instance: check the option `ca_bundle`."
        return PlatformError(" ".join(str(error).split()), subject=self.server.subject, advice=advice)


def name(text: str):
    """An identifier for a statement, quoted."""
    return sql.Identifier(text)


def text(value: str):
    """A text for a statement, quoted."""
    return sql.Literal(value)


def words(values):
    """Keywords for a statement, such as privileges; only such as are known may come here."""
    return sql.SQL(", ".join(values))


def require_psycopg() -> None:
    """Raise PlatformError when the driver is missing."""
    if not HAS_PSYCOPG:
        raise PlatformError(
            "the Python library psycopg is missing, which speaks with PostgreSQL",
            advice='Install it for the Python of this run: pip install "psycopg[binary]".',
        )
