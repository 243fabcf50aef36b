# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans of Kubernetes objects against what a server stores, ownership of fields included."""

from __future__ import annotations

import base64
import copy
import json

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_compare as compare
from hypothesis import given
from hypothesis import strategies as st

MANAGER = compare.FIELD_MANAGER
NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta"])
SCALARS = st.one_of(st.integers(1, 9), st.sampled_from(["x", "y", "500m"]), st.just(True))
KEYED = st.lists(NAMES, min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.tuples(*(st.fixed_dictionaries({"name": st.just(name), "value": SCALARS}) for name in names)).map(
        list
    )
)
VALUES = st.recursive(
    st.one_of(SCALARS, st.lists(SCALARS, min_size=1, max_size=3), KEYED),
    lambda inside: st.dictionaries(NAMES, inside, min_size=1, max_size=3),
    max_leaves=8,
)
SPECS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=3)


def manifest(spec: dict, **metadata) -> dict:
    """A custom object, whose values no built-in rule touches."""
    return {"apiVersion": "x.test/v1", "kind": "Thing", "metadata": {"name": "a", **metadata}, "spec": spec}


def field_set(value) -> dict:
    """The FieldsV1 form of a value: maps and lists of named maps are open, everything else is whole."""
    if isinstance(value, dict):
        return {f"f:{name}": field_set(item) for name, item in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {
            "k:" + json.dumps({"name": item["name"]}, separators=(",", ":")): {".": {}, **field_set(item)}
            for item in value
        }
    return {}


def owned(wanted: dict) -> dict:
    """The field set of an apply of a manifest."""
    metadata = {name: item for name, item in wanted["metadata"].items() if name not in {"name", "namespace"}}
    rest = {name: item for name, item in wanted.items() if name not in {"apiVersion", "kind", "metadata"}}
    return field_set({**rest, **({"metadata": metadata} if metadata else {})})


def entry(manager: str, fields: dict, operation: str = "Apply", version: str = "x.test/v1") -> dict:
    """One entry of managedFields."""
    return {"manager": manager, "operation": operation, "apiVersion": version, "fieldsV1": fields}


def stored(wanted: dict, *others: dict, **more) -> dict:
    """A live object as our apply of ``wanted`` leaves it, with further entries of managedFields."""
    live = copy.deepcopy(wanted)
    live.update(more)
    live["metadata"]["managedFields"] = [entry(MANAGER, owned(wanted), version=wanted["apiVersion"]), *others]
    return live


def paths(wanted: dict, live: dict) -> list[str]:
    """Paths of the plan."""
    return [change.path for change in compare.differences(compare.canonical(wanted), live)]


def leaves(value, path="", names=()):
    """Every (path, container, key) of a plain leaf below maps."""
    for name, item in value.items():
        here = f"{path}.{name}" if path else name
        if isinstance(item, dict):
            yield from leaves(item, here)
        else:
            yield here, value, name


@given(SPECS)
def test_what_was_applied_is_silent(spec: dict) -> None:
    wanted = manifest(spec, labels={"a": "b"})
    assert paths(wanted, stored(wanted)) == []


@given(SPECS)
def test_a_create_lists_every_leaf(spec: dict) -> None:
    wanted = manifest(spec)
    expected = [f"spec.{path}" for path, container, name in leaves(spec)]
    assert [change.path for change in compare.creation(wanted)] == expected


@given(SPECS, st.data())
def test_a_changed_leaf_is_its_path_alone(spec: dict, data: st.DataObject) -> None:
    wanted = manifest(spec)
    live = stored(wanted)
    path, container, name = data.draw(st.sampled_from(list(leaves(live["spec"], "spec"))))
    container[name] = "somebody's"
    changes = compare.differences(wanted, live)
    assert [(change.path, change.before) for change in changes] == [(path, "somebody's")]


@given(SPECS, SPECS)
def test_fields_of_others_are_left_alone(spec: dict, foreign: dict) -> None:
    wanted = manifest(spec, labels={"a": "b"})
    foreign = {f"x{name}": item for name, item in foreign.items()}
    live = stored(wanted, entry("other", {"f:spec": field_set(foreign)}, "Update"))
    live["spec"].update(foreign)
    live["metadata"]["labels"]["theirs"] = "kept"
    live["status"] = {"phase": "Active"}
    assert paths(wanted, live) == []


@given(SPECS, st.data())
def test_a_field_that_left_the_manifest_is_removed(spec: dict, data: st.DataObject) -> None:
    before = manifest(spec)
    live = stored(before)
    wanted = copy.deepcopy(before)
    gone, container, name = data.draw(st.sampled_from(list(leaves(wanted["spec"], "spec"))))
    removed = container.pop(name)
    changes = compare.differences(wanted, live)
    keyed = isinstance(removed, list) and isinstance(removed[0], dict)
    expected = [f"{gone}[name={item['name']}]" for item in removed] if keyed else [gone]
    assert [(change.path, change.after) for change in changes] == [(path, None) for path in expected]


@given(SPECS, st.data())
def test_a_shared_field_stays_with_its_other_owner(spec: dict, data: st.DataObject) -> None:
    before = manifest(spec)
    wanted = copy.deepcopy(before)
    container, name = data.draw(st.sampled_from([leaf[1:] for leaf in leaves(wanted["spec"])]))
    container.pop(name)
    assert paths(wanted, stored(before, entry("other", owned(before), "Update"))) == []


DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "n"},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"x": "y"}},
        "template": {
            "metadata": {"labels": {"x": "y"}},
            "spec": {
                "hostNetwork": False,
                "nodeSelector": {"n": "1"},
                "containers": [
                    {
                        "name": "c",
                        "image": "i",
                        "args": [],
                        "ports": [{"containerPort": 80}],
                        "resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}},
                        "env": [{"name": "A", "value": ""}],
                    }
                ],
            },
        },
    },
}
# As a server of 1.34 recorded it.
DEPLOYMENT_FIELDS = {
    "f:spec": {
        "f:replicas": {},
        "f:selector": {},
        "f:template": {
            "f:metadata": {"f:labels": {"f:x": {}}},
            "f:spec": {
                "f:containers": {
                    'k:{"name":"c"}': {
                        ".": {},
                        "f:args": {},
                        "f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}},
                        "f:image": {},
                        "f:name": {},
                        "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
                        "f:resources": {"f:limits": {"f:cpu": {}, "f:memory": {}}},
                    }
                },
                "f:hostNetwork": {},
                "f:nodeSelector": {},
            },
        },
    }
}


