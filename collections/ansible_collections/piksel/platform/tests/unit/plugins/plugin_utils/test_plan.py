# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan as people read it."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import plan

CREATE = {
    "action": "create",
    "api": "kubernetes",
    "kind": "Namespace",
    "key": "namespaces.odc",
    "object": "open-datacube",
    "cluster": "piksel-dev",
    "changes": [{"path": "metadata.labels.name", "before": None, "after": "open-datacube"}],
}
UPDATE = {
    "action": "update",
    "api": "aws",
    "kind": "eks_cluster",
    "key": "eks_cluster.cluster",
    "object": "piksel-dev",
    "changes": [
        {"path": "version", "before": "1.33", "after": "1.34"},
        {"path": "arn", "before": None, "after": "(known after apply: kms_key/eks_cluster.secrets.arn)"},
    ],
}
DELETE = {
    "action": "delete",
    "api": "aws",
    "kind": "iam_role",
    "key": "eks_cluster.old",
    "object": "old",
    "changes": [{"path": "", "before": "old", "after": None}],
    "consent": "delete:iam_role/eks_cluster.old",
}


def text(found: plan.HostPlan, verbose: bool = False) -> str:
    return "\n".join(line for action, line in plan.lines(found, verbose))


def host_plan(*results: dict, check: bool = True) -> plan.HostPlan:
    found = plan.HostPlan(check)
    for result in results:
        found.add(result)
    return found


def test_a_plan() -> None:
    found = host_plan({"operations": [CREATE, UPDATE], "held": []}, {"operations": [], "held": [DELETE]})
    assert text(found).splitlines() == [
        "    + kubernetes Namespace open-datacube in cluster piksel-dev  [namespaces.odc]",
        "    ~ aws        eks_cluster piksel-dev  [eks_cluster.cluster]",
        '      version: "1.33" -> "1.34"',
        "      arn: null -> (known after apply: kms_key/eks_cluster.secrets.arn)",
        "    - aws        iam_role old  [eks_cluster.old]  (held)",
        '      not without consent: -e \'{"piksel_consent": ["delete:iam_role/eks_cluster.old"]}\'',
        "Plan: 1 to create, 1 to change, 0 to replace, 0 to delete; 1 held",
    ]


def test_attributes_of_new_objects_are_for_the_verbose() -> None:
    found = host_plan({"operations": [CREATE]})
    assert "metadata.labels.name" not in text(found)
    assert 'metadata.labels.name = "open-datacube"' in text(found, verbose=True)


def test_a_run_tells_what_was_applied() -> None:
    found = host_plan({"operations": [CREATE, {**DELETE, "consent": None}]}, check=False)
    assert text(found).endswith("Applied: 1 created, 0 changed, 0 replaced, 1 deleted")
    found.failed = True
    assert "Applied before the failure: 1 created" in text(found)


@pytest.mark.requirement("GEN-10")
def test_silence_is_said() -> None:
    assert text(host_plan({"operations": [], "held": []})) == "No changes"
    assert text(host_plan({"operations": [], "held": [DELETE]})).endswith("No changes; 1 held")
    failed = host_plan({"operations": []})
    failed.failed = True
    assert text(failed) == "No changes up to the failure"


def test_what_could_not_change_anything_says_nothing() -> None:
    assert text(host_plan({"changed": False}, {"operations": "text"})) == ""


def test_notices_come_once() -> None:
    found = host_plan({"notices": ["a", "b"]}, {"notices": ["a"], "operations": []})
    assert text(found).splitlines() == ["No changes", "  Worth knowing:", "    a", "    b"]


def test_long_values_are_cut() -> None:
    long = {**UPDATE, "changes": [{"path": "policy", "before": None, "after": {"a": "x" * 500}}]}
    assert all(len(line) < 200 for line in text(host_plan({"operations": [long]})).splitlines())


def test_the_target() -> None:
    account = {"account_id": "123456789012", "account_alias": "piksel-dev", "caller_arn": "a", "region": "r"}
    real = {**account, "endpoint": "https://sts.amazonaws.com", "emulated": False}
    assert plan.target("h", real) == "Target of h: AWS, account 123456789012 (piksel-dev), region r"
    emulated = {**account, "account_alias": None, "endpoint": "http://127.0.0.1:1", "emulated": True}
    assert plan.target("h", emulated) == "Target of h: sandbox at http://127.0.0.1:1, account 123456789012, region r"
    assert plan.target("h", {"account_id": "123456789012"}) is None
