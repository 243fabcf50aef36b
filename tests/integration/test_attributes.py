"""Each attribute that we set: what changes behind our back shows in the plan, exactly, and is repaired."""

from __future__ import annotations

import pytest

from integration import attributes_database
from integration.attributes import FOREIGN, TAMPERINGS, Tampering
from integration.estate import Platform

CHECKED = {
    *("path", "principal_arn", "type", "version", "cluster_role_arn", "encryption_key_arn", "authentication_mode"),
    *("url", "namespace", "service_account"),
}


@pytest.mark.requirement("GEN-10", "EKS-03", "EKS-04", "EKS-05", "EKS-06", "EKS-07", "EKS-08", "EKS-13", "EKS-36")
@pytest.mark.parametrize("tampering", TAMPERINGS, ids=str)
def test_a_change_behind_our_back_is_seen_exactly_and_repaired(tampering: Tampering, built: Platform) -> None:
    built.converge()
    tampering.change(built)
    built.cloud.clear_calls()
    plan = built.converge(check=True)
    assert built.writes() == []
    assert plan.names() == [(tampering.action, tampering.kind, list(tampering.paths))]
    run = built.converge()
    assert [(item["kind"], item["key"]) for item in run.operations] == [
        (item["kind"], item["key"]) for item in plan.operations
    ]
    assert built.writes() != []
    built.cloud.clear_calls()
    assert built.converge().operations == []
    assert built.writes() == []


@pytest.mark.parametrize("what", FOREIGN)
def test_what_others_add_is_left_alone(what: str, built: Platform) -> None:
    built.converge()
    FOREIGN[what](built)
    built.cloud.clear_calls()
    run = built.converge()
    assert run.operations == []
    assert run.held == []
    assert built.writes() == []


def test_every_attribute_of_every_kind_is_tampered_with(built: Platform) -> None:
    """The table has no hole: what a create shows is what somebody could change, but for what cannot be changed."""
    changed = {(tampering.kind, path) for tampering in TAMPERINGS for path in tampering.paths}
    built.cloud.reset()
    fresh = Platform(built.cloud)
    shown = {
        (item["kind"], change["path"])
        for item in fresh.converge(check=True).operations
        for change in item["changes"]
        if not change["path"].startswith(("tags.", "bootstrap_"))
    }
    assert {path for _kind, path in shown - changed - attributes_database.ELSEWHERE} <= CHECKED
