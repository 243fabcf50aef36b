# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Node pools and node classes as manifests."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.filter.karpenter_node_classes import karpenter_node_classes
from ansible_collections.piksel.platform.plugins.filter.karpenter_node_pools import karpenter_node_pools

CLASSES = {"default": {"name": "the-class", "volume_size_gib": 120, "tags": {"NodeGroup": "Others"}}}
POOL = {"name": "pool", "node_class": "default", "instance_types": ["g5.xlarge"], "limits": {"nvidia.com/gpu": 30}}


def pool(**more):
    return karpenter_node_pools({"one": {**POOL, **more}}, CLASSES)["pool_one"]["spec"]


def node_class(**more):
    catalogue = {"default": {**CLASSES["default"], **more}}
    found = karpenter_node_classes(catalogue, "example", "Karpenter-example", "al2023@v20260403", {"Owner": "me"})
    return found["class_default"]["spec"]


@pytest.mark.requirement("KARP-30", "KARP-32")
def test_expiry_is_in_the_template_and_limits_are_counted_resources():
    spec = pool(expire_after="168h")
    assert spec["template"]["spec"]["expireAfter"] == "168h"
    assert "expireAfter" not in spec["disruption"]
    assert spec["limits"] == {"nvidia.com/gpu": "30"}


def test_a_pool_says_architecture_system_and_capacity():
    found = {one["key"]: one["values"] for one in pool(generation_above=2)["template"]["spec"]["requirements"]}
    assert found == {
        "node.kubernetes.io/instance-type": ["g5.xlarge"],
        "kubernetes.io/arch": ["amd64"],
        "kubernetes.io/os": ["linux"],
        "karpenter.sh/capacity-type": ["on-demand"],
        "karpenter.k8s.aws/instance-generation": ["2"],
    }


def test_a_pool_refers_to_the_name_of_its_class():
    reference = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "the-class"}
    assert pool()["template"]["spec"]["nodeClassRef"] == reference


def test_what_is_switched_off_is_left_out():
    assert karpenter_node_pools({"one": {**POOL, "enabled": False}}, CLASSES) == {}


@pytest.mark.requirement("KARP-10")
def test_every_volume_is_encrypted_and_goes_with_its_instance():
    (device,) = node_class()["blockDeviceMappings"]
    assert device["ebs"] == {
        "volumeSize": "120Gi",
        "volumeType": "gp3",
        "encrypted": True,
        "deleteOnTermination": True,
    }


def test_nodes_are_private_unless_a_class_says_so():
    assert node_class()["associatePublicIPAddress"] is False
    assert node_class()["subnetSelectorTerms"][0]["tags"]["SubnetType"] == "Private"
    assert node_class(public=True)["subnetSelectorTerms"][0]["tags"]["SubnetType"] == "Public"


def test_an_image_is_named_or_an_alias():
    assert node_class()["amiSelectorTerms"] == [{"alias": "al2023@v20260403"}]
    assert node_class(ami_name="an-image")["amiSelectorTerms"] == [{"name": "an-image", "owner": "amazon"}]
    assert node_class()["tags"] == {"Owner": "me", "NodeGroup": "Others"}
