# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest
from ansible_collections.piksel.platform.plugins.module_utils.compare import Change
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_manifests import patches, validated
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_patches import differences

MARK = "storageclass.kubernetes.io/is-default-class"
PATCH = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "gp2", "annotations": {MARK: None}},
}


def live(**annotations):
    """A class of somebody else."""
    metadata = {"name": "gp2", "uid": "1"}
    return {**PATCH, "metadata": {**metadata, "annotations": annotations} if annotations else metadata}


@pytest.mark.requirement("STOR-03")
@pytest.mark.parametrize(
    ("annotations", "changes"),
    [
        ({}, []),
        ({"other": "x"}, []),
        ({MARK: "true", "other": "x"}, [Change(f"metadata.annotations.{MARK}", "true", None)]),
    ],
)
def test_a_null_takes_a_field_away_where_it_is(annotations, changes):
    assert list(differences(PATCH, live(**annotations))) == changes


def test_values_and_lists_are_merged_as_the_server_does():
    patch = {"spec": {"a": {"b": 1, "c": None}, "list": [1], "same": "x"}}
    assert list(differences(patch, {"spec": {"list": [1, 2], "same": "x"}})) == [
        Change("spec.a.b", None, 1),
        Change("spec.list", [1, 2], [1]),
    ]


def test_patches_are_neither_labelled_nor_stripped_of_nulls():
    given = copy.deepcopy(PATCH)
    (entry,) = patches({"former": given}, [])
    assert (entry.key, entry.manifest) == ("former", PATCH)
    (listed,) = patches([PATCH], [])
    assert listed.key == "storageclass.gp2"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"a": PATCH}, "has the key of an object"),
        ({"b": {**PATCH, "metadata": {"name": "gp3"}}}, "is an object of this list already"),
        (
            {"b": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "y"}}},
            "patches a Secret",
        ),
        ({"b": {"kind": "StorageClass", "metadata": {"name": "x"}}}, "apiVersion is missing"),
        ("text", "option `patches` must be a list or a map"),
    ],
)
def test_what_cannot_be_a_patch_is_refused(given, words):
    objects = validated({"a": {**PATCH, "metadata": {"name": "gp3"}}}, "scope")
    with pytest.raises(PlatformError, match=words):
        patches(given, objects)
