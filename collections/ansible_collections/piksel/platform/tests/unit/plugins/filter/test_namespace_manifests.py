# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue of namespaces as manifests."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.filter.namespace_manifests import FilterModule

namespace_manifests = FilterModule().filters()["namespace_manifests"]


@pytest.mark.requirement("NS-03", "NS-13", "NS-30")
def test_labels_of_all_of_one_and_the_name() -> None:
    catalogue = {"external_dns": {"name": "external-dns", "labels": {"component": "external-dns"}}}
    manifests = namespace_manifests(catalogue, labels={"project": "Piksel", "environment": "Staging"})
    assert manifests == {
        "external_dns": {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": "external-dns",
                "labels": {
                    "project": "Piksel",
                    "environment": "Staging",
                    "name": "external-dns",
                    "component": "external-dns",
                },
            },
        }
    }


@pytest.mark.requirement("NS-10")
def test_what_belongs_to_kubernetes_is_left_alone() -> None:
    assert namespace_manifests({"kube_system": {"name": "kube-system", "workload": False}}) == {}


def test_annotations() -> None:
    manifests = namespace_manifests({"a": {"name": "a", "annotations": {"x": "y"}}})
    assert manifests["a"]["metadata"]["annotations"] == {"x": "y"}


@pytest.mark.requirement("NS-30")
def test_every_finding_names_its_key() -> None:
    catalogue = {
        "one": {"name": "same"},
        "two": {"name": "same"},
        "three": {"name": "Not_Valid"},
        "four": "text",
        "five": {"name": "five", "label": {}},
        "six": {"labels": {"a": 1}},
        "seven": {"name": "seven", "workload": "no"},
        "eight": {"name": "same", "workload": False},
    }
    with pytest.raises(AnsibleFilterError) as error:
        namespace_manifests(catalogue)
    text = str(error.value)
    for words in (
        "namespace two: has the same name as one",
        "namespace three: metadata.name 'Not_Valid'",
        "namespace four: must be a map",
        "namespace five: label is no part",
        "namespace six: metadata.name is missing",
        "namespace six: metadata.labels.a must be a text",
        "namespace seven: workload must be true or false",
        "namespace eight: has the same name as one",
    ):
        assert words in text


def test_another_form_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="takes a map"):
        namespace_manifests(["a"])
