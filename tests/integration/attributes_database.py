"""How somebody changes each attribute of the database and of what it stands on behind our back."""

from __future__ import annotations

import time
from collections.abc import Callable

from integration.estate import TAGS, Platform
from integration.estate_database import GROUP, NAME
from integration.tampering import MARK, Tampering

INSTANCE, RULE = "rds_instance", "security_group_rule"
MINE = [f"tags.{key}" for key in sorted([*TAGS, MARK])]


def rds(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of RDS."""
    return lambda platform: getattr(platform.client("rds"), operation)(**arguments)


def modified(**arguments: object) -> Callable[[Platform], None]:
    """A ModifyDBInstance, waited for."""

    def change(platform: Platform) -> None:
        client = platform.client("rds")
        client.modify_db_instance(DBInstanceIdentifier=NAME, ApplyImmediately=True, **arguments)
        available(platform)

    return change


def available(platform: Platform) -> None:
    """Wait for the instance."""
    waiter = platform.client("rds").get_waiter("db_instance_available")
    waiter.wait(DBInstanceIdentifier=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def tagged(resource: str, operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A change of the tags of an object of RDS, named as ARNs have it ("db:name")."""

    def change(platform: Platform) -> None:
        arn = f"arn:aws:rds:ap-southeast-3:{platform.account}:{resource}"
        getattr(platform.client("rds"), operation)(ResourceName=arn, **arguments)

    return change


def group_id(platform: Platform) -> str:
    """The id of the security group."""
    found = platform.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": [NAME]}])
    return found["SecurityGroups"][0]["GroupId"]


def rule_id(platform: Platform) -> str:
    """The id of the rule that lets the cluster in."""
    filters = [{"Name": "tag:Name", "Values": [f"{NAME}-from-cluster"]}]
    rules = platform.client("ec2").describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    return rules[0]["SecurityGroupRuleId"]


def ec2_tags(of: Callable[[Platform], str], operation: str, tags: list[dict]) -> Callable[[Platform], object]:
    """A change of the tags of what EC2 names by an id."""
    return lambda platform: getattr(platform.client("ec2"), operation)(Resources=[of(platform)], Tags=tags)


def revoked(platform: Platform) -> None:
    """Take the cluster's rule away."""
    platform.client("ec2").revoke_security_group_ingress(
        GroupId=group_id(platform), SecurityGroupRuleIds=[rule_id(platform)]
    )


def foreign_rule(platform: Platform) -> None:
    """Let somebody else in too."""
    platform.client("ec2").authorize_security_group_ingress(
        GroupId=group_id(platform), IpProtocol="tcp", FromPort=5432, ToPort=5432, CidrIp="198.51.100.0/24"
    )


def fewer_subnets(platform: Platform) -> None:
    """Another set of subnets."""
    subnets = platform.cloud.status()["networks"]["dev"]["public"]
    platform.client("rds").modify_db_subnet_group(
        DBSubnetGroupName=NAME, DBSubnetGroupDescription="Private subnets", SubnetIds=subnets
    )


def other_description(platform: Platform) -> None:
    """Another description of the same subnets."""
    client = platform.client("rds")
    group = client.describe_db_subnet_groups(DBSubnetGroupName=NAME)["DBSubnetGroups"][0]
    subnets = [subnet["SubnetIdentifier"] for subnet in group["Subnets"]]
    client.modify_db_subnet_group(DBSubnetGroupName=NAME, DBSubnetGroupDescription="theirs", SubnetIds=subnets)


def parameter(name: str, value: str, method: str = "immediate") -> Callable[[Platform], object]:
    """Another value of a parameter."""
    given = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
    return rds("modify_db_parameter_group", DBParameterGroupName=GROUP, Parameters=[given])


def other_security_groups(platform: Platform) -> None:
    """The network's own group instead of ours."""
    ec2 = platform.client("ec2")
    vpc = platform.cloud.status()["networks"]["dev"]["vpc_id"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    theirs = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    modified(VpcSecurityGroupIds=[theirs])(platform)


def stopped(platform: Platform) -> None:
    """Stop the instance."""
    client = platform.client("rds")
    client.stop_db_instance(DBInstanceIdentifier=NAME)
    while client.describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]["DBInstanceStatus"] != "stopped":
        time.sleep(0.1)


OWNER = {"TagKeys": ["Owner"]}
TAMPERINGS = (
    Tampering("security_group", "tag gone", ec2_tags(group_id, "delete_tags", [{"Key": "Owner"}]), ("tags.Owner",)),
    Tampering("security_group", "mark gone", ec2_tags(group_id, "delete_tags", [{"Key": MARK}]), (f"tags.{MARK}",)),
    Tampering(RULE, "tag gone", ec2_tags(rule_id, "delete_tags", [{"Key": "Owner"}]), ("tags.Owner",)),
    Tampering(RULE, "mark gone", ec2_tags(rule_id, "delete_tags", [{"Key": MARK}]), (f"tags.{MARK}",)),
    Tampering(
        RULE,
        "revoked",
        revoked,
        ("group_id", "protocol", "from_port", "to_port", "source_group_id", "tags.Name", *MINE),
        "create",
    ),
    Tampering("rds_subnet_group", "subnets", fewer_subnets, ("subnet_ids",)),
    Tampering("rds_subnet_group", "description", other_description, ("description",)),
    Tampering(
        "rds_subnet_group",
        "tag gone",
        tagged(f"subgrp:{NAME}", "remove_tags_from_resource", **OWNER),
        ("tags.Owner",),
    ),
    Tampering("rds_parameter_group", "TLS off", parameter("rds.force_ssl", "0"), ("parameters.rds.force_ssl",)),
    Tampering("rds_parameter_group", "logging", parameter("log_statement", "all"), ("parameters.log_statement",)),
    Tampering(
        "rds_parameter_group",
        "tag gone",
        tagged(f"pg:{GROUP}", "remove_tags_from_resource", **OWNER),
        ("tags.Owner",),
    ),
    Tampering(INSTANCE, "public", modified(PubliclyAccessible=True), ("publicly_accessible",)),
    Tampering(INSTANCE, "security groups", other_security_groups, ("security_group_ids",)),
    Tampering(INSTANCE, "ceiling", modified(MaxAllocatedStorage=500), ("max_allocated_storage",)),
    Tampering(INSTANCE, "storage type", modified(StorageType="gp2"), ("storage_type",)),
    Tampering(INSTANCE, "two zones", modified(MultiAZ=True), ("multi_az",)),
    Tampering(INSTANCE, "fewer backups", modified(BackupRetentionPeriod=1), ("backup_retention_days",)),
    Tampering(INSTANCE, "backup window", modified(PreferredBackupWindow="10:00-11:00"), ("backup_window",)),
    Tampering(
        INSTANCE,
        "maintenance window",
        modified(PreferredMaintenanceWindow="tue:10:00-tue:11:00"),
        ("maintenance_window",),
    ),
    Tampering(INSTANCE, "upgrades off", modified(AutoMinorVersionUpgrade=False), ("auto_minor_version_upgrade",)),
    Tampering(INSTANCE, "IAM on", modified(EnableIAMDatabaseAuthentication=True), ("iam_authentication",)),
    Tampering(
        INSTANCE,
        "a log off",
        modified(CloudwatchLogsExportConfiguration={"DisableLogTypes": ["postgresql"]}),
        ("log_exports",),
    ),
    Tampering(INSTANCE, "insights on", modified(EnablePerformanceInsights=True), ("performance_insights",)),
    Tampering(INSTANCE, "measured less", modified(MonitoringInterval=30), ("monitoring_interval",)),
    Tampering(
        INSTANCE,
        "another role",
        modified(MonitoringRoleArn="arn:aws:iam::123456789012:role/theirs"),
        ("monitoring_role_arn",),
    ),
    Tampering(INSTANCE, "bare snapshots", modified(CopyTagsToSnapshot=False), ("copy_tags_to_snapshot",)),
    Tampering(INSTANCE, "protected", modified(DeletionProtection=True), ("deletion_protection",)),
    Tampering(INSTANCE, "stopped", stopped, ("status",)),
    Tampering(INSTANCE, "tag gone", tagged(f"db:{NAME}", "remove_tags_from_resource", **OWNER), ("tags.Owner",)),
    Tampering(
        INSTANCE,
        "mark gone",
        tagged(f"db:{NAME}", "remove_tags_from_resource", TagKeys=[MARK]),
        (f"tags.{MARK}",),
    ),
)
# What RDS and EC2 never change, and what asks for consent when it is mended: test_database.py tries it.
ELSEWHERE = {
    *(("security_group", path) for path in ("description", "vpc_id")),
    (RULE, "cidr"),
    *(("rds_parameter_group", path) for path in ("family", "description", "parameters.max_connections")),
    *((INSTANCE, path) for path in ("engine", "storage_encrypted", "kms_key_id", "db_name", "master_username")),
    *((INSTANCE, path) for path in ("subnet_group", "engine_version", "instance_class", "allocated_storage")),
    *((INSTANCE, path) for path in ("port", "parameter_group")),
}
THEIR_TAG = [{"Key": "billing", "Value": "42"}]
FOREIGN = {
    "security_group": ec2_tags(group_id, "create_tags", THEIR_TAG),
    "security_group_rule": foreign_rule,
    "rds_subnet_group": tagged(f"subgrp:{NAME}", "add_tags_to_resource", Tags=THEIR_TAG),
    "rds_parameter_group": parameter("work_mem", "65536"),
    "rds_instance": tagged(f"db:{NAME}", "add_tags_to_resource", Tags=THEIR_TAG),
}
