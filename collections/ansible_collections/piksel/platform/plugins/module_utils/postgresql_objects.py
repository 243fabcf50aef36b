# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles, databases, extensions and grants of PostgreSQL. They only ever add: nothing is revoked, dropped or taken over.

Memberships and rights that applications make themselves are never looked at.
https://www.postgresql.org/docs/current/ddl-priv.html
"""

from __future__ import annotations

from abc import abstractmethod

from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.postgresql import name, text, words
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

TABLE_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
SEQUENCE_PRIVILEGES = ("USAGE", "SELECT", "UPDATE")
ENCODING = "UTF8"
# Stands for a password in plans and comparisons.
AS_STORED, OTHER = "as in Secrets Manager", "another one"
_DATABASE = "SELECT pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
_ROLE = "SELECT rolcanlogin FROM pg_roles WHERE rolname = %s"
_OF_DATABASE = """
SELECT a.privilege_type FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
WHERE d.datname = %s AND pg_get_userbyid(a.grantee) = %s"""
_OF_SCHEMA = """
SELECT a.privilege_type FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
WHERE n.nspname = %s AND pg_get_userbyid(a.grantee) = %s"""
# What others own, and the master has no part in, it could not grant either.
_OF_RELATIONS = """
SELECT c.relname, array_agg(a.privilege_type) FILTER (WHERE pg_get_userbyid(a.grantee) = %s)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))) a
WHERE n.nspname = %s AND c.relkind = ANY(%s::"char"[]) AND pg_has_role(c.relowner, 'USAGE')
GROUP BY c.relname ORDER BY c.relname"""
_OF_FUTURE = """
SELECT a.privilege_type
FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
WHERE n.nspname = %s AND d.defaclobjtype = %s::"char" AND pg_get_userbyid(d.defaclrole) = current_user
AND pg_get_userbyid(a.grantee) = %s"""
# Attribute to what statements call it and to the kinds of pg_class.
_RELATIONS = {"tables": ("TABLE", ["r", "p", "v", "m", "f"]), "sequences": ("SEQUENCE", ["S"])}
_FUTURE = {"default_tables": ("TABLES", "r"), "default_sequences": ("SEQUENCES", "S")}


class PostgresqlObject(Resource):
    """An object inside the database instance.

    ``session`` is a postgresql.Session, or None where check mode cannot look: then ``recorded`` is what the last run
    left, None for nothing known. Both are set by the task.
    """

    api = "postgresql"
    session = None
    recorded = None
    # Id of the version of a secret that the object has in it.
    version = None

    def read(self):
        """The object as found, or as the last run left it where nobody can look."""
        if self.session is None:
            return self.recorded
        with self.session.lock:
            return self.look()

    @abstractmethod
    def look(self) -> dict | None:
        """The object as the server has it."""

    def update(self, found, changes):
        """Statements that bring the changes, one after another."""
        with self.session.lock:
            self.bring(found, changes)

    def bring(self, found, changes):
        """Nothing here ever differs."""


class Role(PostgresqlObject):
    """A role that signs in with the password of a secret.

    https://www.postgresql.org/docs/current/sql-createrole.html
    """

    kind = "postgresql_role"
    attributes = (Attribute("login"), Attribute("password", sensitive=True))
    # Set by the task: the password as Secrets Manager has it.
    password = None

    def look(self):
        """From pg_roles; whether the password fits, a sign-in tells."""
        found = self.session.rows(_ROLE, self.name)
        if not found:
            return None
        login = found[0][0]
        fits = login and self.session.takes(self.name, self.password)
        return {"login": login, "password": AS_STORED if fits else OTHER}

    def create(self):
        """CREATE ROLE with everything."""
        with self.session.lock:
            self.session.run("CREATE ROLE {} LOGIN PASSWORD {}", name(self.name), self._secret())
        return dict(self.wanted)

    def bring(self, _found, _changes):
        """ALTER ROLE; the password is sent as the server keeps it."""
        self.session.run("ALTER ROLE {} LOGIN PASSWORD {}", name(self.name), self._secret())

    def _secret(self):
        return text(self.session.encrypted(self.name, self.password))


class Database(PostgresqlObject):
    """A database of the master: https://www.postgresql.org/docs/current/sql-createdatabase.html"""

    kind = "postgresql_database"
    wave = 1
    attributes = (Attribute("encoding"), Attribute("owner"))

    def look(self):
        """From pg_database."""
        found = self.session.rows(_DATABASE, self.name)
        return {"encoding": found[0][0], "owner": found[0][1]} if found else None

    def refusals(self, found, changes):
        """PostgreSQL never changes an encoding, and ownership is not taken from anybody."""
        if not found:
            # Nothing is known of it.
            return []
        return [
            PlatformError(
                f"its {change.path} is {change.before}, and {change.after} is expected",
                subject=self.subject,
                **self.place(),
                advice="The platform takes nothing over: change it by hand, or name another database.",
            )
            for change in changes
        ]

    def create(self):
        """CREATE DATABASE, of an empty template, whose encoding is free."""
        with self.session.lock:
            self.session.run(
                "CREATE DATABASE {} ENCODING {} TEMPLATE template0", name(self.name), text(self.wanted["encoding"])
            )
        return dict(self.wanted)


