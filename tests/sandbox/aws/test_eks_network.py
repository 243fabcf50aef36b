"""What a cluster has in its network, and what cannot be deleted because of it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.support import Account, eventually, refused


def interfaces(account: Account, vpc: str) -> list[tuple[str, str]]:
    """(description, subnet) of the interfaces in a VPC."""
    found = account.ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"]
    assert all(one["RequesterManaged"] and one["Status"] == "in-use" for one in found)
    return sorted((one["Description"], one["SubnetId"]) for one in found)


def gone(account: Account, name: str = "piksel-dev") -> None:
    """Delete a cluster and wait until it is gone."""
    account.eks.delete_cluster(name=name)
    eventually(lambda: account.eks.list_clusters()["clusters"], lambda found: name not in found)


def test_a_living_clusters_subnets_and_group_stay(account: Account) -> None:
    vpc, private, _ = account.network()
    cluster = account.cluster(resourcesVpcConfig={"subnetIds": private})
    assert interfaces(account, vpc) == sorted(("Amazon EKS piksel-dev", subnet) for subnet in private)
    group = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    with refused("DependencyViolation", f"The subnet '{private[0]}' has dependencies"):
        account.ec2.delete_subnet(SubnetId=private[0])
    with refused("DependencyViolation", f"resource {group} has a dependent object"):
        account.ec2.delete_security_group(GroupId=group)
    (interface, *_) = account.ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [private[0]]}])[
        "NetworkInterfaces"
    ]
    assert group in [one["GroupId"] for one in interface["Groups"]]
    with refused("InvalidParameterValue", "is currently in use"):
        account.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])

    gone(account)
    assert interfaces(account, vpc) == []
    account.ec2.delete_subnet(SubnetId=private[0])
    with refused("InvalidGroup.NotFound", group):
        account.ec2.delete_security_group(GroupId=group)


def test_interfaces_follow_subnets_and_groups(account: Account) -> None:
    vpc, private, _ = account.network()
    extra = account.ec2.create_security_group(GroupName="extra", Description="x", VpcId=vpc)["GroupId"]
    account.cluster(resourcesVpcConfig={"subnetIds": private[:2], "securityGroupIds": [extra]})
    with refused("DependencyViolation", extra):
        account.ec2.delete_security_group(GroupId=extra)
    account.eks.update_cluster_config(
        name="piksel-dev", resourcesVpcConfig={"subnetIds": private[1:], "securityGroupIds": []}
    )
    account.until("piksel-dev", "ACTIVE")
    account.eks.list_clusters()
    assert [subnet for _, subnet in interfaces(account, vpc)] == sorted(private[1:])
    account.ec2.delete_security_group(GroupId=extra)
    account.ec2.delete_subnet(SubnetId=private[0])


def test_nodes_have_interfaces_in_the_subnets_of_their_group(account: Account) -> None:
    vpc, private, _ = account.network()
    account.cluster(resourcesVpcConfig={"subnetIds": private[:2]})
    group: dict[str, Any] = {"clusterName": "piksel-dev", "nodegroupName": "system"}
    account.eks.create_nodegroup(
        **group, subnets=[private[2]], nodeRole=account.role("node", "ec2.amazonaws.com"),
        scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 2},
    )  # fmt: skip
    assert interfaces(account, vpc).count(("node of system", private[2])) == 2
    with refused("DependencyViolation", private[2]):
        account.ec2.delete_subnet(SubnetId=private[2])
    eventually(lambda: account.eks.describe_nodegroup(**group)["nodegroup"], lambda found: found["status"] == "ACTIVE")
    account.eks.delete_nodegroup(**group)
    eventually(lambda: account.eks.list_nodegroups(clusterName="piksel-dev")["nodegroups"], lambda found: not found)
    account.ec2.delete_subnet(SubnetId=private[2])


@pytest.mark.parametrize(("vpc", "services"), [("10.1.0.0/16", "172.20.0.0/16"), ("172.20.0.0/16", "10.100.0.0/16")])
def test_service_addresses_are_chosen_beside_the_network(account: Account, vpc: str, services: str) -> None:
    cluster = account.cluster(resourcesVpcConfig={"subnetIds": account.network(vpc)[1]})
    assert cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == services
