# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the region has the instances that node pools are made of: a wrong name only ever shows as pending pods."""

from __future__ import annotations

import fnmatch

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import errors
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.preflight_report import Report

SPOT_ROLE = "AWSServiceRoleForEC2Spot"


def node_pools(clients, wanted: dict) -> Report:
    """Look up the instances of each pool: logical key -> {"name", "instance_families", "instance_types",
    "instance_sizes", "capacity_types", "enabled"}, all but the first optional.

    What EC2 has nowhere is a finding, and so is a pool of which nothing is left in this region; what only this region
    has not is told. Pools by category need no look-up: Karpenter takes what there is.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html
    """
    report = Report(clients)
    pools = [pool for pool in wanted.values() if pool.get("enabled", True)]
    offered, elsewhere = _offered(clients, pools), {}
    for pool in pools:
        missing = _missing(pool, offered)
        for name in missing:
            if not fnmatch.filter(_known(clients), name):
                report.find(f"node pool {pool['name']}", f"EC2 has no instances {name}", "Name others.")
            else:
                elsewhere.setdefault(name, []).append(pool["name"])
        if missing and not _left(pool, offered):
            report.find(f"node pool {pool['name']}", "no zone of this region has any of its instances", "Name others.")
    for name, pool_names in elsewhere.items():
        told = f"no zone of this region has them, so that {', '.join(pool_names)} has the rest of its list only"
        report.warn(f"instances {name}", told)
    spot = [pool["name"] for pool in pools if "spot" in (pool.get("capacity_types") or [])]
    if spot and not _has_spot_role(clients):
        command = "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com"
        report.warn(f"role {SPOT_ROLE}", f"it does not exist, and {', '.join(spot)} may take spot instances: {command}")
    return report


def _patterns(pool):
    """What a pool names: types, and families as "m5.*"; with sizes as "m5.large"."""
    families, sizes = pool.get("instance_families") or [], pool.get("instance_sizes") or ["*"]
    return [*(pool.get("instance_types") or []), *(f"{family}.{size}" for family in families for size in sizes)]


def _missing(pool, offered):
    return [name for name in _patterns(pool) if not fnmatch.filter(offered, name)]


def _left(pool, offered):
    return [name for name in _patterns(pool) if fnmatch.filter(offered, name)]


def _known(clients):
    """All instance types that this machine's botocore knows, whatever region has them."""
    return clients.client("ec2").meta.service_model.shape_for("InstanceType").enum


def _offered(clients, pools):
    """Those of the types that the pools could mean which the region has."""
    patterns = {name for pool in pools for name in _patterns(pool)}
    if not patterns:
        return []
    filters = [{"Name": "instance-type", "Values": sorted(patterns)}]
    with errors.told("instance types", clients):
        ec2 = clients.client("ec2")
        offers = items(ec2, "describe_instance_type_offerings", "InstanceTypeOfferings", Filters=filters)
    return [offer["InstanceType"] for offer in offers]


def _has_spot_role(clients):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html"""
    with errors.told(f"role {SPOT_ROLE}", clients):
        try:
            clients.client("iam").get_role(RoleName=SPOT_ROLE)
        except is_boto3_error_code("NoSuchEntity"):
            return False
    return True
