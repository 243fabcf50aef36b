"""Parameter groups with the parameters of their family, and groups that stay while an instance has them.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBParameterGroup.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.rds.exceptions import (
    DBParameterGroupNotFoundError,
    DBSubnetGroupNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBParameterGroup, DBSubnetGroup
from moto.rds.models import RDSBackend as MotoRDSBackend

from piksel_sandbox.aws.rds import catalogue

IN_SYNC, PENDING_REBOOT = "in-sync", "pending-reboot"
AT_ONCE = 20


class Groups(MotoRDSBackend):
    """Parameter and subnet groups."""

    def create_db_parameter_group(self, db_parameter_group_kwargs: dict[str, Any]) -> DBParameterGroup:
        """CreateDBParameterGroup; the group has what its family has."""
        family = str(db_parameter_group_kwargs.get("db_parameter_group_family") or "")
        if family.startswith(catalogue.ENGINE) and family.removeprefix(catalogue.ENGINE) not in catalogue.VERSIONS:
            raise InvalidParameterValue(f"ParameterGroupFamily {family} is not a valid parameter group family")
        group = super().create_db_parameter_group(db_parameter_group_kwargs)
        if family.startswith(catalogue.ENGINE):
            group.parameters = catalogue.parameters(family)
        return group

    def describe_db_parameter_groups(self, db_parameter_group_kwargs: dict[str, Any]) -> list[DBParameterGroup]:
        """DescribeDBParameterGroups: one that is named exists."""
        found = super().describe_db_parameter_groups(db_parameter_group_kwargs)
        name = db_parameter_group_kwargs.get("db_parameter_group_name")
        if name and not found:
            raise DBParameterGroupNotFoundError(name)
        return found

    def modify_db_parameter_group(
        self, db_parameter_group_name: str, db_parameter_group_parameters: Iterable[dict[str, Any]]
    ) -> DBParameterGroup:
        """ModifyDBParameterGroup: what is static waits for a reboot of each instance that has the group."""
        given = list(db_parameter_group_parameters)
        (group,) = self.describe_db_parameter_groups({"db_parameter_group_name": db_parameter_group_name})
        if not given or len(given) > AT_ONCE:
            raise InvalidParameterValue(f"Up to {AT_ONCE} parameters can be modified in a single request.")
        for parameter in given:
            _check(group, parameter)
        before = {name: dict(parameter) for name, parameter in group.parameters.items()}
        super().modify_db_parameter_group(db_parameter_group_name, [{**one, "Source": "user"} for one in given])
        if any(_waits(before[one["ParameterName"]], one) for one in given):
            for instance in self._having("db_parameter_group_name", db_parameter_group_name):
                instance.parameters_status = PENDING_REBOOT
        for instance in self._having("db_parameter_group_name", db_parameter_group_name):
            if getattr(instance, "server", None):
                instance.server.force_tls(instance.forces_tls)
        return group

    def delete_db_parameter_group(self, db_parameter_group_name: str) -> DBParameterGroup:
        """DeleteDBParameterGroup."""
        if self._having("db_parameter_group_name", db_parameter_group_name):
            message = "One or more database instances are still members of this parameter group"
            raise RDSClientError("InvalidDBParameterGroupState", f"{message} {db_parameter_group_name}")
        return super().delete_db_parameter_group(db_parameter_group_name)

    def modify_db_subnet_group(self, subnet_name: str, description: str, subnets: list[Any]) -> DBSubnetGroup:
        """ModifyDBSubnetGroup; moto loses the group by it."""
        if subnet_name not in self.subnet_groups:
            raise DBSubnetGroupNotFoundError(subnet_name)
        check_zones(subnets)
        group = super().modify_db_subnet_group(subnet_name, description, subnets)
        self.subnet_groups[subnet_name] = group
        return group

    def create_subnet_group(
        self, subnet_name: str, description: str, subnets: list[Any], tags: list[dict[str, str]]
    ) -> DBSubnetGroup:
        """CreateDBSubnetGroup."""
        if subnet_name in self.subnet_groups:
            raise RDSClientError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{subnet_name}' already exists.")
        check_zones(subnets)
        return super().create_subnet_group(subnet_name, description, subnets, tags)

    def delete_subnet_group(self, subnet_name: str) -> DBSubnetGroup:
        """DeleteDBSubnetGroup."""
        if self._having("_db_subnet_group_name", subnet_name):
            message = f"Cannot delete the subnet group '{subnet_name}' because at least one database instance"
            raise RDSClientError("InvalidDBSubnetGroupStateFault", f"{message} is still using it.")
        return super().delete_subnet_group(subnet_name)

    def _having(self, attribute: str, name: str) -> list[Any]:
        return [one for one in self.databases.values() if getattr(one, attribute, None) == name]


def check_zones(subnets: list[Any]) -> None:
    """Raises what RDS answers about subnets in fewer than two zones."""
    zones = sorted({subnet.availability_zone for subnet in subnets})
    if len(zones) < 2:
        raise RDSClientError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage:"
            f" {', '.join(zones)}. Add subnets to cover at least 2 AZs.",
        )


def _check(group: DBParameterGroup, parameter: dict[str, Any]) -> None:
    name = parameter["ParameterName"]
    if name not in group.parameters:
        raise InvalidParameterValue(f"Could not find parameter with name: {name}")
    if group.parameters[name].get("ApplyType") == "static" and parameter.get("ApplyMethod") == "immediate":
        raise InvalidParameterCombination("cannot use immediate apply method for static parameter")


def _waits(before: dict[str, Any], parameter: dict[str, Any]) -> bool:
    return parameter.get("ApplyMethod") == PENDING_REBOOT and before.get("ParameterValue") != parameter.get(
        "ParameterValue"
    )
