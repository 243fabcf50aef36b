# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests are judged before any call."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_manifests as manifests
from ansible_collections.piksel.platform.plugins.module_utils import ownership
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from hypothesis import given
from hypothesis import strategies as st


def namespace(name: object = "a", **metadata) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (7, "not a manifest"),
        ({}, "apiVersion is missing"),
        ({"apiVersion": "v1", "kind": "Namespace"}, "metadata is missing"),
        ({"apiVersion": "v1", "metadata": {"name": "a"}}, "kind is missing"),
        ({"apiVersion": "v1/x/y", "kind": "Pod", "metadata": {"name": "a"}}, "apiVersion 'v1/x/y' is not valid"),
        ({"apiVersion": "v1", "kind": "PodList", "items": [], "metadata": {"name": "a"}}, "list of objects"),
        (namespace(""), "metadata.name is missing"),
        (namespace(12), "put it in quotes"),
        (namespace("Upper"), "'Upper' is not valid"),
        (namespace("a" * 64), "at most 63"),
        (namespace(labels={"environment": True}), "metadata.labels.environment must be a text, not bool"),
        (namespace(labels={"a": "no spaces"}), "not a valid label value"),
        (namespace(labels={"a b": "c"}), "is not a valid name"),
        (namespace(labels=["a"]), "metadata.labels is no map"),
        (namespace(annotations={"a": 1}), "metadata.annotations.a must be a text"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "../a"}}, "is not valid"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ".."}}, "is not valid"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "a/b"}}, "metadata.namespace"),
    ],
)
def test_what_is_refused(manifest: object, words: str) -> None:
    with pytest.raises(PlatformError, match=r"objects\[0\]") as error:
        manifests.validated([manifest], "scope")
    assert words in str(error.value)


def test_all_findings_at_once_with_their_keys() -> None:
    with pytest.raises(PlatformError) as error:
        manifests.validated({"one": namespace("A"), "two": namespace("b", labels={"x": 1}), "t h": namespace("c")}, "s")
    for words in ("objects.one", "objects.two", "objects.t h"):
        assert words in str(error.value)


def test_one_object_twice_is_refused() -> None:
    with pytest.raises(PlatformError, match=r"objects\.b: means the same object as objects\.a"):
        manifests.validated({"a": namespace(), "b": namespace()}, "scope")


def test_another_form_is_refused() -> None:
    with pytest.raises(PlatformError, match="list or a map"):
        manifests.validated("text", "scope")


def test_a_secret_value_of_the_wrong_type_is_not_shown() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"pin": 123456}}
    with pytest.raises(PlatformError) as error:
        manifests.validated([secret], "scope")
    assert "stringData.pin" in str(error.value)
    assert "123456" not in str(error.value)


def test_every_manifest_is_marked() -> None:
    (entry,) = manifests.validated({"odc": namespace("open-datacube", labels={"a": "b"})}, "namespaces")
    assert entry.key == "odc"
    assert entry.manifest["metadata"]["labels"] == {"a": "b", ownership.MARK: "Namespace.namespaces.odc"}


def test_the_key_in_a_list_is_made_of_kind_namespace_and_name() -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a:b", "namespace": "n"}}
    assert [entry.key for entry in manifests.validated([role, namespace()], "s")] == ["role.n.a.b", "namespace.a"]


def test_unknown_values_may_stand_in_labels() -> None:
    manifests.validated([namespace(labels={"a": "(known after apply: vpc/x.y.id)"})], "s")


@given(st.text(st.characters(codec="utf-8"), max_size=70))
def test_whatever_passes_as_namespace_is_a_dns_label(name: str) -> None:
    if not manifests.problems_of(namespace(name)):
        assert len(name) <= 63
        assert name.isascii()
        assert name == name.lower()
        assert name.strip("-") == name != ""
        assert name.replace("-", "").isalnum()


def test_kinds_that_definitions_make() -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.x.test"},
        "spec": {
            "group": "x.test",
            "scope": "Namespaced",
            "names": {"kind": "Thing"},
            "versions": [{"name": "v1"}, {"name": "v2"}],
        },
    }
    assert manifests.definitions([definition, namespace()]) == {
        ("x.test/v1", "Thing"): True,
        ("x.test/v2", "Thing"): True,
    }
