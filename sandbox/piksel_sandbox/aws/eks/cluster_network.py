"""What EKS makes in a cluster's network: its security group, and the interfaces of control plane and nodes.

https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
"""

from __future__ import annotations

from itertools import cycle, islice
from typing import Any

from piksel_sandbox.aws.ec2.models_interfaces import IN_USE

from .utils import new_digits

SECURITY_GROUP_DESCRIPTION = (
    "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes,"
    " as well as any managed workloads."
)
# Who has an interface, its number there, its subnet and its groups.
Place = tuple[str, int, str, tuple[str, ...]]


def make_security_group(ec2: Any, cluster: Any) -> None:
    """The group of https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html: all inside, all out."""
    name = f"eks-cluster-sg-{cluster.name}-{new_digits(9)}"
    group = ec2.create_security_group(
        name,
        SECURITY_GROUP_DESCRIPTION,
        vpc_id=cluster.vpc_id,
        tags={
            "Name": name,
            f"kubernetes.io/cluster/{cluster.name}": "owned",
            "aws:eks:cluster-name": cluster.name,
        },
    )
    ec2.authorize_security_group_ingress(
        group.id, "-1", "-1", "-1", [], source_groups=[{"GroupId": group.id}], vpc_id=cluster.vpc_id
    )
    cluster.security_group_id = group.id


def place_interfaces(ec2: Any, cluster: Any) -> None:
    """Lets the interfaces be those of the cluster as it is now; a subnet that is gone anyway gets none."""
    wanted = dict.fromkeys(_wanted(cluster))
    for place in [place for place in cluster.interfaces if place not in wanted]:
        _remove(ec2, cluster.interfaces.pop(place))
    known = {subnet.id for subnet in ec2.describe_subnets()} if wanted.keys() - cluster.interfaces.keys() else ()
    for place in wanted:
        owner, _, subnet_id, groups = place
        if place in cluster.interfaces or subnet_id not in known:
            continue
        made = ec2.create_network_interface(subnet_id, "", group_ids=list(groups), description=owner)
        made.requester_managed, made.status = True, IN_USE
        cluster.interfaces[place] = made.id


def remove(ec2: Any, cluster: Any) -> None:
    """Takes interfaces and security group away, once the cluster is deleted."""
    while cluster.interfaces:
        _remove(ec2, cluster.interfaces.popitem()[1])
    if cluster.security_group_id and ec2.get_security_group_from_id(cluster.security_group_id):
        ec2.delete_security_group(group_id=cluster.security_group_id)


def _wanted(cluster: Any) -> list[Place]:
    """One interface of the control plane in each subnet, and one of each node in the subnets of its group."""
    vpc = cluster.settings["resourcesVpcConfig"]
    own = (cluster.security_group_id,)
    groups = own + tuple(vpc["securityGroupIds"])
    places: list[Place] = [(f"Amazon EKS {cluster.name}", 0, subnet, groups) for subnet in vpc["subnetIds"]]
    for group in cluster.nodegroups.values():
        subnets = islice(cycle(group.settings["subnets"]), group.settings["scalingConfig"]["desiredSize"])
        places += [(f"node of {group.name}", number, subnet, own) for number, subnet in enumerate(subnets)]
    return places


def _remove(ec2: Any, interface_id: str) -> None:
    found = ec2.enis.get(interface_id)
    if found is not None:
        found.status = "available"
        ec2.delete_network_interface(interface_id)
