"""Network interfaces, and what cannot be deleted while they are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

IN_USE = "in-use"


class Interfaces(EC2Backend):
    """Subnets and security groups stay while an interface is in them, interfaces while a service uses them.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (DependencyViolation)
    """

    def _interfaces(self) -> Iterator[NetworkInterface]:
        """The interfaces that there are; moto keeps those of instances and gateways that are gone."""
        gone = {id(gateway._eni) for gateway in self.nat_gateways.values() if gateway.state == "deleted"}
        for interface in self.enis.values():
            instance = interface.instance
            if id(interface) not in gone and not (instance and instance.state == "terminated"):
                yield interface

    def delete_subnet(self, subnet_id: str) -> Any:
        """DeleteSubnet."""
        if any(interface.subnet.id == subnet_id for interface in self._interfaces()):
            raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return super().delete_subnet(subnet_id)

    def _delete_security_group(self, vpc_id: str | None, group_id: str) -> None:
        """DeleteSecurityGroup, by id or by name."""
        if any(group.id == group_id for interface in self._interfaces() for group in interface.group_set):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        super()._delete_security_group(vpc_id, group_id)

    def delete_network_interface(self, eni_id: str) -> None:
        """DeleteNetworkInterface, which leaves alone what a service has attached for itself."""
        found = self.enis.get(eni_id)
        if found is not None and found.requester_managed and found.status == IN_USE:
            raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
        super().delete_network_interface(eni_id)
