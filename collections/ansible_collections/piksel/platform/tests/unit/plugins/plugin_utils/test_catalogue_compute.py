# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import catalogue, catalogue_compute

ONE = {"name": "one", "selectors": [{"namespace": "a"}]}


def told(rule, entries):
    """(path, message) of each problem."""
    return [(".".join(problem.path), problem.message) for problem in rule(entries, {})]


def selectors(count, **more):
    """So many selectors, the first with more in it."""
    return [{"namespace": f"n{number}", **(more if not number else {})} for number in range(count)]


@pytest.mark.requirement("FARG-04", "GEN-11")
@pytest.mark.parametrize(
    ("entries", "problems"),
    [
        ({"a": ONE}, []),
        ({"a": {**ONE, "selectors": selectors(5)}}, []),
        ({"a": {**ONE, "selectors": selectors(6)}}, [("a.selectors", "6 selectors, a profile takes 5")]),
        ({"a": {**ONE, "selectors": []}}, [("a.selectors", "a profile needs a selector")]),
        ({"a": {"name": "one"}}, [("a", "missing required arguments: selectors")]),
        (
            {"a": {**ONE, "selectors": selectors(1, labels={str(number): "x" for number in range(6)})}},
            [("a.selectors", "6 labels for n0, a selector takes 5")],
        ),
        ({"a": {**ONE, "selectors": [{"namespace": "A_b"}]}}, [("a.selectors", "'A_b' is no name of a namespace")]),
        ({"a": {**ONE, "selectors": [{"namespace": "team-*"}]}}, []),
        ({"a": ONE, "b": ONE}, [("b.name", "the name is one, as that of a is already")]),
        ({"a": ONE, "b": {**ONE, "enabled": False}}, []),
        ({"a": {**ONE, "name": "eks-x"}}, [("a.name", "eks-x is no name of a Fargate profile")]),
        (
            {"a": {**ONE, "namespaces": ["a"]}},
            [("a", "unsupported options: namespaces. Supported parameters include: ")],
        ),
        ({"a": "text"}, [("a", "must be a map of options, not str")]),
    ],
)
def test_profiles(entries, problems):
    found = told(catalogue_compute.fargate_profiles, entries)
    assert len(found) == len(problems)
    for (path, message), (wanted, words) in zip(found, problems, strict=True):
        assert path == wanted
        assert message.startswith(words)


def test_a_cluster_takes_ten_profiles():
    many = {str(number): {**ONE, "name": f"p{number}"} for number in range(11)}
    assert told(catalogue_compute.fargate_profiles, many) == [("", "it has 11 profiles, a cluster takes 10")]


@pytest.mark.requirement("EKS-30")
def test_node_groups():
    group = {"name": "one", "instance_types": ["t3.large"]}
    rule = catalogue_compute.node_groups
    assert told(rule, {"a": group}) == []
    assert told(rule, {"a": group, "b": group}) == [("b.name", "the name is one, as that of a is already")]
    assert told(rule, {"a": {**group, "min_size": 3}}) == [
        ("a", "its sizes do not go up: min_size 3, desired_size 1, max_size 2")
    ]
    ((path, message),) = told(rule, {"a": {**group, "capacity_type": "CHEAP"}})
    assert path == "a"
    assert "ON_DEMAND, SPOT" in message


@pytest.mark.requirement("EKS-20")
def test_addons():
    rule = catalogue_compute.addons
    assert told(rule, {"coredns": {}, "kube-proxy": {"version": "v1", "enabled": False}}) == []
    ((path, message),) = told(rule, {"coredns": {"resolve_conflicts": "MAYBE"}})
    assert path == "coredns"
    assert "OVERWRITE, PRESERVE, NONE" in message


def test_each_rule_is_in_force():
    assert catalogue_compute.RULES.items() <= catalogue.RULES.items()
