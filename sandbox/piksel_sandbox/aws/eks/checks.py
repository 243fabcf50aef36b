"""Checks of a request against the account's other services: subnets, security groups, roles, keys."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.utilities.utils import get_partition

from .exceptions import InvalidParameterException
from .utils import first

ROLE_ARN = re.compile(r"^arn:(?P<partition>[^:]+):iam::(?P<account>[0-9]{12}):role/(?P<path>.+)$")


def subnets(account_id: str, region: str, subnet_ids: list[str]) -> list[Any]:
    """moto's subnets of these ids, in order. Raises InvalidParameterException if one does not exist."""
    found = {subnet.id: subnet for subnet in ec2_backends[account_id][region].describe_subnets()}
    missing = first(subnet_ids, lambda subnet_id: subnet_id not in found)
    if missing is not None:
        raise InvalidParameterException(f"The subnet ID '{missing}' does not exist")
    return [found[subnet_id] for subnet_id in subnet_ids]


def cluster_subnets(account_id: str, region: str, subnet_ids: list[str]) -> str:
    """The VPC of a cluster's subnets.

    Raises InvalidParameterException unless they exist, lie in one VPC and in at least two Availability Zones
    (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html).
    """
    if not subnet_ids:
        raise InvalidParameterException("subnetIds can not be empty")
    found = subnets(account_id, region, subnet_ids)
    vpcs = {subnet.vpc_id for subnet in found}
    if len(vpcs) > 1:
        raise InvalidParameterException("Subnets specified must belong to the same VPC")
    if len({subnet.availability_zone for subnet in found}) < 2:
        raise InvalidParameterException("Subnets specified must be in at least two different AZs")
    return vpcs.pop()


def service_cidr(account_id: str, region: str, candidates: tuple[str, ...], vpc_id: str) -> str:
    """The first of the candidates for service addresses that does not overlap with a block of the VPC.

    Raises InvalidParameterException when all do
    (https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html).
    """
    vpc = ec2_backends[account_id][region].get_vpc(vpc_id)
    blocks = [ipaddress.IPv4Network(block["cidr_block"]) for block in vpc.cidr_block_association_set]
    for candidate in candidates:
        if not any(ipaddress.IPv4Network(candidate).overlaps(block) for block in blocks):
            return candidate
    taken = ", ".join(map(str, blocks))
    raise InvalidParameterException(f"serviceIpv4Cidr {candidates[0]} overlaps with the VPC CIDRs {taken} of {vpc_id}")


def security_groups(account_id: str, region: str, group_ids: list[str], vpc_id: str) -> None:
    """Raise InvalidParameterException unless all groups exist in the VPC."""
    for group_id in group_ids:
        group = ec2_backends[account_id][region].get_security_group_from_id(group_id)
        if group is None:
            raise InvalidParameterException(f"The security group '{group_id}' does not exist")
        if group.vpc_id != vpc_id:
            raise InvalidParameterException(f"Security group {group_id} does not belong to VPC {vpc_id}")


def is_private(account_id: str, region: str, subnet: Any) -> bool:
    """Whether the subnet's route table has no route to an internet gateway."""
    ec2 = ec2_backends[account_id][region]
    tables = ec2.describe_route_tables(filters={"association.subnet-id": [subnet.id]})
    if not tables:
        tables = ec2.describe_route_tables(filters={"association.main": ["true"], "vpc-id": [subnet.vpc_id]})
    return not any(
        str(getattr(route.gateway, "id", "") or "").startswith("igw-") for table in tables for route in table.routes
    )


def find_role(account_id: str, region: str, arn: str) -> Any | None:
    """moto's role of this ARN in its own account, or None."""
    match = ROLE_ARN.match(arn or "")
    if not match or match["partition"] != get_partition(region):
        return None
    roles = iam_backends[match["account"]][match["partition"]].get_roles()
    return first(list(roles), lambda role: role.arn == arn)


def trusts(role: Any, service: str) -> bool:
    """Whether the role's trust policy lets this service principal assume it."""
    document = role.assume_role_policy_document
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        services = [services] if isinstance(services, str) else services
        actions = statement.get("Action", [])
        actions = [actions] if isinstance(actions, str) else actions
        if statement.get("Effect") == "Allow" and service in services and _assumes(actions):
            return True
    return False


def _assumes(actions: list[str]) -> bool:
    return any(action.lower() in ("sts:assumerole", "sts:*", "*") for action in actions)


def service_role(account_id: str, region: str, arn: str, service: str, what: str = "Role") -> Any:
    """The role of this ARN, which must exist in the account and trust `service`.

    Raises InvalidParameterException with the text that EKS answers for roles it cannot assume.
    """
    match = ROLE_ARN.match(arn or "")
    if match and match["account"] != account_id:
        raise InvalidParameterException("Cross-account pass role is not allowed.")
    role = find_role(account_id, region, arn)
    if role is None or not trusts(role, service):
        raise InvalidParameterException(
            f"{what} with arn: {arn}, could not be assumed because it does not exist"
            " or the trusted entity is not correct"
        )
    return role


def principal_exists(region: str, arn: str) -> bool:
    """Whether an IAM user or role of this ARN exists; of another account too, as access entries allow it."""
    if find_role("", region, arn) is not None:
        return True
    match = re.match(r"^arn:([^:]+):iam::([0-9]{12}):user/.+$", arn or "")
    if not match or match[1] != get_partition(region):
        return False
    return any(user.arn == arn for user in iam_backends[match[2]][match[1]].users.values())


def encryption_key(region: str, config: list[dict[str, Any]]) -> None:
    """Raise InvalidParameterException unless the config names `secrets` and a usable symmetric KMS key.

    Follows https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html.
    """
    for item in config:
        if item.get("resources") != ["secrets"]:
            raise InvalidParameterException("Encryption config resources must be exactly [secrets]")
        arn = (item.get("provider") or {}).get("keyArn") or ""
        match = re.match(r"^arn:[^:]+:kms:(?P<region>[^:]+):(?P<account>[0-9]{12}):key/(?P<id>.+)$", arn)
        if not match:
            raise InvalidParameterException(f"Invalid KMS key ARN: {arn}")
        if match["region"] != region:
            raise InvalidParameterException(f"KMS key {arn} must be in the same region as the cluster")
        key = kms_backends[match["account"]][region].keys.get(match["id"])
        if key is None:
            raise InvalidParameterException(f"Failed to validate KMS key: Key '{arn}' does not exist")
        if key.key_state != "Enabled" or key.key_spec != "SYMMETRIC_DEFAULT":
            raise InvalidParameterException(f"KMS key {arn} must be enabled and symmetric")