class Extension(PostgresqlObject):
    """An extension in a database: https://www.postgresql.org/docs/current/sql-createextension.html"""

    kind = "postgresql_extension"
    wave = 2
    attributes = (Attribute("installed"),)

    def __init__(self, clients, scope, key, database, extension):
        super().__init__(clients, scope, key, f"{database}/{extension}", {"installed": True})
        self.database, self.extension = database, extension

    def look(self):
        """From pg_extension of a database that exists."""
        if not self.session.rows(_DATABASE, self.database):
            return None
        query = "SELECT 1 FROM pg_extension WHERE extname = %s"
        return {"installed": True} if self.session.rows(query, self.extension, database=self.database) else None

    def create(self):
        """CREATE EXTENSION."""
        with self.session.lock:
            self.session.run("CREATE EXTENSION IF NOT EXISTS {}", name(self.extension), database=self.database)
        return dict(self.wanted)


class Grant(PostgresqlObject):
    """What one role may do in one schema of one database; found is only what is wanted, so that more is left alone.

    https://www.postgresql.org/docs/current/sql-grant.html
    https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
    """

    kind = "postgresql_grant"
    wave = 3
    attributes = tuple(Attribute(path, form="set") for path in ("connect", "schema", *_RELATIONS, *_FUTURE))

    def __init__(self, clients, scope, key, place, wanted):
        """``place``: (role, database, schema), their names."""
        self.role, self.database, self.schema = place
        super().__init__(clients, scope, key, f"{self.role} on {self.database}.{self.schema}", wanted)

    def look(self):
        """From the catalogs of privileges, of a role and a database that exist."""
        if not self.session.rows(_ROLE, self.role) or not self.session.rows(_DATABASE, self.database):
            return None
        held = {"connect": self._privileges(_OF_DATABASE, self.database, self.role)}
        held["schema"] = self._privileges(_OF_SCHEMA, self.schema, self.role)
        for path in _RELATIONS:
            missing = {one for privileges in self._lacking(path).values() for one in privileges}
            held[path] = set(self.wanted[path]) - missing
        for path, (_objects, kind) in _FUTURE.items():
            held[path] = self._privileges(_OF_FUTURE, self.schema, kind, self.role)
        return {path: sorted(set(self.wanted[path]) & privileges) for path, privileges in held.items()}

    def _privileges(self, query, *values):
        return {row[0] for row in self.session.rows(query, *values, database=self.database)}

    def _lacking(self, path):
        """Relation -> the wanted privileges that it lacks."""
        kinds = _RELATIONS[path][1]
        rows = self.session.rows(_OF_RELATIONS, self.role, self.schema, kinds, database=self.database)
        lacking = {one: [word for word in self.wanted[path] if word not in (held or ())] for one, held in rows}
        return {relation: privileges for relation, privileges in lacking.items() if privileges}

    def create(self):
        """Nothing by itself: role and database are there by now, and the grants are brought like changes."""
        found = self.read()
        if found is None:
            raise PlatformError(
                f"role {self.role} or database {self.database} is missing", subject=self.subject, **self.place()
            )
        return found

    def bring(self, _found, changes):
        """One GRANT for each right that is missing; USAGE and CREATE on the schema go together."""
        for path in (change.path for change in changes):
            role, privileges = name(self.role), words(self.wanted[path])
            if path == "connect":
                self._run("GRANT {} ON DATABASE {} TO {}", privileges, name(self.database), role)
            elif path == "schema":
                self._run("GRANT {} ON SCHEMA {} TO {}", privileges, name(self.schema), role)
            elif path in _FUTURE:
                statement = "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT {} ON {} TO {}"
                self._run(statement, name(self.schema), privileges, words([_FUTURE[path][0]]), role)
            else:
                for relation, lacking in self._lacking(path).items():
                    kind = words([_RELATIONS[path][0]])
                    place = (name(self.schema), name(relation))
                    self._run("GRANT {} ON {} {}.{} TO {}", words(lacking), kind, *place, role)

    def _run(self, statement, *parts):
        self.session.run(statement, *parts, database=self.database)


def rights(create: bool, tables: list, sequences: list) -> dict:
    """The wanted map of a Grant: privileges now, and the same for what the master makes later."""
    schema = ["USAGE", "CREATE"] if create else ["USAGE"]
    now = {"tables": tables, "sequences": sequences}
    return {"connect": ["CONNECT"], "schema": schema, **now, **{f"default_{path}": now[path] for path in now}}
