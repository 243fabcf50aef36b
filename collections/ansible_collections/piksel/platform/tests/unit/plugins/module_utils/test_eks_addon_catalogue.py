# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import eks_addon_catalogue as catalogue
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

OFFERS = {"v1.13.2-eksbuild.4": True, "v1.13.1-eksbuild.1": False, "v1.12.4-eksbuild.1": False}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-06/schema#",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "replicaCount": {"type": "integer"},
        "resources": {"type": "object", "additionalProperties": False, "properties": {"limits": {"type": "object"}}},
    },
}


class Eks:
    """Answers one call of the catalogue."""

    def __init__(self, *infos):
        self.infos = infos

    def get_paginator(self, _name):
        return self

    def paginate(self, **_filters):
        return [{"addons": [{"addonVersions": [info]}]} for info in self.infos]


class Clients:
    """Clients of EKS alone."""

    def __init__(self, *infos):
        self.eks = Eks(*infos)

    def client(self, _service):
        return self.eks


def info(version, *defaults):
    """An AddonVersionInfo: default for these Kubernetes versions."""
    return {
        "addonVersion": version,
        "compatibilities": [{"clusterVersion": one, "defaultVersion": True} for one in defaults],
    }


@pytest.mark.requirement("EKS-20")
def test_versions_are_offered_newest_first_with_the_default_of_this_kubernetes():
    clients = Clients(info("v1.9.0-eksbuild.1", "1.33"), info("v1.10.0-eksbuild.2", "1.34"))
    found = catalogue.offered(clients, "coredns", "1.34")
    assert list(found.items()) == [("v1.10.0-eksbuild.2", True), ("v1.9.0-eksbuild.1", False)]


@pytest.mark.parametrize(
    ("wanted", "version", "why"),
    [
        ("default", "v1.13.2-eksbuild.4", "the default of EKS for Kubernetes 1.34"),
        ("v1.13.2-eksbuild.4", "v1.13.2-eksbuild.4", "the one that was given; for Kubernetes 1.34 it is the default"),
        (
            "v1.12.4-eksbuild.1",
            "v1.12.4-eksbuild.1",
            "the one that was given; for Kubernetes 1.34 the default is v1.13.2-eksbuild.4",
        ),
    ],
)
def test_a_choice_says_why(wanted, version, why):
    assert catalogue.chosen("coredns", wanted, OFFERS, "1.34") == (version, why)


def test_without_a_default_the_newest_is_taken():
    offers = dict.fromkeys(OFFERS, False)
    assert catalogue.chosen("coredns", "default", offers, "1.34")[0] == "v1.13.2-eksbuild.4"


def test_a_version_that_does_not_fit_names_those_that_do():
    with pytest.raises(PlatformError, match=r"does not offer version v9 of it for Kubernetes 1\.34") as caught:
        catalogue.chosen("coredns", "v9", OFFERS, "1.34")
    assert "v1.13.2-eksbuild.4, v1.13.1-eksbuild.1, v1.12.4-eksbuild.1; `default` stands for" in str(caught.value)
    with pytest.raises(PlatformError, match="offers no such add-on"):
        catalogue.chosen("core", "default", {}, "1.34")


def test_builds_are_ordered_by_number():
    assert catalogue.order("v1.9.4-eksbuild.10") > catalogue.order("v1.9.4-eksbuild.9")
    assert catalogue.order("v1.10.0-eksbuild.1") > catalogue.order("v1.9.9-eksbuild.9")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (None, {}),
        ("", {}),
        ("  \n", {}),
        ("{}", {}),
        ("null", {}),
        ('{"a": {"b": 1}}', {"a": {"b": 1}}),
        ("a:\n  b: 1\n", {"a": {"b": 1}}),
        ("just text", {"": "just text"}),
        ("{a: [", {"": "{a: ["}),
    ],
)
def test_configuration_is_read_by_meaning(text, values):
    assert catalogue.parsed(text) == values


def test_problems_name_the_key_and_the_nearest_one():
    values = {"replicas": 2, "replicaCount": "2", "resources": {"limit": {}}}
    assert catalogue.problems(SCHEMA, values) == [
        "replicaCount: '2' is not of type 'integer'",
        "replicas is unknown, did you mean replicaCount",
        "resources.limit is unknown, did you mean limits",
    ]
    assert catalogue.problems(SCHEMA, {"replicaCount": 2}) == []
    assert catalogue.problems(SCHEMA, []) == ["the whole: [] is not of type 'object'"]
