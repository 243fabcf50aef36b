"""What RDS offers of PostgreSQL: versions, instance classes, parameters.

https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-versions.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html
"""

from __future__ import annotations

from typing import Any

ENGINE = "postgres"
# Of each major some minors, the newest last.
VERSIONS = {
    "14": ("14.22", "14.23"),
    "15": ("15.17", "15.18"),
    "16": ("16.3", "16.4", "16.6", "16.8", "16.10", "16.13", "16.14"),
    "17": ("17.2", "17.4", "17.6", "17.9", "17.10"),
    "18": ("18.3", "18.4"),
}
_SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_SMALL = ("micro", "small", "medium", "large", "xlarge", "2xlarge")
CLASSES = frozenset(
    [f"db.{family}.{size}" for family in ("t3", "t4g") for size in _SMALL]
    + [f"db.{family}.{size}" for family in ("m6g", "m6i", "m7g", "m7i", "r6g", "r6i", "r7g", "r7i") for size in _SIZES]
)
# Name -> (value, whether it counts at once, type); those of hundreds that somebody may want to set.
_PARAMETERS: dict[str, tuple[str | None, bool, str]] = {
    "autovacuum_max_workers": ("GREATEST({DBInstanceClassMemory/64371566592},3)", False, "integer"),
    "log_connections": (None, True, "boolean"),
    "log_disconnections": (None, True, "boolean"),
    "log_lock_waits": (None, True, "boolean"),
    "log_min_duration_statement": (None, True, "integer"),
    "log_statement": (None, True, "string"),
    "max_connections": ("LEAST({DBInstanceClassMemory/9531392},5000)", False, "integer"),
    "max_locks_per_transaction": (None, False, "integer"),
    "password_encryption": ("scram-sha-256", True, "string"),
    "rds.force_ssl": ("1", True, "boolean"),
    "rds.logical_replication": ("0", False, "boolean"),
    "shared_buffers": ("{DBInstanceClassMemory/32768}", False, "integer"),
    "shared_preload_libraries": ("pg_stat_statements", False, "list"),
    "ssl_min_protocol_version": (None, True, "string"),
    "statement_timeout": (None, True, "integer"),
    "timezone": ("UTC", True, "string"),
    "work_mem": (None, True, "integer"),
}


def minor(version: str) -> str | None:
    """The version that a new instance gets: of a major the newest minor, None for one that RDS does not know."""
    if version in VERSIONS:
        return VERSIONS[version][-1]
    return version if version in VERSIONS.get(version.partition(".")[0], ()) else None


def options(version: str | None, instance_class: str | None) -> list[dict[str, Any]]:
    """OrderableDBInstanceOptions of a version and a class, None for all of them."""
    known = [one for minors in VERSIONS.values() for one in minors if version in (None, one)]
    return [
        {
            "Engine": ENGINE,
            "EngineVersion": one,
            "DBInstanceClass": name,
            "LicenseModel": "postgresql-license",
            "StorageType": "gp3",
            "Vpc": True,
            "MultiAZCapable": True,
            "SupportsStorageEncryption": True,
        }
        for one in known
        for name in sorted(CLASSES)
        if instance_class in (None, name)
    ]


def parameters(family: str) -> dict[str, dict[str, Any]]:
    """The parameters of a family by name, in the form of the API, as they are in a new group."""
    # Since PostgreSQL 15 RDS refuses connections without TLS by itself.
    is_old = family.removeprefix(ENGINE) in ("13", "14")
    values = {name: entry[0] for name, entry in _PARAMETERS.items()} | ({"rds.force_ssl": "0"} if is_old else {})
    return {
        name: {
            "ParameterName": name,
            **({} if values[name] is None else {"ParameterValue": values[name]}),
            "Source": "engine-default" if values[name] is None else "system",
            "ApplyType": "dynamic" if is_dynamic else "static",
            "DataType": data_type,
            "IsModifiable": True,
            "ApplyMethod": "pending-reboot",
        }
        for name, (_value, is_dynamic, data_type) in _PARAMETERS.items()
    }
