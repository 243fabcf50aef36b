"""The fixture: roles and networks as the accounts have them before the first run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from piksel_sandbox.accounts import DEV, HUB, PROD, SPOKES, SSO_PATH, STAGING, Account
from piksel_sandbox.client import Sandbox
from piksel_sandbox.fixture import network
from piksel_sandbox.fixture.removal import remove
from piksel_sandbox.sessions import Session

SessionOf = Callable[[str], Session]
CIDRS = {
    "dev": (["10.1.0.0/24", "10.1.1.0/24"], ["10.1.128.0/18", "10.1.192.0/18"]),
    "staging": (
        ["10.2.0.0/24", "10.2.1.0/24", "10.2.16.0/22", "10.2.20.0/22"],
        ["10.2.128.0/18", "10.2.192.0/18"],
    ),
    "prod": (
        ["10.3.0.0/19", "10.3.32.0/19", "10.3.64.0/19"],
        ["10.3.128.0/19", "10.3.160.0/19", "10.3.192.0/19"],
    ),
}


@pytest.fixture(scope="module", autouse=True)
def untouched(sandbox: Sandbox) -> None:
    """The accounts as the fixture leaves them."""
    sandbox.reset()


def clients(session_of: SessionOf, account: Account) -> network.Clients:
    """Clients of a network's owner."""
    owner = session_of(f"{account.key}-network-owner")
    return network.Clients(owner.client("ec2"), owner.client("logs"), owner.client("iam"))


def tags(item: dict[str, object]) -> dict[str, str]:
    """EC2's tags as a map."""
    return {tag["Key"]: tag["Value"] for tag in item["Tags"]}


def of_vpc(vpc_id: str) -> list[dict[str, object]]:
    """The filter that most EC2 descriptions take."""
    return [{"Name": "vpc-id", "Values": [vpc_id]}]


def find_vpc(ec2: object, prefix: str) -> dict[str, object]:
    """The one VPC of that name (NET-03)."""
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [f"{prefix}-vpc"]}])["Vpcs"]
    return vpc


@pytest.fixture(params=SPOKES, ids=lambda account: account.key)
def spoke(request: pytest.FixtureRequest) -> Account:
    """Each spoke."""
    return request.param


@pytest.mark.requirement("NET-14", "ENV-05", "ENV-02")
def test_vpcs_have_name_cidr_and_dns(session_of: SessionOf, spoke: Account) -> None:
    ec2 = clients(session_of, spoke).ec2
    vpc = find_vpc(ec2, spoke.prefix)
    assert vpc["CidrBlock"] == spoke.cidr
    assert tags(vpc)["Environment"] == spoke.tag
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
        assert answer[attribute[0].upper() + attribute[1:]]["Value"] is True


@pytest.mark.requirement("NET-14", "ENV-06")
def test_subnets_are_those_of_the_estate(session_of: SessionOf, spoke: Account) -> None:
    ec2 = clients(session_of, spoke).ec2
    subnets = ec2.describe_subnets(Filters=of_vpc(find_vpc(ec2, spoke.prefix)["VpcId"]))["Subnets"]
    public, private = CIDRS[spoke.key]
    by_type = {kind: [each for each in subnets if tags(each)["SubnetType"] == kind] for kind in ("Public", "Private")}
    assert {each["CidrBlock"] for each in by_type["Public"]} == set(public)
    assert {each["CidrBlock"] for each in by_type["Private"]} == set(private)
    assert len(subnets) == len(public) + len(private)
    assert len({each["AvailabilityZone"] for each in by_type["Private"]}) == spoke.zones
    for each in by_type["Private"]:
        assert tags(each)["kubernetes.io/role/internal-elb"] == "1"
        assert tags(each)[f"kubernetes.io/cluster/{spoke.prefix}"] == "1"
        assert tags(each)["karpenter.sh/discovery"] == spoke.prefix
    for each in by_type["Public"]:
        assert tags(each)["kubernetes.io/role/elb"] == "1"
        assert "karpenter.sh/discovery" not in tags(each)


