# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access entries out of a map of roles."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.filter.access_entries import FilterModule, access_entries

ARN = "arn:aws:iam::123456789012:role/x"


@pytest.mark.requirement("EKS-10")
def test_administrators_get_the_policy_for_the_whole_cluster():
    assert access_entries({"people": ARN}, policy="AmazonEKSClusterAdminPolicy") == {
        "people": {
            "principal_arn": ARN,
            "type": "STANDARD",
            "policies": [{"policy": "AmazonEKSClusterAdminPolicy", "scope": "cluster"}],
        }
    }


@pytest.mark.requirement("EKS-11")
def test_nodes_get_a_type_and_no_policy():
    entries = access_entries({"karpenter": ARN}, entry_type="EC2_LINUX")
    assert entries == {"karpenter": {"principal_arn": ARN, "type": "EC2_LINUX", "policies": []}}


def test_no_roles_make_no_entries():
    assert access_entries({}) == {}


def test_anything_but_a_map_is_refused():
    with pytest.raises(AnsibleFilterError, match="takes a map"):
        access_entries([ARN])


def test_the_filter_is_known_by_its_name():
    assert FilterModule().filters() == {"access_entries": access_entries}
