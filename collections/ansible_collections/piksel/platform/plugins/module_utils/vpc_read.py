# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a network: one call finds it, then everything about it is read at the same time."""

from __future__ import annotations

import dataclasses

from ansible_collections.piksel.platform.plugins.module_utils import errors
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel

DISCOVERY_TAG = "karpenter.sh/discovery"


@dataclasses.dataclass
class Subnet:
    """A subnet; ``default_route`` is EC2's answer or None, ``routes_to`` maps transit gateways to the networks behind
    them."""

    id: str
    zone: str
    cidr: str
    free: int
    tags: dict
    route_table: str | None = None
    default_route: dict | None = None
    routes_to: dict = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict:
        """What results show of it."""
        return {
            "id": self.id,
            "zone": self.zone,
            "cidr": self.cidr,
            "free_addresses": self.free,
            "route_table": self.route_table,
        }


@dataclasses.dataclass
class Network:
    """Everything that was read of one VPC. ``endpoints`` maps service names to Gateway or Interface.

    ``subnets`` are all of its subnets by id,
    ``cluster`` is EKS's answer or None, ``discovery_groups`` are the security groups with the tag of the cluster.
    """

    vpc_id: str
    cidr: str
    dns: dict
    private: list
    public: list
    subnets: dict
    nat_gateways: set
    flow_logs: list
    endpoints: dict
    transit_gateways: set
    cluster: dict | None
    discovery_groups: list


def read(clients, params: dict) -> Network:
    """Find the VPC by id or by name and read it.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html
    Raises PlatformError when there is none or more than one.
    """
    vpc = _find(clients, params["vpc_id"], params["name"])
    vpc_id = vpc["VpcId"]
    calls = {
        "dns": lambda: _dns(clients, vpc_id),
        "subnets": lambda: _all(clients, "describe_subnets", "Subnets", "vpc-id", vpc_id),
        "tables": lambda: _all(clients, "describe_route_tables", "RouteTables", "vpc-id", vpc_id),
        "nat": lambda: _all(clients, "describe_nat_gateways", "NatGateways", "vpc-id", vpc_id),
        "endpoints": lambda: _all(clients, "describe_vpc_endpoints", "VpcEndpoints", "vpc-id", vpc_id),
        "flow_logs": lambda: _flow_logs(clients, vpc_id),
        "transit": lambda: _transit_gateways(clients, vpc_id) if params["transit_gateway_id"] else set(),
        "cluster": lambda: _cluster(clients, params["cluster_name"]),
        "groups": lambda: _discovery_groups(clients, params["cluster_name"]),
    }
    found = dict(zip(calls, parallel(lambda call: call(), calls.values()), strict=True))
    tag, _unused, private = params["private_tag"].partition("=")
    subnets = sorted((_subnet(one, found["tables"]) for one in found["subnets"]), key=lambda one: (one.zone, one.id))
    return Network(
        vpc_id=vpc_id,
        cidr=vpc["CidrBlock"],
        dns=found["dns"],
        private=[one for one in subnets if one.tags.get(tag) == private],
        subnets={one.id: one for one in subnets},
        public=[one for one in subnets if one.tags.get(tag) == params["public_tag"].partition("=")[2]],
        nat_gateways={one["NatGatewayId"] for one in found["nat"] if one["State"] == "available"},
        flow_logs=found["flow_logs"],
        endpoints={
            one["ServiceName"]: one["VpcEndpointType"] for one in found["endpoints"] if one["State"] == "available"
        },
        transit_gateways=found["transit"],
        cluster=found["cluster"],
        discovery_groups=found["groups"],
    )


def _find(clients, vpc_id, name):
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}] if vpc_id else [{"Name": "tag:Name", "Values": [name]}]
    subject = f"vpc {vpc_id or name}"
    with errors.told(subject, clients):
        vpcs = items(clients.client("ec2"), "describe_vpcs", "Vpcs", Filters=filters)
    if len(vpcs) == 1:
        return vpcs[0]
    where = {"subject": subject, "account": clients.account_id, "region": clients.region}
    if vpcs:
        ids = ", ".join(sorted(vpc["VpcId"] for vpc in vpcs))
        raise PlatformError(
            f"{len(vpcs)} networks have this name: {ids}", advice="Set piksel_vpc_id to the one that is meant.", **where
        )
    raise PlatformError(
        "there is no such network",
        advice="Its owner makes it; if it has another name, set piksel_vpc_id.",
        **where,
    )