@pytest.mark.requirement("NET-14", "ENV-07")
def test_private_subnets_leave_through_one_nat_gateway(session_of: SessionOf, spoke: Account) -> None:
    ec2 = clients(session_of, spoke).ec2
    vpc_id = find_vpc(ec2, spoke.prefix)["VpcId"]
    (nat,) = ec2.describe_nat_gateways(Filters=of_vpc(vpc_id))["NatGateways"]
    assert nat["State"] == "available"
    tables = ec2.describe_route_tables(Filters=of_vpc(vpc_id))["RouteTables"]
    default = {
        association["SubnetId"]: route
        for table in tables
        for association in table["Associations"]
        for route in table["Routes"]
        if not association["Main"] and route.get("DestinationCidrBlock") == "0.0.0.0/0"
    }
    subnets = ec2.describe_subnets(Filters=of_vpc(vpc_id))["Subnets"]
    for each in subnets:
        route = default[each["SubnetId"]]
        if tags(each)["SubnetType"] == "Private":
            assert route["NatGatewayId"] == nat["NatGatewayId"]
        else:
            assert route["GatewayId"].startswith("igw-")
    (endpoint,) = ec2.describe_vpc_endpoints(Filters=of_vpc(vpc_id))["VpcEndpoints"]
    assert endpoint["ServiceName"] == "com.amazonaws.ap-southeast-3.s3"
    assert len(endpoint["RouteTableIds"]) == 2


@pytest.mark.requirement("NET-14", "ENV-07")
def test_flow_logs_are_as_the_environment_has_them(session_of: SessionOf, spoke: Account) -> None:
    made = clients(session_of, spoke)
    vpc_id = find_vpc(made.ec2, spoke.prefix)["VpcId"]
    logs = made.ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc_id]}])["FlowLogs"]
    assert len(logs) == (0 if spoke == STAGING else 1)
    if logs:
        groups = made.logs.describe_log_groups(logGroupNamePrefix=logs[0]["LogGroupName"])["logGroups"]
        assert [group["retentionInDays"] for group in groups] == [90]