@pytest.fixture
def deployment() -> dict:
    """The Deployment as a server returns it: defaults filled in, empty values left out, quantities in one spelling."""
    live = copy.deepcopy(DEPLOYMENT)
    live["metadata"]["managedFields"] = [entry(MANAGER, copy.deepcopy(DEPLOYMENT_FIELDS), version="apps/v1")]
    pod = live["spec"]["template"]["spec"]
    del pod["hostNetwork"]
    pod["restartPolicy"] = "Always"
    pod["containers"][0] = {
        "name": "c",
        "image": "i",
        "imagePullPolicy": "Always",
        "ports": [{"containerPort": 80, "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}},
        "env": [{"name": "A"}],
    }
    live["spec"]["strategy"] = {"type": "RollingUpdate"}
    return live


def container_of(live: dict) -> dict:
    return live["spec"]["template"]["spec"]["containers"][0]


def test_what_the_server_stores_is_silent(deployment: dict) -> None:
    assert paths(DEPLOYMENT, deployment) == []


def test_another_amount_is_a_change(deployment: dict) -> None:
    container_of(deployment)["resources"]["limits"]["cpu"] = "501m"
    prefix = "spec.template.spec.containers[name=c]"
    assert paths(DEPLOYMENT, deployment) == [f"{prefix}.resources.limits.cpu"]


def test_more_in_a_whole_map_is_a_change_once_it_is_not_ours(deployment: dict) -> None:
    fields = deployment["metadata"]["managedFields"]
    del fields[0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:nodeSelector"]
    fields.append(
        entry("other", {"f:spec": {"f:template": {"f:spec": {"f:nodeSelector": {}}}}}, "Update", version="apps/v1")
    )
    deployment["spec"]["template"]["spec"]["nodeSelector"]["z"] = "2"
    assert paths(DEPLOYMENT, deployment) == ["spec.template.spec.nodeSelector"]


def test_what_the_server_fills_in_for_everybody_is_none_though_another_manager_took_the_value(
    deployment: dict,
) -> None:
    wanted = copy.deepcopy(DEPLOYMENT)
    container_of(wanted)["env"] = [{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    filled = {"name": "N", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}
    container_of(deployment)["env"] = [filled]
    reference = {'k:{"name":"N"}': {"f:valueFrom": {"f:fieldRef": {}}}}
    pod = {"f:containers": {'k:{"name":"c"}': {"f:env": reference}}}
    fields = {"f:spec": {"f:template": {"f:spec": pod}}}
    deployment["metadata"]["managedFields"].append(entry("other", fields, version="apps/v1"))
    assert paths(wanted, deployment) == []
    filled["valueFrom"]["fieldRef"]["apiVersion"] = "v2"
    assert paths(wanted, deployment) == ["spec.template.spec.containers[name=c].env[name=N].valueFrom.fieldRef"]


def test_an_empty_value_that_somebody_took_is_a_change(deployment: dict) -> None:
    pod = deployment["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]
    del pod["f:hostNetwork"]
    deployment["spec"]["template"]["spec"]["hostNetwork"] = True
    assert paths(DEPLOYMENT, deployment) == ["spec.template.spec.hostNetwork"]


def test_elements_of_others_stay_and_order_counts(deployment: dict) -> None:
    wanted = copy.deepcopy(DEPLOYMENT)
    container_of(wanted)["env"].append({"name": "B", "value": "2"})
    container_of(deployment)["env"] = [{"name": "Z", "value": "9"}, {"name": "B", "value": "2"}, {"name": "A"}]
    assert paths(wanted, deployment) == ["spec.template.spec.containers[name=c].env.(order)"]


def test_an_immutable_field_asks_for_a_replacement(deployment: dict) -> None:
    deployment["spec"]["selector"]["matchLabels"]["x"] = "z"
    (change,) = compare.differences(DEPLOYMENT, deployment)
    assert (change.path, change.immutable) == ("spec.selector", True)


def test_lists_are_keyed_even_where_nobody_owns_them(deployment: dict) -> None:
    deployment["metadata"]["managedFields"] = []
    container_of(deployment)["image"] = "other"
    assert "spec.template.spec.containers[name=c].image" in paths(DEPLOYMENT, deployment)


SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "n"},
    "stringData": {"password": "correct horse"},
    "data": {"other": base64.b64encode(b"battery").decode()},
}


def test_secret_values_are_compared_and_never_shown() -> None:
    wanted = compare.canonical(SECRET)
    assert "stringData" not in wanted
    live = stored(wanted)
    assert compare.differences(wanted, live) == []
    live["data"]["password"] = base64.b64encode(b"staple").decode()
    changes = [*compare.differences(wanted, live), *compare.creation(wanted)]
    assert [change.path for change in changes] == ["data.password", "data.other", "data.password"]
    shown = json.dumps([change.as_dict() for change in changes])
    for value in (b"staple", b"correct horse", b"battery"):
        assert base64.b64encode(value).decode() not in shown
        assert value.decode() not in shown


def test_a_removed_secret_value_is_not_shown_either() -> None:
    wanted = compare.canonical(SECRET)
    live = stored(wanted)
    del wanted["data"]["password"]
    (change,) = compare.differences(wanted, live)
    assert change.as_dict() == {"path": "data.password", "before": "(sensitive)", "after": None}


def test_nulls_say_nothing() -> None:
    wanted = manifest({"a": 1, "b": None}, annotations=None)
    assert compare.canonical(wanted) == manifest({"a": 1})


def test_true_is_not_one() -> None:
    wanted = manifest({"alpha": True})
    live = stored(wanted)
    live["spec"]["alpha"] = 1
    assert paths(wanted, live) == ["spec.alpha"]


def test_a_set_keeps_elements_of_others() -> None:
    wanted = manifest({"alpha": 1}, finalizers=["ours"])
    live = stored(wanted, entry("other", {"f:metadata": {"f:finalizers": {'v:"theirs"': {}}}}, "Update"))
    live["metadata"]["finalizers"] = ["theirs", "ours"]
    assert paths(wanted, live) == []
    live["metadata"]["finalizers"] = ["theirs"]
    (change,) = compare.differences(wanted, live)
    assert change.after == ["theirs", "ours"]
