# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instance of RDS: made whole in one call, changed in place, its password never compared nor shown."""

from __future__ import annotations

import datetime

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.piksel.platform.plugins.module_utils import arguments, rds_request, tagging, wait
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute, Change
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError, told
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

MINUTE = 60
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
USABLE = ("available", "storage-optimization")
MAKING = ("creating", "backing-up")
BROKEN = (
    *("failed", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable"),
    *("incompatible-create", "incompatible-network", "incompatible-option-group", "incompatible-parameters"),
    *("incompatible-restore", "insufficient-capacity", "restore-error", "storage-full"),
)
# Without an endpoint there is nothing to lose.
NEVER_MADE = ("failed", "incompatible-create", "insufficient-capacity")
STOPPED = "stopped"
# A change may need a second call: after a lost answer, or since an instance takes one at a time.
ATTEMPTS = 4
# What RDS cuts connections for, and what lets go of backups.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
INTERRUPTING = ("engine_version", "instance_class", "port", "parameter_group", "parameters_status")

INSTANCE_ARGUMENTS = {
    "key": {"type": "str", "default": "instance", "no_log": False},
    "name": {"type": "str", "required": True},
    "engine": {"type": "str", "default": "postgres"},
    "engine_version": {"type": "str"},
    "instance_class": {"type": "str"},
    "allocated_storage": {"type": "int"},
    "max_allocated_storage": {"type": "int"},
    "storage_type": {"type": "str", "default": "gp3"},
    "kms_key_id": {"type": "str"},
    "db_name": {"type": "str"},
    "master_username": {"type": "str"},
    "master_password_secret": {"type": "str", "no_log": False},
    "port": {"type": "int", "default": 5432},
    "subnet_group": {"type": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "parameter_group": {"type": "str"},
    "multi_az": {"type": "bool", "default": False},
    "backup_retention_days": {"type": "int", "default": 7},
    "backup_window": {"type": "str"},
    "maintenance_window": {"type": "str"},
    "auto_minor_version_upgrade": {"type": "bool", "default": True},
    "iam_authentication": {"type": "bool", "default": False},
    "log_exports": {"type": "list", "elements": "str", "default": []},
    "performance_insights": {"type": "bool", "default": False},
    "monitoring_interval": {"type": "int", "choices": [0, 1, 5, 10, 15, 30, 60], "default": 0},
    "monitoring_role_arn": {"type": "str"},
    "copy_tags_to_snapshot": {"type": "bool", "default": True},
    "deletion_protection": {"type": "bool", "default": True},
    "apply_immediately": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "started", "available"], "default": "present"},
    "made_anew": {"type": "bool", "default": False},
}
_NEEDED = (
    *("engine_version", "instance_class", "allocated_storage", "kms_key_id", "db_name", "master_username"),
    *("master_password_secret", "subnet_group", "security_group_ids", "parameter_group"),
)
# What only waits needs no more than a name.
INSTANCE_NEEDS = [("state", state, _NEEDED) for state in ("present", "started")]
NOT_ATTRIBUTES = ("key", "name", "state", "made_anew", "master_password_secret", "apply_immediately")
FACTS = (
    "status",
    "engine_version",
    "address",
    "port",
    "resource_id",
    "db_name",
    "master_username",
    "security_group_id",
)