@pytest.mark.requirement("NET-14")
def test_defaults_are_adopted_and_named(session_of: SessionOf, spoke: Account) -> None:
    ec2 = clients(session_of, spoke).ec2
    filters = [
        *of_vpc(find_vpc(ec2, spoke.prefix)["VpcId"]),
        {"Name": "tag:Name", "Values": [f"{spoke.prefix}-default"]},
    ]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    assert (group["GroupName"], group["IpPermissions"], group["IpPermissionsEgress"]) == ("default", [], [])
    (table,) = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    assert table["Associations"][0]["Main"] is True
    (acl,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    assert acl["IsDefault"] is True


@pytest.fixture
def second(session_of: SessionOf) -> Iterator[Callable[..., network.Network]]:
    """Builds further networks in dev's account, and removes them."""
    made = clients(session_of, DEV)
    built = []

    def build(account: Account = DEV, **changes: object) -> network.Network:
        plan = replace(network.plan_of(account, **changes), prefix="piksel-second")
        built.append(network.build(made, plan))
        return built[-1]

    yield build
    for each in built:
        remove(made, each.vpc_id)


@pytest.mark.requirement("NET-14")
def test_a_network_can_be_removed_whole(session_of: SessionOf) -> None:
    made = clients(session_of, PROD)

    def inventory() -> dict[str, object]:
        ec2 = made.ec2
        # Deleted ones stay visible for a while, as in AWS.
        alive = [nat for nat in ec2.describe_nat_gateways()["NatGateways"] if nat["State"] != "deleted"]
        endpoints = [each for each in ec2.describe_vpc_endpoints()["VpcEndpoints"] if each["State"] != "deleted"]
        return {
            "vpcs": len(ec2.describe_vpcs()["Vpcs"]),
            "subnets": len(ec2.describe_subnets()["Subnets"]),
            "tables": len(ec2.describe_route_tables()["RouteTables"]),
            "gateways": len(ec2.describe_internet_gateways()["InternetGateways"]),
            "nat": len(alive),
            "addresses": len(ec2.describe_addresses()["Addresses"]),
            "endpoints": len(endpoints),
            "flow logs": len(ec2.describe_flow_logs()["FlowLogs"]),
            "groups": len(ec2.describe_security_groups()["SecurityGroups"]),
            "log groups": len(made.logs.describe_log_groups()["logGroups"]),
            "roles": len(made.iam.list_roles()["Roles"]),
        }

    before = inventory()
    plan = replace(network.plan_of(PROD, cidr="10.99.0.0/16", nat="per-zone"), prefix="piksel-second")
    built = network.build(made, plan)
    assert len(built.nat_gateways) == 3
    assert len(built.private_route_tables) == 3
    remove(made, built.vpc_id)
    assert inventory() == before


def test_broken_networks_can_be_built(session_of: SessionOf, second: Callable[..., network.Network]) -> None:
    ec2 = clients(session_of, DEV).ec2
    one_zone = second(zones=1, flow_log_days=None)
    assert (len(one_zone.public), len(one_zone.private)) == (1, 1)
    untagged = second(without_tags={network.DISCOVERY}, nat=None, s3_endpoint=False, flow_log_days=None)
    subnets = ec2.describe_subnets(SubnetIds=untagged.private)["Subnets"]
    assert all(network.DISCOVERY not in tags(each) for each in subnets)
    assert untagged.nat_gateways == []
    assert ec2.describe_vpc_endpoints(Filters=of_vpc(untagged.vpc_id))["VpcEndpoints"] == []
    deaf = second(dns_hostnames=False, flow_log_days=None)
    answer = ec2.describe_vpc_attribute(VpcId=deaf.vpc_id, Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"]["Value"] is False


@pytest.mark.requirement("ACC-05", "ENV-04")
def test_the_sign_in_role_is_found_by_path_and_prefix(session_of: SessionOf, spoke: Account) -> None:
    iam = session_of(spoke.profile).client("iam")
    (role,) = iam.list_roles(PathPrefix=SSO_PATH)["Roles"]
    assert role["RoleName"] == f"AWSReservedSSO_AdministratorAccess_{spoke.sso_suffix}"
    assert iam.list_account_aliases()["AccountAliases"] == [spoke.prefix]
    attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AdministratorAccess"]


def test_every_account_has_the_aws_managed_policies(session_of: SessionOf) -> None:
    names = {"AmazonEKSClusterPolicy", "AmazonEKSFargatePodExecutionRolePolicy", "AmazonEKS_CNI_Policy"}
    for profile in ("dev-piksel", "prod-piksel"):
        pages = session_of(profile).client("iam").get_paginator("list_policies").paginate(Scope="AWS")
        found = {policy["PolicyName"]: policy for page in pages for policy in page["Policies"]}
        assert names <= set(found)
        assert len(found) > 1000
    iam = session_of("dev-network-owner").client("iam")
    arn = found["AmazonEKSClusterPolicy"]["Arn"]
    iam.create_role(RoleName="counts", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="counts", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    other = session_of("prod-piksel").client("iam").get_policy(PolicyArn=arn)["Policy"]
    assert other["AttachmentCount"] == 0
    iam.detach_role_policy(RoleName="counts", PolicyArn=arn)
    iam.delete_role(RoleName="counts")


HUB_ROLES = [
    ("externaldns-crossaccount-role-dev", "dev", "external-dns-dev"),
    ("externaldns-crossaccount-role-staging", "staging", "external-dns-staging"),
    ("externaldns-pod-identity-target-role-production", "prod", "external-dns-production"),
    ("odc-cloudfront-crossaccount-role-dev", "dev", None),
    ("odc-cloudfront-crossaccount-role-staging", "staging", None),
    ("odc-cloudfront-crossaccount-role-production", "prod", None),
]


def assume(session: Session, role: str, external_id: str | None) -> str:
    """The ARN of the assumed session in the hub, or the error's code."""
    given = {"ExternalId": external_id} if external_id else {}
    try:
        answer = session.client("sts", retries=0).assume_role(
            RoleArn=HUB.role_arn(role), RoleSessionName="try", **given
        )
    except ClientError as error:
        return error.response["Error"]["Code"]
    return answer["AssumedRoleUser"]["Arn"]


@pytest.mark.requirement("IAM-40", "IAM-41")
@pytest.mark.parametrize(("role", "env", "external_id"), HUB_ROLES)
def test_hub_roles_trust_only_their_spoke(session_of: SessionOf, role: str, env: str, external_id: str | None) -> None:
    assert assume(session_of(f"{env}-automation"), role, external_id) == HUB.session_arn(role, "try")
    foreign = "prod" if env == "dev" else "dev"
    assert assume(session_of(f"{foreign}-automation"), role, external_id) == "AccessDenied"
    if external_id:
        assert assume(session_of(f"{env}-automation"), role, None) == "AccessDenied"
        assert assume(session_of(f"{env}-automation"), role, "external-dns-other") == "AccessDenied"
    document = session_of("hub-piksel").client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert json.dumps(document).count("external-dns") == (1 if external_id else 0)


@pytest.mark.requirement("IAM-42")
def test_the_registry_role_trusts_only_ec2(session_of: SessionOf) -> None:
    assert assume(session_of("dev-piksel"), "piksel-eks-ecr-access", None) == "AccessDenied"
