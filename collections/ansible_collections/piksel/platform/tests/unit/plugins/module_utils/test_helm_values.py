# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of a release against those that its chart knows."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import helm_values

DEFAULTS = {
    "replicas": 2,
    "controller": {"resources": {}, "image": {"tag": "1"}, "config": None},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "args": [],
}
SCHEMA = {
    "properties": {
        "replicas": {"type": "integer"},
        "extra": {"type": "object"},
        "controller": {"$ref": "#/$defs/controller"},
    },
    "$defs": {"controller": {"properties": {"hidden": {"type": "boolean"}}}},
}


def told(values, **more):
    return [str(problem) for problem in helm_values.problems(values, DEFAULTS, **more)]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"replicas": 1, "args": ["-v"]},
        {"controller": {"resources": {"limits": {"cpu": "1"}}}},
        {"controller": {"config": {"anything": "goes"}}},
        {"global": {"anything": "goes"}},
        {"controller": None},
    ],
)
def test_what_the_chart_knows_and_free_maps_pass(values):
    assert told(values) == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"resources": {}}, "resources: the chart knows no such value; did you mean controller.resources?"),
        ({"controler": {}}, "controler: the chart knows no such value; did you mean controller?"),
        ({"controller": {"image": {"tga": "2"}}}, "did you mean controller.image.tag?"),
        ({"args": {"a": "b"}}, None),
        ({"replicas": {"a": 1}}, "replicas: the chart has no map there but 2"),
        ({"zzzzzzzz": 1}, "zzzzzzzz: the chart knows no such value"),
    ],
)
def test_what_the_chart_would_ignore_is_told_with_the_nearest_path(values, problem):
    found = told(values)
    assert (problem is None and found == []) or (problem in found[0] and len(found) == 1)


def test_values_of_subcharts_are_for_them_to_judge():
    assert told({"redis": {"a": 1}}, subcharts=("redis",)) == []


def test_a_schema_refuses_what_it_refuses_and_names_further_keys():
    assert told({"extra": {"a": 1}, "controller": {"hidden": True}}, schema=SCHEMA) == []
    assert told({"replicas": "two"}, schema=SCHEMA) == ["replicas: 'two' is not of type 'integer'"]
    assert told({"controller": {"hiden": True}}, schema=SCHEMA) == ["controller.hiden: the chart knows no such value"]


def test_templates_see_values_over_defaults():
    whole = helm_values.merged(DEFAULTS, {"controller": {"image": {"tag": "2"}}, "args": ["x"], "nodeSelector": None})
    assert whole["controller"] == {"resources": {}, "image": {"tag": "2"}, "config": None}
    assert whole["args"] == ["x"]
    assert "nodeSelector" not in whole


def test_a_flat_form_keeps_lists_and_empty_maps():
    assert helm_values.flat({"a": {"b": 1, "c": {}}, "d": [{"e": 1}]}) == {"a.b": 1, "a.c": {}, "d": [{"e": 1}]}
