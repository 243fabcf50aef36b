"""Instant fleets: each instance as its launch template says, with what the call overrides.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFleet.html
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.fleets import Fleet
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.spot_requests import SpotFleetLaunchSpec
from moto.ec2.utils import convert_tag_spec, random_fleet_id

INSTANT = "instant"


class InstantFleet(Fleet):
    """moto's fleet leaves out groups, profile, disks and metadata options of the template, and any tag of volumes."""

    def __init__(self, ec2_backend: Any, fleet_id: str, **options: Any) -> None:
        self._tags_at_launch = convert_tag_spec(options["tag_specifications"])
        super().__init__(ec2_backend, fleet_id, **options)

    def create_on_demand_requests(self, weight_to_add: float) -> None:
        """Launches on-demand instances."""
        for instance, spec in self._launched(int(weight_to_add), spot=False):
            self.on_demand_instances.append({"id": instance.id, "instance": instance, "launch_spec": spec})

    def create_spot_requests(self, weight_to_add: float) -> list[Any]:
        """Launches spot instances; the requests of an instant fleet end with their answer."""
        for instance, spec in self._launched(int(weight_to_add), spot=True):
            self.spot_requests.append(SimpleNamespace(id=instance.id, instance=instance, launch_spec=spec))
        return self.spot_requests

    def _launched(self, count: int, spot: bool) -> list[tuple[Any, SpotFleetLaunchSpec]]:
        """The new instances, each with what it was launched by: the least of what was asked for."""
        spec = min(self.launch_specs, key=lambda one: _size(one.instance_type))
        where = spec.launch_template_spec or {}
        data = self.ec2_backend.get_launch_template(template_id=where["LaunchTemplateId"])
        data = data.get_version(where["Version"]).data
        networks, groups = _networks(data, spec.subnet_id)
        reservation = self.ec2_backend.run_instances(
            spec.image_id,
            count,
            data.get("UserData"),
            [],
            instance_type=spec.instance_type,
            is_instance_type_default=False,
            region_name=self.ec2_backend.region_name,
            subnet_id=spec.subnet_id,
            nics=networks,
            security_group_ids=groups,
            launch_template=where,
            block_device_mappings=data.get("BlockDeviceMappings", []),
            metadata_options=data.get("MetadataOptions", {}),
            instance_market_options="spot" if spot else {},
            tags={"instance": spec.tag_specifications["instance"], "volume": self._tags_at_launch.get("volume", {})},
            fleet_id=self.id,
        )
        self.fulfilled_capacity += count
        for instance in reservation.instances:
            instance.add_tags({"aws:ec2:fleet-id": self.id})
            self._give_profile(instance, data.get("IamInstanceProfile") or {})
        return [(instance, spec) for instance in reservation.instances]

    def _give_profile(self, instance: Any, profile: dict[str, str]) -> None:
        if profile:
            self.ec2_backend.associate_iam_instance_profile(
                instance_id=instance.id,
                iam_instance_profile_name=profile.get("Name"),
                iam_instance_profile_arn=profile.get("Arn"),
            )


def _networks(data: dict[str, Any], subnet_id: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The interfaces of the template's data as moto takes them, and the groups, which it wants apart."""
    interfaces = data.get("NetworkInterfaces", [])
    groups = dict.fromkeys(group for one in interfaces for group in one.get("Groups", []))
    networks = [
        {"SubnetId": subnet_id, "DeleteOnTermination": True, **{key: one[key] for key in one if key != "Groups"}}
        for one in interfaces
    ]
    return networks, list(groups or data.get("SecurityGroupIds", []))


def _size(instance_type: str) -> tuple[int, int]:
    """CPU and memory, which stand for the price here."""
    known = INSTANCE_TYPES[instance_type]
    return known["VCpuInfo"]["DefaultVCpus"], known["MemoryInfo"]["SizeInMiB"]


class Fleets(EC2Backend):
    """EC2 with instant fleets of our own."""

    def create_fleet(self, **options: Any) -> Fleet:
        """CreateFleet."""
        if options["fleet_type"] != INSTANT:
            return super().create_fleet(**options)
        fleet = InstantFleet(self, random_fleet_id(), **options)
        self.fleets[fleet.id] = fleet
        return fleet