class Instance(Resource):
    """An instance of RDS. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html

    It is always encrypted, and never reached from outside its network. A value that waits for the maintenance window
    counts as the one that is there.
    """

    kind = "rds_instance"
    restriction = "interrupt"
    exists_codes = ("DBInstanceAlreadyExists",)
    attributes = (
        *(Attribute(path, immutable=True) for path in ("engine", "storage_encrypted", "kms_key_id", "db_name")),
        Attribute("master_username", immutable=True),
        Attribute("subnet_group", immutable=True),
        Attribute("engine_version"),
        Attribute("instance_class"),
        Attribute("allocated_storage"),
        Attribute("max_allocated_storage"),
        Attribute("storage_type"),
        Attribute("port"),
        Attribute("security_group_ids", form="set"),
        Attribute("parameter_group"),
        Attribute("parameters_status"),
        Attribute("publicly_accessible", default=False),
        Attribute("multi_az", default=False),
        Attribute("backup_retention_days"),
        Attribute("backup_window"),
        Attribute("maintenance_window"),
        Attribute("auto_minor_version_upgrade"),
        Attribute("iam_authentication", default=False),
        Attribute("log_exports", form="set"),
        Attribute("performance_insights", default=False),
        Attribute("monitoring_interval", default=0),
        Attribute("monitoring_role_arn"),
        Attribute("copy_tags_to_snapshot", default=False),
        Attribute("deletion_protection", default=False),
        tagging.TAGS,
    )

    def __init__(self, clients, scope, key, name, wanted, *, secret=None, waits=True, immediately=True):
        """``secret``: name of the secret with the master's password; ``immediately``: changes do not wait for the
        maintenance window."""
        super().__init__(clients, scope, key, name.lower(), wanted)
        self.rds = clients.client("rds")
        self.secret, self.waits, self.immediately = secret, waits, immediately

    @property
    def arn(self):
        """Known before the instance exists."""
        clients = self.clients
        return f"arn:{clients.partition}:rds:{clients.region}:{clients.account_id}:db:{self.name}"

    def read(self):
        """DescribeDBInstances."""
        try:
            found = self.rds.describe_db_instances(DBInstanceIdentifier=self.name)["DBInstances"]
        except is_boto3_error_code("DBInstanceNotFound"):
            return None
        return rds_request.flat(found[0])

    def settle(self, found, check_mode):
        """An instance that an earlier run left in motion is waited for, unless it only starts.

        One on its way out counts as gone. Check mode takes what is under way as done.
        """
        if found is None or found["status"] in (*USABLE, *BROKEN, STOPPED):
            return found
        if found["status"] == "deleting":
            return None if check_mode else self._await_gone()
        if check_mode or (found["status"] in MAKING and not self.waits):
            return found
        return self.await_usable()

    def changes(self, found):
        """What differs. Of an instance that is being made nothing is told: its values come one after another."""
        if found["status"] in NEVER_MADE and not found["address"]:
            return [Change("status", found["status"], USABLE[0], immutable=True)]
        if found["status"] in MAKING:
            return []
        now = {**found, **found["pending"]}
        changes = [change for change in super().changes(now) if not self._as_wanted(now, change)]
        if found["status"] == STOPPED:
            changes.insert(0, Change("status", STOPPED, USABLE[0]))
        return changes

    def _as_wanted(self, now, change):
        """What differs and yet is what was asked for: a minor of a major, storage that grew by itself."""
        if change.path == "engine_version":
            return rds_request.satisfies(change.after, change.before)
        if change.path == "allocated_storage":
            return change.after < change.before <= (self.wanted.get("max_allocated_storage") or 0)
        return change.path == "max_allocated_storage" and now["allocated_storage"] == change.before > change.after

    def refusals(self, _found, changes):
        """Versions and sizes that RDS would refuse."""
        findings = []
        for change in changes:
            refusal = _REFUSALS[change.path](change.before, change.after) if change.path in _REFUSALS else None
            if refusal:
                message, advice = refusal
                findings.append(PlatformError(message, subject=self.subject, advice=advice, **self.place()))
        return findings

    def restrictions(self, changes):
        """What cuts connections or lets go of backups waits for its word."""
        held = [change for change in changes if change.path in INTERRUPTING or _fewer_backups(change)]
        return [change for change in changes if change not in held], held

    def unusable(self, found):
        """A broken instance stays broken."""
        return f"the instance is in state {found['status']}" if found["status"] in BROKEN else None

    def creation(self):
        """Everything wanted; a new instance has its parameters."""
        return [change for change in super().creation() if change.path != "parameters_status"]

    def create(self):
        """CreateDBInstance with everything, and wait until it is available unless the task only starts it."""
        request = rds_request.creation(
            self.name, self.wanted, self._password(), ansible_dict_to_boto3_tag_list(self.wanted["tags"])
        )
        created = self.rds.create_db_instance(**request)["DBInstance"]
        return self.await_usable() if self.waits else rds_request.flat(created)

    def _password(self):
        """The master's password: it goes from Secrets Manager to RDS and nowhere else."""
        client = self.clients.client("secretsmanager")
        with told(f"secret {self.secret}, the password of {self.subject}", self.clients):
            return client.get_secret_value(SecretId=self.secret)["SecretString"]

    def update(self, found, changes):
        """Tags and a start at once; then one call for all other changes, and a reboot where parameters wait for it."""
        tags = tagging.wanted(changes)
        if tags:
            self.rds.add_tags_to_resource(ResourceName=self.arn, Tags=ansible_dict_to_boto3_tag_list(tags))
        if found["status"] == STOPPED:
            self._try(self.rds.start_db_instance)
            found = self.await_usable()
        paths = {change.path for change in changes if not change.path.startswith("tags.")} - {"status"}
        for _attempt in range(ATTEMPTS):
            left = [change for change in self.changes(found) if change.path in paths]
            if not left:
                return {**found, "tags": {**found["tags"], **tags}}
            self._modify(found, left)
            found = self._await_applied(paths)
        raise PlatformError(
            f"changes of {', '.join(sorted(change.path for change in left))} end well and change nothing",
            subject=self.subject,
            **self.place(),
        )

    def _modify(self, found, changes):
        request = rds_request.modification(self.name, found, changes, immediately=self.immediately)
        request.pop("DBInstanceIdentifier", None)
        if request:
            self._try(self.rds.modify_db_instance, **request)
        elif tagging.touches(changes, "parameters_status"):
            self._try(self.rds.reboot_db_instance)

    def _try(self, call, **request):
        """A call that RDS refuses while another one is under way: ours whose answer was lost, or somebody's."""
        try:
            call(DBInstanceIdentifier=self.name, **request)
        except is_boto3_error_code("InvalidDBInstanceState"):
            return

    def delete(self, found):
        """DeleteDBInstance with a last snapshot; RDS refuses while the instance is protected."""
        if found["status"] != "deleting":
            moment = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d%H%M%S")
            last = {"FinalDBSnapshotIdentifier": f"{self.name}-final-{moment}"}
            if not found["address"]:
                # Of what was never made there is no snapshot.
                last = {"SkipFinalSnapshot": True}
            self._try(self.rds.delete_db_instance, **last)
        self._await_gone()

    def await_usable(self):
        """Wait until it can be used and return it as found; a broken state raises."""
        return self._await(lambda seen: True)

    def _await_applied(self, paths):
        """Wait until it can be used, and what was changed at once is there: RDS takes a moment to begin with it."""
        waiting = paths if self.immediately else ()
        return self._await(lambda seen: not set(seen["pending"]).intersection(waiting))

    def _await(self, enough):
        def look():
            seen = self.read()
            if seen is None:
                return wait.Look("gone", failure="the instance was deleted meanwhile")
            status = seen["status"]
            failure = "RDS tells why in the events of the instance" if status in BROKEN else None
            return wait.Look(status, done=status in USABLE and enough(seen), failure=failure, value=seen)

        return wait.until(look, wait.Patience(self.where(), 10 * MINUTE, 120 * MINUTE), self.progress)

    def _await_gone(self):
        def look():
            seen = self.read()
            return wait.Look("gone", done=True) if seen is None else wait.Look(seen["status"])

        return wait.until(look, wait.Patience(self.where(), 5 * MINUTE, 60 * MINUTE), self.progress)

    def where(self):
        """Kind, name, account and region, for lines and errors of a wait."""
        return f"{self.subject} (account {self.clients.account_id}, region {self.clients.region})"

    def facts(self, found):
        """What later steps need; unknown strings for what is not there yet."""
        known = {"name": self.name, "arn": self.arn}
        return known | {name: (found or {}).get(name) or self.unknown(name) for name in FACTS}


