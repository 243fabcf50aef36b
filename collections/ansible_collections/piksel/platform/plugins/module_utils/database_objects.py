# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What applications find in the database instance: from the options of the task to a plan and its statements."""

from __future__ import annotations

import os

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import arguments, postgresql, postgresql_relay, unknown
from ansible_collections.piksel.platform.plugins.module_utils.database_record import Record
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError, combined, told
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_client import connect_or_tell
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

DIRECT, RELAY = "direct", "relay"
WHEN_CHANGED, ALWAYS = "when_changed", "always"
UNSEEN = "The database is reached by a relay that only a run opens, so this compares with what the last run left there."
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
    """Reconcile databases, roles, extensions and grants; resources: "<kind>.<key>" -> {"name"}.

    ``notices``: what is worth knowing, such as that a plan could only compare with what the last run left.
    """
    instance = _instance(clients, params["instance"], check_mode)
    wanted = _objects(params, clients, (instance or {}).get("MasterUsername"))
    if instance is None:
        return {**reconcile(wanted, check_mode, progress=progress), "notices": []}
    _give_passwords(clients, [one for one in wanted if isinstance(one, Role)], check_mode)
    way = _RelayedWay if params["access"] == RELAY else _DirectWay
    return way(params, check_mode, clients, progress).bring(instance, wanted)


class _DirectWay:
    """To the instance's own endpoint, also in check mode, as reading changes nothing."""

    def __init__(self, params, check_mode, clients, progress):
        self.params, self.check_mode, self.clients, self.progress = params, check_mode, clients, progress

    def bring(self, instance, wanted):
        """The result of reconcile, over a session."""
        return self.reconciled(instance, wanted, instance["Endpoint"]["Port"])

    def reconciled(self, instance, wanted, port, address=None):
        """The result of reconcile over a session with ``port`` of the endpoint, or of ``address`` instead."""
        postgresql.require_psycopg()
        bundle, host = authority(self.params["ca_bundle"]), instance["Endpoint"]["Address"]
        server = postgresql.Server(host, port, instance["MasterUsername"], bundle, address)
        password = secret(self.clients, self.params["master_password_secret"], "the master")[0]
        session = postgresql.Session(server, password)
        for resource in wanted:
            resource.session = session
        try:
            return {**reconcile(wanted, self.check_mode, progress=self.progress), "notices": []}
        finally:
            session.close()


class _RelayedWay(_DirectWay):
    """By a pod in the cluster, which only a run opens, and only when the record says that there is something to do."""

    def bring(self, instance, wanted):
        """The result of reconcile, over a relay or with what the last run recorded."""
        params = self.params
        cluster, notices = connect_or_tell(
            self.clients, params["cluster_name"], self.check_mode, params["cluster_endpoint"]
        )
        if cluster is None:
            planned = self._planned(wanted)
            return {**planned, "notices": [*planned["notices"], *notices]}
        place = {"scope": params["scope"], "namespace": params["relay_namespace"], "image": params["relay_image"]}
        record = Record(cluster, params["scope"], place["namespace"], instance["DbiResourceId"])
        for resource in wanted:
            resource.recorded = record.found(resource)
        if self.check_mode:
            return self._planned(wanted)
        if params["look"] == WHEN_CHANGED and _as_recorded(wanted):
            postgresql_relay.clear(cluster, place, self.progress)
            return self._planned(wanted)
        endpoint = instance["Endpoint"]
        with postgresql_relay.opened(cluster, place, endpoint["Address"], endpoint["Port"], self.progress) as near:
            address, port = near
            result = self.reconciled(instance, wanted, port, address)
            # Before the relay goes: a run that is killed in between leaves no work, only a pod.
            record.write(wanted)
        return result

    def _planned(self, wanted):
        """The plan that the record allows; outside check mode it is empty."""
        result = reconcile(wanted, self.check_mode, progress=self.progress)
        return {**result, "notices": [UNSEEN] if result["operations"] else []}


def _as_recorded(wanted):
    return all(resource.recorded == resource.wanted for resource in wanted)


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
        try:
            return secret(clients, role.secret, role.subject)
        except PlatformError as error:
            if check_mode and is_boto3_error_code("ResourceNotFoundException", error.__cause__):
                return "", None
            raise

    for role, (password, version) in zip(roles, parallel(read, roles), strict=True):
        role.password, role.version = password, version


def secret(clients, name: str, whose: str) -> tuple:
    """(value, version id) of a password in Secrets Manager."""
    with told(f"secret {name}, the password of {whose}", clients):
        answer = clients.client("secretsmanager").get_secret_value(SecretId=name)
    return answer["SecretString"], answer["VersionId"]


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
