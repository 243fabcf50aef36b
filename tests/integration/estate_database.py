"""The database of the small platform: its security group and who is let in, its groups, the instance."""

from __future__ import annotations

from typing import Any

STEPS = (
    "ec2_security_groups",
    "ec2_security_group_rules",
    "rds_subnet_groups",
    "rds_parameter_groups",
    "rds_instance",
)
NAME, GROUP = "core-test-db", "core-test-postgres16"


def specification(account: str, vpc: str, subnets: list[str], tags: dict[str, str]) -> dict[str, Any]:
    """The options of each step; the master's password is what estate_secrets generates."""
    return {
        "ec2_security_groups": {
            "tags": tags,
            "groups": {"database": {"name": NAME, "description": "The database", "vpc_id": vpc}},
        },
        "ec2_security_group_rules": {
            "tags": tags,
            "rules": {
                "cluster": {
                    "name": f"{NAME}-from-cluster",
                    "group_id": "@ec2_security_groups.database.id",
                    "from_port": 5432,
                    "source_group_id": "@eks_cluster.cluster.security_group_id",
                },
                "network": {
                    "name": f"{NAME}-from-network",
                    "group_id": "@ec2_security_groups.database.id",
                    "from_port": 5433,
                    "to_port": 5434,
                    "cidr": "10.1.0.0/16",
                },
            },
        },
        "rds_subnet_groups": {
            "tags": tags,
            "groups": {"database": {"name": NAME, "description": "Private subnets", "subnet_ids": subnets}},
        },
        "rds_parameter_groups": {
            "tags": tags,
            "groups": {
                "postgres16": {
                    "name": GROUP,
                    "family": "postgres16",
                    "description": "The database",
                    "parameters": {"rds.force_ssl": "1", "log_statement": "ddl", "max_connections": "200"},
                }
            },
        },
        "rds_instance": {
            "tags": tags,
            "name": NAME,
            "engine_version": "16.10",
            "instance_class": "db.t4g.large",
            "allocated_storage": 50,
            "max_allocated_storage": 200,
            "kms_key_id": "@kms_keys.secrets.arn",
            "db_name": "core",
            "master_username": "core_master",
            "master_password_secret": "@secretsmanager_secrets.password.name",
            "subnet_group": "@rds_subnet_groups.database.name",
            "security_group_ids": ["@ec2_security_groups.database.id"],
            "parameter_group": "@rds_parameter_groups.postgres16.name",
            "backup_retention_days": 14,
            "backup_window": "03:00-06:00",
            "maintenance_window": "mon:00:00-mon:03:00",
            "log_exports": ["postgresql", "upgrade"],
            "monitoring_interval": 60,
            "monitoring_role_arn": f"arn:aws:iam::{account}:role/core-test-monitoring",
            "deletion_protection": False,
        },
    }


def leave_out(wanted: dict[str, Any]) -> None:
    """Take out what stands on the cluster."""
    wanted["ec2_security_group_rules"]["rules"] = {}
