"""Instant fleets: what Karpenter launches by, and what moto leaves out of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.aws.support import Account

USER_DATA = base64.b64encode(b"MIME-Version: 1.0").decode()
DISK = {"VolumeSize": 120, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}


@pytest.fixture(params=["groups of the instance", "groups of its interface"])
def launch(account: Account, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """A template with all that a node has, and the ids that it names."""
    vpc = account.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = account.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", AvailabilityZone="ap-southeast-3a")
    group = account.ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"]
    profile = account.iam.create_instance_profile(InstanceProfileName="nodes")["InstanceProfile"]["Arn"]
    groups = {
        "groups of the instance": {"SecurityGroupIds": [group]},
        "groups of its interface": {"NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [group]}]},
    }
    template = account.ec2.create_launch_template(
        LaunchTemplateName="fleet",
        LaunchTemplateData={
            "UserData": USER_DATA,
            **groups[request.param],
            "IamInstanceProfile": {"Name": "nodes"},
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": DISK}],
        },
    )["LaunchTemplate"]["LaunchTemplateId"]
    yield {"template": template, "subnet": subnet["Subnet"]["SubnetId"], "group": group, "profile": profile}
    account.ec2.delete_launch_template(LaunchTemplateId=template)


def fleet(account: Account, launch: dict[str, Any], capacity: str, count: int = 1) -> dict[str, Any]:
    """The answer to a CreateFleet as Karpenter makes it, the larger type first."""
    overrides = [
        {"InstanceType": name, "SubnetId": launch["subnet"], "ImageId": "ami-1", "AvailabilityZone": "ap-southeast-3a"}
        for name in ("m5.xlarge", "m5.large")
    ]
    template = {"LaunchTemplateId": launch["template"], "Version": "$Latest"}
    tags = [{"Key": "Name", "Value": "node"}]
    return account.ec2.create_fleet(
        Type="instant",
        LaunchTemplateConfigs=[{"LaunchTemplateSpecification": template, "Overrides": overrides}],
        TargetCapacitySpecification={"TotalTargetCapacity": count, "DefaultTargetCapacityType": capacity},
        TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
    )


@pytest.mark.parametrize("capacity", ["on-demand", "spot"])
def test_an_instance_is_as_its_template_says(capacity: str, account: Account, launch: dict[str, Any]) -> None:
    answer = fleet(account, launch, capacity)
    (launched,) = answer["Instances"]
    assert (launched["InstanceType"], launched["Lifecycle"]) == ("m5.large", capacity)
    assert launched["LaunchTemplateAndOverrides"]["Overrides"]["AvailabilityZone"] == "ap-southeast-3a"
    (reservation,) = account.ec2.describe_instances(InstanceIds=launched["InstanceIds"])["Reservations"]
    (instance,) = reservation["Instances"]
    assert [group["GroupId"] for group in instance["SecurityGroups"]] == [launch["group"]]
    (interface,) = instance["NetworkInterfaces"]
    assert [group["GroupId"] for group in interface["Groups"]] == [launch["group"]]
    assert instance["IamInstanceProfile"]["Arn"] == launch["profile"]
    assert (instance["SubnetId"], instance["ImageId"]) == (launch["subnet"], "ami-1")
    assert instance.get("InstanceLifecycle") == ("spot" if capacity == "spot" else None)
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags == {
        "Name": "node",
        "aws:ec2launchtemplate:id": launch["template"],
        "aws:ec2launchtemplate:version": "1",
        "aws:ec2:fleet-id": answer["FleetId"],
    }
    (disk,) = instance["BlockDeviceMappings"]
    (volume,) = account.ec2.describe_volumes(VolumeIds=[disk["Ebs"]["VolumeId"]])["Volumes"]
    assert (volume["Size"], volume["VolumeType"], volume["Encrypted"]) == (120, "gp3", True)
    assert volume["Tags"] == [{"Key": "Name", "Value": "node"}]
    data = account.ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert data["UserData"]["Value"] == USER_DATA


def test_as_many_come_and_go_as_are_asked_for(account: Account, launch: dict[str, Any]) -> None:
    ids = [name for one in fleet(account, launch, "spot", 3)["Instances"] for name in one["InstanceIds"]]
    assert len(set(ids)) == 3
    account.ec2.terminate_instances(InstanceIds=ids)
    found = account.ec2.describe_instances(InstanceIds=ids)["Reservations"]
    assert {one["State"]["Name"] for entry in found for one in entry["Instances"]} == {"terminated"}


def test_other_fleets_are_left_to_moto(account: Account, launch: dict[str, Any]) -> None:
    config = {"LaunchTemplateSpecification": {"LaunchTemplateId": launch["template"], "Version": "1"}}
    config["Overrides"] = [{"InstanceType": "m5.large", "ImageId": "ami-1", "SubnetId": launch["subnet"]}]
    made = account.ec2.create_fleet(
        Type="maintain",
        LaunchTemplateConfigs=[config],
        TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
    )
    assert "Instances" not in made
