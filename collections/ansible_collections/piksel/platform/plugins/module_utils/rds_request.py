# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API of RDS takes and answers about an instance, as flat attributes and back. Pure: no call."""

from __future__ import annotations

import re

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

# Attribute -> its name in CreateDBInstance, and in most of ModifyDBInstance and of answers.
NAMES = {
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "instance_class": "DBInstanceClass",
    "allocated_storage": "AllocatedStorage",
    "max_allocated_storage": "MaxAllocatedStorage",
    "storage_type": "StorageType",
    "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId",
    "db_name": "DBName",
    "master_username": "MasterUsername",
    "port": "Port",
    "subnet_group": "DBSubnetGroupName",
    "security_group_ids": "VpcSecurityGroupIds",
    "parameter_group": "DBParameterGroupName",
    "publicly_accessible": "PubliclyAccessible",
    "multi_az": "MultiAZ",
    "backup_retention_days": "BackupRetentionPeriod",
    "backup_window": "PreferredBackupWindow",
    "maintenance_window": "PreferredMaintenanceWindow",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "iam_authentication": "EnableIAMDatabaseAuthentication",
    "log_exports": "EnableCloudwatchLogsExports",
    "performance_insights": "EnablePerformanceInsights",
    "monitoring_interval": "MonitoringInterval",
    "monitoring_role_arn": "MonitoringRoleArn",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "deletion_protection": "DeletionProtection",
}
# Where ModifyDBInstance says it otherwise.
_MODIFIED = {**NAMES, "port": "DBPortNumber"}
# Where answers do, and what they hold as more than a value.
_ANSWERED = {
    **{path: name for path, name in NAMES.items() if path not in ("security_group_ids", "subnet_group", "port")},
    "iam_authentication": "IAMDatabaseAuthenticationEnabled",
    "log_exports": "EnabledCloudwatchLogsExports",
    "performance_insights": "PerformanceInsightsEnabled",
}
# Values under way: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PendingModifiedValues.html
_PENDING = {
    "AllocatedStorage": "allocated_storage",
    "BackupRetentionPeriod": "backup_retention_days",
    "DBInstanceClass": "instance_class",
    "DBSubnetGroupName": "subnet_group",
    "EngineVersion": "engine_version",
    "IAMDatabaseAuthenticationEnabled": "iam_authentication",
    "MultiAZ": "multi_az",
    "Port": "port",
    "StorageType": "storage_type",
}
IN_SYNC = "in-sync"


def creation(name: str, wanted: dict, password: str, tags: list) -> dict:
    """The arguments of CreateDBInstance: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html

    ``wanted`` has no None in it that is to be sent; ``tags`` in the form of the API.
    """
    values = {NAMES[path]: value for path, value in wanted.items() if path in NAMES and value is not None}
    if wanted.get("max_allocated_storage") == wanted.get("allocated_storage"):
        # That is how a change says "no autoscaling"; a new instance has none unless it is told.
        values.pop("MaxAllocatedStorage", None)
    return {"DBInstanceIdentifier": name, **values, "MasterUserPassword": password, "Tags": tags}


def modification(name: str, found: dict, changes: list, *, immediately: bool) -> dict:
    """The arguments of ModifyDBInstance for these changes; of no change that it knows, an empty map.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
    """
    values = {}
    for change in changes:
        if change.path == "log_exports":
            values["CloudwatchLogsExportConfiguration"] = {
                "EnableLogTypes": sorted(set(change.after) - set(found["log_exports"])),
                "DisableLogTypes": sorted(set(found["log_exports"]) - set(change.after)),
            }
        elif change.path in _MODIFIED:
            values[_MODIFIED[change.path]] = change.after
            if change.path == "engine_version" and numbers(change.after)[0] != numbers(change.before)[0]:
                values["AllowMajorVersionUpgrade"] = True
    return {"DBInstanceIdentifier": name, **values, "ApplyImmediately": immediately} if values else {}


def flat(instance: dict) -> dict:
    """A DBInstance of the API, flat; "pending" are the attributes that are still to change, path -> value.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
    """
    endpoint = instance.get("Endpoint") or {}
    groups = instance.get("DBParameterGroups") or [{}]
    found = {path: instance.get(name) for path, name in _ANSWERED.items()}
    security_groups = [group["VpcSecurityGroupId"] for group in instance.get("VpcSecurityGroups", [])]
    return {
        **found,
        "arn": instance["DBInstanceArn"],
        "status": instance["DBInstanceStatus"],
        "resource_id": instance.get("DbiResourceId"),
        "address": endpoint.get("Address"),
        "port": endpoint.get("Port"),
        "max_allocated_storage": found["max_allocated_storage"] or found["allocated_storage"],
        "subnet_group": instance.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
        "security_group_id": next(iter(security_groups), None),
        "security_group_ids": security_groups,
        "parameter_group": groups[0].get("DBParameterGroupName"),
        "parameters_status": groups[0].get("ParameterApplyStatus", IN_SYNC),
        "log_exports": found["log_exports"] or [],
        "tags": boto3_tag_list_to_ansible_dict(instance.get("TagList", [])),
        "pending": _pending(instance),
    }


def _pending(instance):
    pending = instance.get("PendingModifiedValues") or {}
    values = {path: pending[name] for name, path in _PENDING.items() if name in pending}
    exports = pending.get("PendingCloudwatchLogsExports") or {}
    if exports:
        # The names mean what is still to do: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PendingCloudwatchLogsExports.html
        left = set(instance.get("EnabledCloudwatchLogsExports", [])) - set(exports.get("LogTypesToDisable", []))
        values["log_exports"] = sorted(left | set(exports.get("LogTypesToEnable", [])))
    return values


def numbers(version: str) -> list:
    """The numbers of a version: "16.10" -> [16, 10]."""
    return [int(number) for number in re.findall(r"\d+", str(version))]


def satisfies(wanted: str, version: str | None) -> bool:
    """Whether a version is the wanted one, or a minor of the wanted major: "16.10" satisfies "16"."""
    return version is not None and numbers(version)[: len(numbers(wanted))] == numbers(wanted)
