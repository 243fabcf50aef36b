#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_lookup
short_description: Find a network that somebody else made, and check it
version_added: 0.1.0
description:
  - Finds one VPC by id or by name, reads subnets, routes, NAT gateways, endpoints and flow logs at the same time, and
    checks what a cluster needs of them. Makes no write call.
  - Fails with all findings at once, each with the object's id and what to do. What is only worth knowing is returned
    in RV(notices).
author:
  - Piksel platform contributors (@piksel-platform)
options:
  vpc_id:
    description: Id of the VPC. Without it O(name) is looked for.
    type: str
  name:
    description: Value of the tag C(Name) of exactly one VPC.
    type: str
  cidr:
    description: Addresses that the VPC must have.
    type: str
    required: true
  cluster_name:
    description: Name of the cluster that the subnets' tags must name.
    type: str
    required: true
  private_tag:
    description: Tag of private subnets, as C(key=value).
    type: str
    default: SubnetType=Private
  public_tag:
    description: Tag of public subnets, as C(key=value) with the same key.
    type: str
    default: SubnetType=Public
  minimum_zones:
    description: Fewer zones with a private subnet are refused.
    type: int
    default: 2
  recommended_zones:
    description: Fewer zones are told.
    type: int
    default: 2
  minimum_free_addresses:
    description: Fewer free addresses in a private subnet are refused while the cluster does not exist.
    type: int
    default: 6
  recommended_free_addresses:
    description: Fewer free addresses in a private subnet are told.
    type: int
    default: 43
  nat_mode:
    description: NAT gateways that the network should have. Another number is told.
    type: str
    choices: [single, per_zone]
    default: single
  flow_logs:
    description: Whether the network should have flow logs. Their absence is told.
    type: bool
    default: false
  flow_log_retention:
    description: Days that flow logs should be kept. Fewer are told.
    type: int
    default: 90
  transit_gateway_id:
    description: Transit gateway that the network should be attached to. Its absence is told.
    type: str
  hub_cidr:
    description: Network that should be routed to this transit gateway.
    type: str
  must_be_private:
    description:
      - Ids of subnets that must be private ones of this network, such as those that a Fargate profile names itself.
    type: list
    elements: str
    default: []
  add_missing_tags:
    description:
      - Return missing tags in RV(missing_tags) instead of failing.
      - They can then be handed to M(piksel.platform.ec2_tags).
    type: bool
    default: false
  earlier_findings:
    description:
      - What earlier look-ups found and did not fail for, for example
        RV(piksel.platform.preflight_lookups#module:findings).
      - The task fails with these and its own findings in one message.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - piksel.platform.aws
attributes:
  check_mode:
    description: Looks up the same; it never makes a write call.
    support: full
"""

EXAMPLES = r"""
- name: Find the network
  piksel.platform.vpc_lookup:
    profile: dev-piksel
    region: ap-southeast-3
    name: piksel-dev-vpc
    cidr: 10.1.0.0/16
    cluster_name: piksel-dev
"""

RETURN = r"""
vpc_id:
  description: Id of the VPC.
  returned: success
  type: str
  sample: vpc-0a1b2c3d
cidr:
  description: Its addresses.
  returned: success
  type: str
  sample: 10.1.0.0/16
private_subnet_ids:
  description: Ids of the private subnets, ordered by zone.
  returned: success
  type: list
  elements: str
  sample: [subnet-01, subnet-02]
public_subnet_ids:
  description: Ids of the public subnets, ordered by zone.
  returned: success
  type: list
  elements: str
  sample: [subnet-03]
subnets:
  description: All of these subnets with C(id), C(zone), C(cidr), C(free_addresses) and C(route_table).
  returned: success
  type: list
  elements: dict
  sample:
    - cidr: 10.1.128.0/18
      free_addresses: 16379
      id: subnet-01
      route_table: rtb-01
      zone: ap-southeast-3a
zones:
  description: Zones of the private subnets.
  returned: success
  type: list
  elements: str
  sample: [ap-southeast-3a, ap-southeast-3b]
nat_gateway_ids:
  description: NAT gateways that are available.
  returned: success
  type: list
  elements: str
  sample: [nat-01]
flow_logs:
  description: Flow logs with C(id), C(destination), C(log_group) and C(retention_days).
  returned: success
  type: list
  elements: dict
  sample: []
endpoints:
  description: Services that have an endpoint in the network, and its kind.
  returned: success
  type: dict
  sample:
    com.amazonaws.ap-southeast-3.s3: Gateway
missing_tags:
  description: Tags that subnets lack, in the form that M(piksel.platform.ec2_tags) takes.
  returned: success
  type: list
  elements: dict
  sample:
    - key: subnet-01
      resource_id: subnet-01
      tags:
        karpenter.sh/discovery: piksel-dev
notices:
  description: What does not stop a run and is worth knowing.
  returned: success
  type: list
  elements: str
  sample:
    - "vpc vpc-0a1b2c3d: it has no flow logs."
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.vpc import run

SERVICES = ("ec2", "eks", "logs")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    {
        "vpc_id": {"type": "str"},
        "name": {"type": "str"},
        "cidr": {"type": "str", "required": True},
        "cluster_name": {"type": "str", "required": True},
        "private_tag": {"type": "str", "default": "SubnetType=Private"},
        "public_tag": {"type": "str", "default": "SubnetType=Public"},
        "minimum_zones": {"type": "int", "default": 2},
        "recommended_zones": {"type": "int", "default": 2},
        "minimum_free_addresses": {"type": "int", "default": 6},
        "recommended_free_addresses": {"type": "int", "default": 43},
        "nat_mode": {"type": "str", "choices": ["single", "per_zone"], "default": "single"},
        "flow_logs": {"type": "bool", "default": False},
        "flow_log_retention": {"type": "int", "default": 90},
        "transit_gateway_id": {"type": "str"},
        "hub_cidr": {"type": "str"},
        "must_be_private": {"type": "list", "elements": "str", "default": []},
        "add_missing_tags": {"type": "bool", "default": False},
        "earlier_findings": {"type": "list", "elements": "str", "default": []},
    },
    required_one_of=[["vpc_id", "name"]],
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