def _all(clients, call, key, name, vpc_id):
    with errors.told(f"vpc {vpc_id}", clients):
        parameter = "Filter" if call == "describe_nat_gateways" else "Filters"
        filters = {parameter: [{"Name": name, "Values": [vpc_id]}]}
        return items(clients.client("ec2"), call, key, **filters)


def _dns(clients, vpc_id):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcAttribute.html"""

    def attribute(name):
        with errors.told(f"vpc {vpc_id}", clients):
            answer = clients.client("ec2").describe_vpc_attribute(VpcId=vpc_id, Attribute=name)
        return answer[name[0].upper() + name[1:]]["Value"]

    return {name: attribute(name) for name in ("enableDnsSupport", "enableDnsHostnames")}


def _subnet(answer, tables):
    subnet = Subnet(
        id=answer["SubnetId"],
        zone=answer["AvailabilityZone"],
        cidr=answer["CidrBlock"],
        free=answer["AvailableIpAddressCount"],
        tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])},
    )
    table = _table(subnet.id, tables)
    if table is None:
        return subnet
    subnet.route_table = table["RouteTableId"]
    for route in table["Routes"]:
        if route.get("DestinationCidrBlock") == "0.0.0.0/0":
            subnet.default_route = route
        if route.get("TransitGatewayId"):
            subnet.routes_to.setdefault(route["TransitGatewayId"], set()).add(route.get("DestinationCidrBlock"))
    return subnet


def _table(subnet_id, tables):
    """A subnet without an association of its own uses the main route table."""
    own = main = None
    for table in tables:
        for association in table.get("Associations", []):
            if association.get("SubnetId") == subnet_id:
                own = table
            elif association.get("Main"):
                main = table
    return own or main


def _flow_logs(clients, vpc_id):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html"""
    with errors.told(f"flow logs of vpc {vpc_id}", clients):
        pages = (
            clients.client("ec2")
            .get_paginator("describe_flow_logs")
            .paginate(Filters=[{"Name": "resource-id", "Values": [vpc_id]}])
        )
        logs = [log for page in pages for log in page["FlowLogs"]]
    result = []
    for log in logs:
        destination = log.get("LogDestinationType", "cloud-watch-logs")
        group = log.get("LogGroupName") if destination == "cloud-watch-logs" else None
        retention = _retention(clients, group) if group else None
        result.append(
            {"id": log["FlowLogId"], "destination": destination, "log_group": group, "retention_days": retention}
        )
    return result


def _retention(clients, group):
    """Days that a log group is kept, None for ever or when there is no such group."""
    with errors.told(f"log group {group}", clients):
        found = items(clients.client("logs"), "describe_log_groups", "logGroups", logGroupNamePrefix=group)
        groups = {one["logGroupName"]: one for one in found}
    return groups.get(group, {}).get("retentionInDays")


def _transit_gateways(clients, vpc_id):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTransitGatewayVpcAttachments.html"""
    found = _all(clients, "describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments", "vpc-id", vpc_id)
    return {one["TransitGatewayId"] for one in found if one["State"] == "available"}


def _cluster(clients, name):
    try:
        with errors.told(f"cluster {name}", clients):
            return clients.client("eks").describe_cluster(name=name)["cluster"]
    except PlatformError as error:
        if errors.code_of(error.__cause__) != "ResourceNotFoundException":
            raise
        return None


def _discovery_groups(clients, cluster_name):
    """Ids of the security groups, of any network, by which Karpenter would find this cluster's group."""
    filters = [{"Name": f"tag:{DISCOVERY_TAG}", "Values": [cluster_name]}]
    with errors.told(f"security groups with the tag {DISCOVERY_TAG}", clients):
        pages = clients.client("ec2").get_paginator("describe_security_groups").paginate(Filters=filters)
        return sorted(group["GroupId"] for page in pages for group in page["SecurityGroups"])
