# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import ec2_launch_templates as templates
from ansible_collections.piksel.platform.plugins.module_utils import eks_nodegroups as nodegroups
from ansible_collections.piksel.platform.plugins.module_utils.eks_fargate import selectors

WANTED = {
    "block_devices": {"/dev/xvda": {"volume_size": 20, "volume_type": "gp3", "encrypted": True}},
    "http_tokens": "required",
    "http_put_response_hop_limit": 1,
    "instance_tags": {"a": "1"},
    "volume_tags": {},
    "other_settings": {},
}


@pytest.mark.requirement("FARG-06")
def test_selectors_have_one_form():
    given = [
        {"namespace": "b", "labels": {"y": 2, "x": "1"}},
        {"namespace": "a", "labels": None},
        {"namespace": "b", "labels": {"x": "1", "y": "2"}},
    ]
    assert selectors(given) == [
        {"namespace": "a", "labels": {}},
        {"namespace": "b", "labels": {"x": "1", "y": "2"}},
    ]


def test_the_data_of_a_template_reads_back_as_it_was_wanted():
    data = templates.data(WANTED)
    assert data == {
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "Encrypted": True}}
        ],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "1"}]}],
    }
    assert templates.flat(data) == WANTED


def test_of_a_template_of_others_only_the_names_of_its_settings_are_read():
    assert templates.flat({"ImageId": "ami-1"}) == {
        "block_devices": {},
        "http_tokens": None,
        "http_put_response_hop_limit": None,
        "instance_tags": {},
        "volume_tags": {},
        "other_settings": {"ImageId": "set"},
    }


def test_taints_are_told_apart_by_key_and_effect():
    described = [
        {"key": "x/y:z", "effect": "NO_EXECUTE"},
        {"key": "a", "value": "1", "effect": "NO_SCHEDULE"},
    ]
    found = nodegroups.taints(described)
    assert found == {"x/y:z:NO_EXECUTE": "", "a:NO_SCHEDULE": "1"}
    assert [nodegroups.taint(key, value) for key, value in found.items()] == described