def _fewer_backups(change):
    return change.path == "backup_retention_days" and (change.after or 0) < (change.before or 0)


def version_refusal(before, after):
    """(message, advice) for a version that RDS would not go to, None for one that it does.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.html
    """
    if rds_request.numbers(after) >= rds_request.numbers(before):
        return None
    return f"RDS makes no engine older: it runs {before}, wanted is {after}", f"Set the version to {before} or newer."


def storage_refusal(before, after):
    """(message, advice) for less storage than there is, None for more."""
    if after >= before:
        return None
    return f"RDS makes no storage smaller: it has {before} GiB, wanted are {after}", f"Ask for {before} GiB or more."


_REFUSALS = {"engine_version": version_refusal, "allocated_storage": storage_refusal}


def run_instance(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile one instance; result of reconcile, and ``instance`` with the facts of the one resource."""
    key = params["key"]
    wanted = {name: params[name] for name in INSTANCE_ARGUMENTS if name not in NOT_ATTRIBUTES}
    wanted |= {
        "storage_encrypted": True,
        "publicly_accessible": False,
        "parameters_status": rds_request.IN_SYNC,
        "max_allocated_storage": params["max_allocated_storage"] or params["allocated_storage"],
        "tags": arguments.tags(Instance.kind, params, key, {}),
    }
    instance = Instance(
        clients,
        params["scope"],
        key,
        params["name"],
        wanted,
        secret=params["master_password_secret"],
        waits=params["state"] != "started",
        immediately=params["apply_immediately"],
    )
    if params["state"] == "available":
        result = _awaited(instance, check_mode, params["made_anew"], progress)
    else:
        result = reconcile([instance], check_mode, consent=params["consent"], progress=progress)
    return {**result, "instance": result["resources"][key]}


def _awaited(instance, check_mode, made_anew, progress):
    """The result for an instance that another task started: nothing is planned, only waited for."""
    instance.progress = progress
    with told(instance.subject, instance.clients):
        found = None if check_mode and made_anew else instance.read()
        if not check_mode:
            if found is None:
                raise PlatformError("the instance does not exist", subject=instance.subject, **instance.place())
            found = instance.await_usable()
        facts = instance.facts(found)
    return {"changed": False, "operations": [], "held": [], "diff": [], "resources": {instance.key: facts}}
