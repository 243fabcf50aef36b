# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances that node pools name, and a region that has some of them."""

from __future__ import annotations

import fnmatch

import botocore.session
import pytest
from ansible_collections.piksel.platform.plugins.module_utils import preflight_instances
from botocore.exceptions import ClientError

OFFERED = ["m5.large", "m5.xlarge", "r7i.xlarge", "r5.2xlarge", "g5.xlarge"]


class Region:
    """Clients of a region with some instance types, and of an account that may have the role for spot instances."""

    account_id, region = "111122223333", "ap-southeast-3"

    def __init__(self, spot_role=True):
        self.spot_role, self.asked = spot_role, []
        self.meta = botocore.session.Session().create_client("ec2", region_name=self.region).meta

    def client(self, _service):
        """One object plays both."""
        return self

    def get_paginator(self, operation):
        """Pages of one type each."""
        assert operation == "describe_instance_type_offerings"
        return self

    def paginate(self, **asked):
        """DescribeInstanceTypeOfferings."""
        self.asked = asked["Filters"][0]["Values"]
        found = [name for name in OFFERED if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.asked)]
        return [{"InstanceTypeOfferings": [{"InstanceType": name}]} for name in found]

    def get_role(self, **_which):
        """GetRole."""
        if not self.spot_role:
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "none"}}, "GetRole")


def looked_up(region=None, **pool):
    """(texts of findings, warnings) about one pool."""
    report = preflight_instances.node_pools(region or Region(), {"one": {"name": "one", **pool}})
    return [str(finding) for finding in report.findings], report.warnings


@pytest.mark.parametrize(
    "pool",
    [
        {"instance_categories": ["c", "m"]},
        {"instance_types": ["g5.xlarge"]},
        {"instance_families": ["m5", "r7i"], "instance_sizes": ["xlarge"]},
        {"instance_families": ["m6"], "enabled": False},
    ],
)
def test_what_the_region_has_is_no_finding(pool):
    assert looked_up(**pool) == ([], [])


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize(
    ("pool", "words"),
    [
        ({"instance_families": ["m5", "m6"]}, "EC2 has no instances m6.*"),
        ({"instance_types": ["g5.xlarge", "g5.huge"]}, "EC2 has no instances g5.huge"),
        ({"instance_families": ["m5"], "instance_sizes": ["xlarge", "64xlarge"]}, "EC2 has no instances m5.64xlarge"),
        ({"instance_families": ["m6a"]}, "no zone of this region has any of its instances"),
    ],
)
def test_what_there_is_not_or_leaves_nothing_is_a_finding(pool, words):
    (finding,), _warnings = looked_up(**pool)
    assert finding.startswith("node pool one (account 111122223333, region ap-southeast-3): ")
    assert words in finding


def test_what_only_this_region_has_not_is_told():
    findings, (warning,) = looked_up(instance_families=["m5", "m6a"])
    assert findings == []
    assert warning.startswith("instances m6a.*: no zone of this region has them, so that one has the rest")


def test_pools_without_names_of_instances_cost_no_call():
    region = Region()
    looked_up(region, instance_categories=["c"])
    assert region.asked == []


@pytest.mark.requirement("EKS-37")
def test_spot_capacity_without_its_role_is_told_with_the_command_that_makes_it():
    spot = {"instance_families": ["m5"], "capacity_types": ["spot", "on-demand"]}
    assert looked_up(Region(), **spot) == ([], [])
    findings, (warning,) = looked_up(Region(spot_role=False), **spot)
    assert findings == []
    assert "one may take spot instances: aws iam create-service-linked-role" in warning
