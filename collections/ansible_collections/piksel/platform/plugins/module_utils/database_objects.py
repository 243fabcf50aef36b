# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What applications find in the database instance: from the options of the task to a plan and its statements."""

from __future__ import annotations

import contextlib
import os

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import arguments, postgresql, unknown
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError, combined, told
from ansible_collections.piksel.platform.plugins.module_utils.postgresql_objects import (
    AS_STORED,
    ENCODING,
    SEQUENCE_PRIVILEGES,
    TABLE_PRIVILEGES,
    Database,
    Extension,
    Grant,
    Role,
    rights,
)
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel, reconcile

NAME = {"type": "str", "required": True}
DATABASE_OPTIONS = {"name": NAME, "extensions": {"type": "list", "elements": "str", "default": []}}
ROLE_OPTIONS = {"name": NAME, "password_secret": {"type": "str", "required": True, "no_log": False}}
GRANT_OPTIONS = {
    "role": NAME,
    "database": NAME,
    "schema": {"type": "str", "default": "public"},
    "create": {"type": "bool", "default": False},
    "tables": {"type": "list", "elements": "str", "choices": list(TABLE_PRIVILEGES), "default": ["SELECT"]},
    "sequences": {"type": "list", "elements": "str", "choices": list(SEQUENCE_PRIVILEGES), "default": []},
}


def run(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile databases, roles, extensions and grants; resources: "<kind>.<key>" -> {"name"}."""
    instance = _instance(clients, params["instance"], check_mode)
    wanted = _objects(params, clients, (instance or {}).get("MasterUsername"))
    if instance is None:
        return reconcile(wanted, check_mode, progress=progress)
    postgresql.require_psycopg()
    _give_passwords(clients, [one for one in wanted if isinstance(one, Role)], check_mode)
    with _directly(clients, instance, params) as session:
        for resource in wanted:
            resource.session = session
        return reconcile(wanted, check_mode, progress=progress)


def _instance(clients, name, check_mode):
    """What DescribeDBInstances says of an instance with an endpoint, None when check mode finds none yet.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html
    """
    subject = f"rds_instance {name}"
    with told(subject, clients):
        try:
            found = clients.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        except is_boto3_error_code("DBInstanceNotFound"):
            found = {}
    if found.get("Endpoint"):
        return found
    if check_mode:
        return None
    raise PlatformError(
        "the instance has no endpoint" if found else "there is no such instance",
        subject=subject,
        account=clients.account_id,
        region=clients.region,
        advice="Run the stages that make it and wait for it first.",
    )


def _objects(params, clients, master):
    """Every object that the options name, in the order of their waves. Raises the findings of all entries together."""
    databases = arguments.entries("databases", params["databases"], DATABASE_OPTIONS)
    roles = arguments.entries("roles", params["roles"], ROLE_OPTIONS)
    grants = arguments.entries("grants", params["grants"], GRANT_OPTIONS)
    _refuse_strangers(databases, roles, grants)
    place = (clients, params["scope"])
    owner = {"owner": master or unknown.make("rds_instance", params["instance"], "master_username")}
    objects = []
    for key, entry in roles.items():
        role = Role(*place, f"role.{key}", entry["name"], {"login": True, "password": AS_STORED})
        role.secret = entry["password_secret"]
        objects.append(role)
    for key, entry in databases.items():
        objects.append(Database(*place, f"database.{key}", entry["name"], {"encoding": ENCODING, **owner}))
        for extension in entry["extensions"]:
            objects.append(Extension(*place, f"extension.{key}.{extension}", entry["name"], extension))
    for key, entry in grants.items():
        where = (roles[entry["role"]]["name"], databases[entry["database"]]["name"], entry["schema"])
        objects.append(
            Grant(*place, f"grant.{key}", where, rights(entry["create"], entry["tables"], entry["sequences"]))
        )
    return sorted(objects, key=lambda one: one.wave)


def _refuse_strangers(databases, roles, grants):
    """A grant names a role and a database of the same task."""
    findings = []
    for key, entry in grants.items():
        for option, known in (("role", roles), ("database", databases)):
            if entry[option] not in known:
                findings.append(
                    PlatformError(
                        f"`grants.{key}.{option}`: there is no {option} {entry[option]}",
                        advice=f"Known are {', '.join(sorted(known)) or 'none'}.",
                    )
                )
    combined(findings)


def _give_passwords(clients, roles, check_mode):
    """Read the secrets of the roles; check mode makes do without one that is yet to be made."""

    def read(role):
        with told(f"secret {role.secret}, the password of {role.subject}", clients):
            try:
                return clients.client("secretsmanager").get_secret_value(SecretId=role.secret)["SecretString"]
            except is_boto3_error_code("ResourceNotFoundException"):
                if not check_mode:
                    raise
        return ""

    for role, password in zip(roles, parallel(read, roles), strict=True):
        role.password = password


@contextlib.contextmanager
def _directly(clients, instance, params):
    """A session with the instance's own endpoint."""
    endpoint = instance["Endpoint"]
    server = postgresql.Server(
        endpoint["Address"], endpoint["Port"], instance["MasterUsername"], authority(params["ca_bundle"])
    )
    session = postgresql.Session(server, master_password(clients, params["master_password_secret"]))
    try:
        yield session
    finally:
        session.close()


def master_password(clients, secret: str) -> str:
    """The password of the master, from Secrets Manager."""
    with told(f"secret {secret}, the password of the master", clients):
        return clients.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]


def authority(path: str) -> str:
    """The path of the bundle, which exists.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
    """
    expanded = os.path.expanduser(path)
    if not os.path.isfile(expanded):
        raise PlatformError(
            f"the bundle with the authorities of RDS is not there: {expanded}",
            advice="Download it: https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
        )
    return expanded
