"""DB instances with states, pending changes and the refusals of the service.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html (states),
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html (what waits for the window).
"""

from __future__ import annotations

import re
import string
from typing import Any

from moto.moto_api._internal import mock_random
from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    InvalidParameterCombination,
    RDSClientError,
)
from moto.rds.models import DBInstance as MotoDBInstance

from piksel_sandbox import faults
from piksel_sandbox.aws.lifecycle import DELETED, Lifecycle, register
from piksel_sandbox.aws.rds import catalogue
from piksel_sandbox.aws.rds.models_groups import IN_SYNC, PENDING_REBOOT, Groups
from piksel_sandbox.postgresql.registry import servers
from piksel_sandbox.postgresql.server import FAILED, READY, Server

MODEL_NAME = "rds::db_instance"
# Changes of these wait for the maintenance window unless they are to be applied at once; moto's name and the API's.
DEFERRED = {
    "allocated_storage": "AllocatedStorage",
    "db_instance_class": "DBInstanceClass",
    "engine_version": "EngineVersion",
    "multi_az": "MultiAZ",
    "iops": "Iops",
    "storage_type": "StorageType",
    "storage_throughput": "StorageThroughput",
    "license_model": "LicenseModel",
    "backup_retention_period": "BackupRetentionPeriod",
    "ca_certificate_identifier": "CACertificateIdentifier",
    "master_user_password": "MasterUserPassword",
    "db_port_number": "Port",
}
SECRET = "****"
FORCE_TLS = "rds.force_ssl"


class DBInstance(MotoDBInstance):
    """moto's instance with a life: creating, backing-up, available, modifying, upgrading, rebooting, deleting."""

    def __init__(self, backend: RDSBackend, *args: Any, **kwargs: Any) -> None:
        self.lifecycle = InstanceLifecycle(self)
        self.server: Server | None = None
        self.pending: dict[str, Any] = {}
        self.failure: str | None = None
        self.parameters_status = IN_SYNC
        self.performance_insights_enabled = bool(kwargs.get("enable_performance_insights"))
        super().__init__(backend, *args, **kwargs)
        alphabet = string.ascii_uppercase + string.digits
        self.dbi_resource_id = "db-" + "".join(mock_random.choices(alphabet, k=26))

    @property
    def status(self) -> str:
        """DBInstanceStatus."""
        return self.lifecycle.current

    @status.setter
    def status(self, value: str) -> None:
        self.lifecycle.begin(value)

    @property
    def endpoint(self) -> dict[str, Any] | None:
        """Endpoint; there is none until the instance was created."""
        if self.status in ("creating", "failed"):
            return None
        address = {"Address": self.server.address} if self.server else {}
        return {**super().endpoint, **address}

    @property
    def db_parameter_group_status_list(self) -> list[dict[str, Any]]:
        """DBParameterGroups."""
        return [
            {"DBParameterGroupName": group.name, "ParameterApplyStatus": self.parameters_status}
            for group in self.db_parameter_groups()
        ]

    @property
    def pending_modified_values(self) -> dict[str, Any]:
        """PendingModifiedValues, the password hidden as the service does."""
        return {
            DEFERRED[name]: SECRET if name == "master_user_password" else value for name, value in self.pending.items()
        }

    def apply_pending(self) -> None:
        """Make the changes that wait."""
        pending, self.pending = self.pending, {}
        self.port = pending.pop("db_port_number", self.port)
        self.update(**pending)
        if self.server and "master_user_password" in pending:
            self.server.set_password(self.master_username, pending["master_user_password"])

    def start_server(self, password: str) -> None:
        """Start PostgreSQL with the master's password; `creating` waits for it."""
        if self.engine == catalogue.ENGINE and servers.are_real:
            self.server = servers.make(self.server_name, int(self.port))
            self.server.start(self.master_username, password, self.db_name, force_tls=self.forces_tls)

    @property
    def server_name(self) -> str:
        """What names the server among those of all accounts."""
        return f"{self.account_id}-{self.region}-{self.db_instance_identifier}"

    @property
    def forces_tls(self) -> bool:
        """Whether the parameter group lets nobody in without TLS."""
        groups = self.db_parameter_groups()
        return all(group.parameters.get(FORCE_TLS, {}).get("ParameterValue") != "0" for group in groups)


