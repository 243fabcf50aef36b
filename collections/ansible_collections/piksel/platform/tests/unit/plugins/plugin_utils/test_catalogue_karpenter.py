# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalogues of node classes and node pools may not say."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import catalogue_karpenter as rules

CLASSES = {"default": {"name": "default", "volume_size_gib": 120}}
VALUES = {"karpenter_node_classes": CLASSES, "karpenter_kubernetes_version": "1.34"}
POOL = {"name": "pool", "node_class": "default", "instance_families": ["m5"]}


def of_pool(**more):
    found = rules.node_pools({"one": {**POOL, **more}}, VALUES)
    return [(problem.path, problem.message, problem.advice) for problem in found]


def test_a_good_pool_and_class_pass():
    limits = {"cpu": 10, "nvidia.com/gpu": 3}
    assert of_pool(limits=limits, expire_after="168h", taints=[{"key": "a", "effect": "NoSchedule"}]) == []
    assert list(rules.node_classes(CLASSES, VALUES)) == []


@pytest.mark.parametrize(
    ("more", "path", "text"),
    [
        ({"instance_famlies": ["m5"]}, "instance_famlies", "Did you mean instance_families?"),
        ({"expireAfter": "1h"}, "expireAfter", "Did you mean expire_after?"),
        ({"limits": {"gpu": 30}}, "gpu", "GPUs are counted as nvidia.com/gpu."),
        ({"node_class": "other"}, "node_class", "There are default."),
        ({"capacity_types": ["cheap"]}, "capacity_types", "cheap is no capacity type"),
        ({"consolidation_policy": "Never"}, "consolidation_policy", "Never is no policy"),
        ({"expire_after": "a week"}, "expire_after", "a week is no time"),
        ({"taints": [{"key": "a", "effect": "Sometimes"}]}, "0", "a taint has a key and an effect"),
        ({"labels": {"karpenter.sh/controller": "true"}}, "karpenter.sh/controller", "is not free to be set"),
        ({"instance_families": []}, "one", "says nothing about instances"),
    ],
)
def test_what_a_pool_may_not_say(more, path, text):
    ((where, message, advice),) = of_pool(**more)
    assert where[-1] == path
    assert text in f"{message} {advice}"


def test_names_are_given_once():
    (problem,) = rules.node_pools({"one": POOL, "two": POOL}, VALUES)
    assert problem.message == "pool is the name of one already"


@pytest.mark.requirement("KARP-11")
@pytest.mark.parametrize(("allowed", "number"), [(False, 1), (True, 0)])
def test_a_moving_image_is_refused_unless_the_environment_allows_it(allowed, number):
    values = {**VALUES, "karpenter_moving_image_allowed": allowed}
    assert len(list(rules.alias("al2023@latest", values))) == number
    assert len(list(rules.node_classes({"a": {**CLASSES["default"], "ami_alias": "al2023@latest"}}, values))) == number
    assert not list(rules.alias("al2023@v20260403", values))


@pytest.mark.requirement("KARP-13")
def test_an_image_is_for_the_version_of_the_cluster():
    catalogue = {"gpu": {**CLASSES["default"], "ami_name": "amazon-eks-node-al2023-x86_64-nvidia-1.33-v20260403"}}
    (problem,) = rules.node_classes(catalogue, VALUES)
    assert "is not for Kubernetes 1.34" in problem.message
