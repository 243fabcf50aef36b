# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What RDS or PostgreSQL would refuse late: names, days of backups, grants to nobody or of what is no privilege.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.piksel.platform.plugins.module_utils.postgresql_objects import (
    SEQUENCE_PRIVILEGES,
    TABLE_PRIVILEGES,
)
from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem

Values = dict[str, t.Any]
# What needs no quotes anywhere an application may write it.
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
NAME_ADVICE = "Begin with a letter or _; small letters, digits and _ follow, 63 in all."
# Of the words that PostgreSQL reserves, those that somebody may want to call a database or a role.
RESERVED = frozenset(
    {
        *("all", "analyse", "analyze", "any", "array", "asc", "both", "case", "cast", "check", "collate", "column"),
        *("create", "default", "desc", "distinct", "do", "else", "end", "fetch", "for", "foreign", "from", "grant"),
        *("group", "in", "into", "leading", "limit", "offset", "on", "only", "or", "order", "primary", "references"),
        *(
            "select",
            "table",
            "then",
            "to",
            "true",
            "false",
            "union",
            "unique",
            "user",
            "using",
            "when",
            "where",
            "with",
        ),
    }
)
OTHERS_DATABASES = frozenset({"postgres", "rdsadmin", "template0", "template1"})
OTHERS_ROLES = frozenset({"admin", "current_user", "none", "postgres", "public", "rdsadmin", "session_user"})
OTHERS_PREFIXES = ("pg_", "rds_")
DAYS = range(1, 36)


def backup_days(days: t.Any, _values: Values) -> t.Iterator[Problem]:
    """Days that RDS keeps no backups for."""
    if not isinstance(days, int) or days not in DAYS:
        yield Problem([], f"{days} days of backups are not possible", f"RDS keeps {DAYS[0]} to {DAYS[-1]}.")


def database_name(name: str | None, _values: Values) -> t.Iterator[Problem]:
    """A name that no database can have, or that RDS has itself."""
    yield from _name([], name, "database", OTHERS_DATABASES)


def master(name: str | None, _values: Values) -> t.Iterator[Problem]:
    """A name that no master can have."""
    yield from _name([], name, "role", OTHERS_ROLES)


def databases(catalogue: Values, _values: Values) -> t.Iterator[Problem]:
    """Names of databases, each only once."""
    yield from _names(catalogue, "database", OTHERS_DATABASES)


def roles(catalogue: Values, values: Values) -> t.Iterator[Problem]:
    """Names of roles, each only once, and not the master's."""
    others = OTHERS_ROLES | {values.get("rds_master_username")}
    yield from _names(catalogue, "role", frozenset(others))


def grants(catalogue: Values, values: Values) -> t.Iterator[Problem]:
    """Grants to a role, or in a database, that the catalogue does not have, and of what is no privilege."""
    privileges = {"tables": TABLE_PRIVILEGES, "sequences": SEQUENCE_PRIVILEGES}
    for key, entry in _entries(catalogue):
        for option in ("role", "database"):
            known = values.get(f"rds_{option}s") or {}
            if entry.get(option) not in known:
                advice = f"Known are {', '.join(sorted(known)) or 'none'}."
                yield Problem([key, option], f"there is no {option} {entry.get(option)}", advice)
        for option, possible in privileges.items():
            for word in set(entry.get(option) or ()) - set(possible):
                yield Problem([key, option], f"{word} is no privilege on {option}", f"Write {', '.join(possible)}.")


def _entries(catalogue):
    return [(key, entry) for key, entry in catalogue.items() if isinstance(entry, dict)]


def _names(catalogue, kind, others):
    seen: dict[str, str] = {}
    for key, entry in _entries(catalogue):
        name = entry.get("name")
        yield from _name([key, "name"], name, kind, others)
        if seen.setdefault(str(name), key) != key:
            yield Problem([key, "name"], f"{kind} {name} is {seen[str(name)]}'s already", "Give each its own name.")


def _name(path, name, kind, others):
    if not NAME.fullmatch(str(name)):
        yield Problem(path, f"{name!r} is no name of a {kind}", NAME_ADVICE)
    elif name in RESERVED:
        yield Problem(path, f"{name} is a word of SQL", "Choose another name.")
    elif name in others or str(name).startswith(OTHERS_PREFIXES):
        yield Problem(path, f"{name} is a {kind} that the instance has itself", "Choose another name.")


RULES: dict[str, t.Callable[[t.Any, Values], t.Iterable[Problem]]] = {
    "rds_backup_retention_days": backup_days,
    "rds_databases": databases,
    "rds_db_name": database_name,
    "rds_grants": grants,
    "rds_master_username": master,
    "rds_roles": roles,
}