class InstanceLifecycle(Lifecycle):
    """The states of one instance; a modification takes effect at its end."""

    def __init__(self, instance: DBInstance):
        super().__init__(MODEL_NAME, "available", "available")
        self.instance = instance

    def settle(self) -> bool:
        """As usual, but an instance is created only once its server serves."""
        server = self.instance.server
        if self.current == "creating" and server and server.state != READY:
            if server.state == FAILED:
                self.begin("failed")
            return False
        return super().settle()

    def on_settled(self, before: str) -> None:
        """Apply what was modified; a reboot takes what waits for one."""
        if before in ("modifying", "upgrading"):
            self.instance.apply_pending()
        if before in ("rebooting", "upgrading"):
            self.instance.parameters_status = IN_SYNC


class RDSBackend(Groups):
    """moto's RDS backend whose instances take their time."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        register(MODEL_NAME)

    def create_db_instance(self, db_kwargs: Any) -> MotoDBInstance:
        """CreateDBInstance, and the end of the restore operations; members of Aurora clusters stay moto's."""
        self._settle()
        if db_kwargs.get("db_cluster_identifier") is not None:
            return super().create_db_instance(db_kwargs)
        name = db_kwargs["db_instance_identifier"]
        if name in self.databases:
            raise DBInstanceAlreadyExists
        self._validate_db_identifier(name)
        _check_offer(db_kwargs)
        instance = DBInstance(self, **{key: value for key, value in db_kwargs.items() if key != "backend"})
        if faults.failure_for("rds", "CreateDBInstance", name, self.account_id):
            instance.lifecycle.begin("creating", "failed")
        else:
            backing_up = ("backing-up",) if instance.backup_retention_period else ()
            instance.lifecycle.begin("creating", *backing_up, "available")
            # moto tells no password once it has it.
            instance.start_server(str(db_kwargs.get("master_user_password")))
        self.databases[name] = instance
        instance.add_event("DB_INSTANCE_CREATE")
        instance.save_automated_backup()
        return instance

    def describe_db_instances(
        self, db_instance_identifier: str | None = None, filters: Any = None
    ) -> list[MotoDBInstance]:
        """DescribeDBInstances, after all states were moved on."""
        self._settle()
        return super().describe_db_instances(db_instance_identifier, filters)

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: Any) -> MotoDBInstance:
        """ModifyDBInstance: what cannot wait is done at once, the rest in the window or with ApplyImmediately."""
        instance = self.describe_db_instances(db_instance_identifier)[0]
        if not isinstance(instance, DBInstance):
            return super().modify_db_instance(db_instance_identifier, db_kwargs)
        _require(instance, "available", "Database instance is not in available state.")
        given = {key: value for key, value in db_kwargs.items() if value is not None}
        is_immediate = bool(given.pop("apply_immediately", False))
        _check_version(instance, given)
        offer = {"engine": instance.engine, "db_instance_class": instance.db_instance_class, **given}
        _check_offer(offer)
        given = {key: offer[key] for key in given}
        _check_storage(instance, given)
        if given.get("db_parameter_group_name", instance.db_parameter_group_name) != instance.db_parameter_group_name:
            # The other group counts from the next reboot on.
            instance.parameters_status = PENDING_REBOOT
        if "enable_performance_insights" in given:
            instance.performance_insights_enabled = bool(given.pop("enable_performance_insights"))
        deferred = {key: given.pop(key) for key in DEFERRED if key in given}
        # moto wants to see the flag for the rotation of a password.
        super().modify_db_instance(db_instance_identifier, {**given, "apply_immediately": is_immediate})
        for key, value in deferred.items():
            # A password cannot be read, so one that is given counts as a change, as at AWS.
            if key != "master_user_password" and getattr(instance, key, None) == value:
                instance.pending.pop(key, None)
            else:
                instance.pending[key] = value
        if is_immediate and instance.pending:
            status = "upgrading" if "engine_version" in instance.pending else "modifying"
            instance.lifecycle.begin(status, "available")
        return instance

    def reboot_db_instance(self, db_instance_identifier: str) -> MotoDBInstance:
        """RebootDBInstance."""
        instance = self.describe_db_instances(db_instance_identifier)[0]
        if isinstance(instance, DBInstance):
            _require(instance, "available", f"Instance {db_instance_identifier} is not in available state.")
            instance.lifecycle.begin("rebooting", "available")
        return instance

    def stop_db_instance(
        self, db_instance_identifier: str, db_snapshot_identifier: str | None = None
    ) -> MotoDBInstance:
        """StopDBInstance."""
        self._settle()
        instance = super().stop_db_instance(db_instance_identifier, db_snapshot_identifier)
        if isinstance(instance, DBInstance):
            instance.lifecycle.begin("stopping", "stopped")
        return instance

    def start_db_instance(self, db_instance_identifier: str) -> MotoDBInstance:
        """StartDBInstance."""
        self._settle()
        instance = super().start_db_instance(db_instance_identifier)
        if isinstance(instance, DBInstance):
            instance.lifecycle.begin("starting", "available")
        return instance

    def delete_db_instance(
        self,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
    ) -> MotoDBInstance:
        """DeleteDBInstance: a final snapshot must be named or waived."""
        instance = self.describe_db_instances(db_instance_identifier)[0]
        if instance.status == "deleting":
            raise RDSClientError(
                "InvalidDBInstanceState", f"Instance {db_instance_identifier} is already being deleted."
            )
        is_single = isinstance(instance, DBInstance) and not instance.is_replica
        if is_single and not skip_final_snapshot and not final_db_snapshot_identifier:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        deleted = super().delete_db_instance(
            db_instance_identifier, final_db_snapshot_identifier, skip_final_snapshot, delete_automated_backups
        )
        if isinstance(deleted, DBInstance):
            # moto has forgotten it already; here it is seen for the time of its deletion.
            self.databases[db_instance_identifier] = deleted
            deleted.lifecycle.begin("deleting", DELETED)
            servers.stop(deleted.server_name)
            deleted.server = None
        return deleted

    def _settle(self) -> None:
        for name, instance in list(self.databases.items()):
            if isinstance(instance, DBInstance):
                instance.lifecycle.settle()
                if instance.status == DELETED:
                    self.databases.pop(name, None)


