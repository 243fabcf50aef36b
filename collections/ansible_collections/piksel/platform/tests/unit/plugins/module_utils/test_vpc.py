# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look-up of a network against moto: what is found, refused and told."""

from __future__ import annotations

import boto3
import pytest
from ansible_collections.piksel.platform.plugins.module_utils import vpc
from ansible_collections.piksel.platform.plugins.module_utils.clients import Clients
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.modules.vpc_lookup import SPEC
from moto import mock_aws

REGION = "ap-southeast-3"
CLUSTER = "piksel-dev"


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


class Network:
    """A VPC in moto that fulfils everything, and handles to spoil it."""

    def __init__(self):
        self.ec2 = ec2 = boto3.client("ec2", region_name=REGION)
        self.id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=self.id, EnableDnsHostnames={"Value": True})
        ec2.create_tags(Resources=[self.id], Tags=tags(Name="piksel-dev-vpc"))
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.id)
        self.public = [self.subnet("10.1.0.0/24", "a", "Public")]
        self.private = [self.subnet("10.1.128.0/18", "a", "Private"), self.subnet("10.1.192.0/18", "b", "Private")]
        self.nat = ec2.create_nat_gateway(SubnetId=self.public[0])["NatGateway"]["NatGatewayId"]
        self.table = self.route_table(self.private, NatGatewayId=self.nat)
        self.route_table(self.public, GatewayId=self.gateway)
        ec2.create_vpc_endpoint(VpcId=self.id, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway")

    def subnet(self, cidr, zone, kind):
        answer = self.ec2.create_subnet(VpcId=self.id, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
        subnet = answer["Subnet"]["SubnetId"]
        wanted = {"SubnetType": kind}
        if kind == "Private":
            wanted |= {vpc.INTERNAL_TAG: "1", f"kubernetes.io/cluster/{CLUSTER}": "shared", vpc.DISCOVERY_TAG: CLUSTER}
        else:
            wanted[vpc.PUBLIC_TAG] = "1"
        self.ec2.create_tags(Resources=[subnet], Tags=tags(**wanted))
        return subnet

    def route_table(self, subnets, **target):
        table = self.ec2.create_route_table(VpcId=self.id)["RouteTable"]["RouteTableId"]
        if target:
            self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        for subnet in subnets:
            for old in self.associations(subnet):
                self.ec2.disassociate_route_table(AssociationId=old)
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return table

    def associations(self, subnet):
        filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
        tables = self.ec2.describe_route_tables(Filters=filters)["RouteTables"]
        return [
            one["RouteTableAssociationId"]
            for table in tables
            for one in table["Associations"]
            if one.get("SubnetId") == subnet
        ]


@pytest.fixture
def network(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-long-dummy-secret-for-moto")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Network()


def look(**given):
    params = {name: option.get("default") for name, option in SPEC["argument_spec"].items()}
    params |= {"name": "piksel-dev-vpc", "cidr": "10.1.0.0/16", "cluster_name": CLUSTER, "region": REGION, **given}
    return vpc.run(params, True, Clients(region=REGION))


def findings(**given):
    with pytest.raises(PlatformError) as caught:
        look(**given)
    return str(caught.value)


@pytest.mark.requirement("NET-02", "NET-03", "NET-04", "GEN-12")
def test_a_good_network_is_found_with_everything_that_later_stages_need(network):
    result = look()
    assert result["changed"] is False
    assert result["vpc_id"] == network.id
    assert result["private_subnet_ids"] == network.private
    assert result["public_subnet_ids"] == network.public
    assert result["zones"] == [f"{REGION}a", f"{REGION}b"]
    assert result["nat_gateway_ids"] == [network.nat]
    assert result["missing_tags"] == []
    assert result["notices"] == []


def test_a_network_is_found_by_its_id(network):
    assert look(vpc_id=network.id, name=None)["vpc_id"] == network.id


@pytest.mark.requirement("NET-03")
def test_no_network_and_two_networks_are_told_apart(network):
    assert "there is no such network" in findings(name="other-vpc")
    second = network.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    network.ec2.create_tags(Resources=[second], Tags=tags(Name="piksel-dev-vpc"))
    text = findings()
    assert "2 networks have this name" in text
    assert second in text


@pytest.mark.requirement("NET-01", "NET-03")
def test_other_addresses_and_dns_attributes_are_findings(network):
    network.ec2.modify_vpc_attribute(VpcId=network.id, EnableDnsHostnames={"Value": False})
    text = findings(cidr="10.2.0.0/16")
    assert "its CIDR is 10.1.0.0/16, but the inventory says 10.2.0.0/16" in text
    assert "enableDnsHostnames is off" in text


@pytest.mark.requirement("NET-04")
def test_one_zone_is_refused_and_two_of_three_are_told(network):
    assert any("3 are recommended" in one for one in look(recommended_zones=3)["notices"])
    network.ec2.create_tags(Resources=network.private[1:], Tags=tags(SubnetType="Public"))
    assert "lie in 1 zone (ap-southeast-3a), at least 2 are needed" in findings()


def test_no_private_subnet_is_a_finding(network):
    network.ec2.create_tags(Resources=network.private, Tags=tags(SubnetType="Other"))
    assert "no subnet has the tag SubnetType=Private" in findings()


@pytest.mark.requirement("NET-05")
def test_missing_tags_are_findings_or_returned_to_be_added(network):
    network.ec2.delete_tags(Resources=network.private[:1], Tags=[{"Key": vpc.DISCOVERY_TAG}])
    network.ec2.delete_tags(Resources=network.public, Tags=[{"Key": vpc.PUBLIC_TAG}])
    text, where = findings(), f"(account 123456789012, region {REGION})"
    assert f"subnet {network.private[0]} {where}: missing tags {vpc.DISCOVERY_TAG}={CLUSTER}" in text
    assert f"subnet {network.public[0]} {where}: missing tags {vpc.PUBLIC_TAG}=1" in text
    assert look(add_missing_tags=True)["missing_tags"] == [
        {"key": network.private[0], "resource_id": network.private[0], "tags": {vpc.DISCOVERY_TAG: CLUSTER}},
        {"key": network.public[0], "resource_id": network.public[0], "tags": {vpc.PUBLIC_TAG: "1"}},
    ]


@pytest.mark.requirement("NET-05")
@pytest.mark.parametrize("value", ["1", "shared"])
def test_both_values_of_the_cluster_tag_are_accepted(network, value):
    network.ec2.create_tags(Resources=network.private, Tags=tags(**{f"kubernetes.io/cluster/{CLUSTER}": value}))
    assert look()["missing_tags"] == []


def test_a_tag_with_another_value_is_never_overwritten(network):
    network.ec2.create_tags(Resources=network.private[:1], Tags=tags(**{vpc.DISCOVERY_TAG: "other"}))
    assert "its tag karpenter.sh/discovery is 'other', wanted is piksel-dev" in findings(add_missing_tags=True)


@pytest.mark.requirement("NET-06")
def test_every_private_subnet_needs_a_way_out_by_nat(network):
    network.route_table(network.private[:1])
    network.route_table(network.private[1:], GatewayId=network.gateway)
    text = findings()
    assert f"subnet {network.private[0]}" in text
    assert "no route to 0.0.0.0/0" in text
    assert "goes to the internet gateway" in text


@pytest.mark.requirement("NET-06")
def test_a_nat_gateway_that_is_gone_is_a_finding(network):
    network.ec2.delete_nat_gateway(NatGatewayId=network.nat)
    assert f"goes to {network.nat}, which is not available" in findings()


@pytest.mark.requirement("NET-06")
def test_a_subnet_without_an_association_uses_the_main_route_table(network):
    for association in network.associations(network.private[0]):
        network.ec2.disassociate_route_table(AssociationId=association)
    assert f"subnet {network.private[0]} (route table rtb-" in findings()


@pytest.mark.requirement("NET-15")
def test_few_free_addresses_stop_a_new_cluster_only(network):
    assert "the cluster needs 100000 in every subnet" in findings(minimum_free_addresses=100000)
    role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    boto3.client("eks", region_name=REGION).create_cluster(
        name=CLUSTER, roleArn=role, resourcesVpcConfig={"subnetIds": network.private}
    )
    assert look(minimum_free_addresses=100000, recommended_free_addresses=100000)["notices"]


@pytest.mark.requirement("NET-07", "NET-08", "NET-13")
def test_what_the_owner_of_the_network_decides_is_told_only(network):
    endpoints = network.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    network.ec2.delete_vpc_endpoints(VpcEndpointIds=[one["VpcEndpointId"] for one in endpoints])
    notices = "\n".join(look(nat_mode="per_zone", flow_logs=True)["notices"])
    assert "1 NAT gateways, per_zone means 2" in notices
    assert "it has no flow logs" in notices
    assert "no gateway endpoint for S3" in notices


@pytest.mark.requirement("NET-08")
def test_flow_logs_that_are_not_kept_long_enough_are_told(network):
    logs = boto3.client("logs", region_name=REGION)
    logs.create_log_group(logGroupName="flow")
    logs.put_retention_policy(logGroupName="flow", retentionInDays=30)
    network.ec2.create_flow_logs(
        ResourceIds=[network.id],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="flow",
        DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/x",
    )
    result = look(flow_logs=True)
    assert result["flow_logs"][0]["retention_days"] == 30
    assert "it is kept 30 days, 90 days are wanted" in result["notices"][0]


@pytest.mark.requirement("NET-10")
def test_a_transit_gateway_that_is_named_is_looked_for(network):
    transit = network.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    notices = "\n".join(look(transit_gateway_id=transit, hub_cidr="10.0.0.0/16")["notices"])
    assert f"it is not attached to the transit gateway {transit}" in notices
    network.ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=transit, VpcId=network.id, SubnetIds=network.private
    )
    network.ec2.create_route(RouteTableId=network.table, DestinationCidrBlock="10.0.0.0/16", TransitGatewayId=transit)
    assert look(transit_gateway_id=transit, hub_cidr="10.0.0.0/16")["notices"] == []


@pytest.mark.requirement("EKS-07")
def test_no_other_security_group_may_carry_the_discovery_tag(network):
    group = network.ec2.create_security_group(GroupName="g", Description="g", VpcId=network.id)["GroupId"]
    network.ec2.create_tags(Resources=[group], Tags=tags(**{vpc.DISCOVERY_TAG: CLUSTER}))
    where = f"(account 123456789012, region {REGION})"
    assert f"security group {group} {where}: it carries karpenter.sh/discovery=piksel-dev" in findings()


@pytest.mark.requirement("GEN-11")
def test_all_findings_come_at_once(network):
    network.ec2.modify_vpc_attribute(VpcId=network.id, EnableDnsHostnames={"Value": False})
    network.ec2.delete_tags(Resources=network.private[:1], Tags=[{"Key": vpc.DISCOVERY_TAG}])
    network.ec2.delete_nat_gateway(NatGatewayId=network.nat)
    text = findings(cidr="10.2.0.0/16")
    assert text.startswith("5 findings:")


@pytest.mark.requirement("FARG-08", "GEN-11")
def test_a_public_or_foreign_subnet_of_a_profile_is_refused(network):
    assert look(must_be_private=network.private)["private_subnet_ids"]
    with pytest.raises(PlatformError) as caught:
        look(must_be_private=[network.public[0], "subnet-0123"])
    assert "2 findings" in str(caught.value)
    assert f"subnet {network.public[0]}" in str(caught.value)
    assert "and it is public" in str(caught.value)
    assert "has no such subnet" in str(caught.value)