def _require(instance: DBInstance, status: str, message: str) -> None:
    if instance.status != status:
        raise RDSClientError("InvalidDBInstanceState", message)


def _check_offer(given: dict[str, Any]) -> None:
    """PostgreSQL in a version and on a class that RDS has; of a major it takes the newest minor."""
    if given["engine"] != catalogue.ENGINE:
        return
    version = given.get("engine_version")
    if version:
        minor = catalogue.minor(str(version))
        if minor is None:
            raise InvalidParameterCombination(f"Cannot find version {version} for {given['engine']}")
        given["engine_version"] = minor
    if given["db_instance_class"] not in catalogue.CLASSES:
        raise InvalidParameterCombination(
            "RDS does not support creating a DB instance with the following combination:"
            f" DBInstanceClass={given['db_instance_class']}, Engine={given['engine']},"
            f" EngineVersion={given.get('engine_version')}, LicenseModel=postgresql-license. For supported combinations"
            " of instance class and database engine version, see the documentation."
        )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _check_version(instance: DBInstance, given: dict[str, Any]) -> None:
    wanted = given.get("engine_version")
    if not wanted:
        return
    before, after = _numbers(instance.engine_version), _numbers(wanted)
    if after < before:
        raise InvalidParameterCombination(
            f"Cannot upgrade {instance.engine} from {instance.engine_version} to {wanted}"
        )
    if after[:1] != before[:1] and not given.get("allow_major_version_upgrade"):
        raise InvalidParameterCombination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        )


def _check_storage(instance: DBInstance, given: dict[str, Any]) -> None:
    wanted = given.get("allocated_storage")
    if wanted is not None and int(wanted) < instance.allocated_storage:
        raise InvalidParameterCombination(
            f"Requested storage size ({wanted}) cannot be less than the current storage size"
            f" ({instance.allocated_storage})"
        )
