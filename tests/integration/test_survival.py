"""Whatever happens to a run, the next one converges and nothing exists twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import clients

from integration.attributes import TAMPERINGS
from integration.estate import CLUSTER, Platform, filled
from integration.estate_identity import POD_TRUST
from integration.estate_identity import policy as allowing

POD_POLICY = allowing("s3:GetObject")
# Modules whose objects go with consent and by one call each, and the option that names them.
DELETABLE = (
    ("eks_pod_identity_associations", "associations"),
    ("eks_access_entries", "access_entries"),
    ("iam_policies", "policies"),
    ("iam_roles", "roles"),
    ("log_groups", "log_groups"),
    ("secretsmanager_secrets", "secrets"),
)
READS = ("Get", "List", "Describe", "AssumeRole")


class KilledError(BaseException):
    """The process would be gone now; nothing may catch this."""


class Executioner:
    """Ends a run after its k-th write: from then on no thread of it gets a call through."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.lock = threading.Lock()

    def before(self, model, **_more) -> None:
        """Called before each request."""
        with self.lock:
            if self.left is not None and self.left <= 0:
                raise KilledError(model.name)
            if self.left is not None and not model.name.startswith(READS):
                self.left -= 1


@pytest.fixture
def executioner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Executioner]:
    """Clients of this test's runs ask it before each call."""
    one = Executioner()
    make = clients.Clients._new_client

    def made(self, service, region):
        client = make(self, service, region)
        client.meta.events.register("before-call", one.before)
        return client

    monkeypatch.setattr(clients.Clients, "_new_client", made)
    monkeypatch.setattr(clients, "_KNOWN", {})
    yield one
    clients._KNOWN.clear()


def is_whole(platform: Platform) -> bool:
    """One more go finds nothing to do, and there is one key."""
    platform.cloud.clear_calls()
    again = platform.converge()
    return not again.operations and not again.held and not platform.writes() and not platform.doubled()


@pytest.mark.requirement("GEN-09")
def test_a_run_killed_after_any_write_is_finished_by_the_next(platform: Platform, executioner: Executioner) -> None:
    planned = len(platform.converge(check=True).operations)
    for writes in range(100):
        platform.cloud.reset()
        platform = Platform(platform.cloud)
        executioner.left = writes
        try:
            platform.converge()
        except KilledError:
            executioner.left = None
        else:
            break
        platform.converge()
        assert is_whole(platform), f"killed after write {writes}"
    executioner.left = None
    assert writes > planned
    assert is_whole(platform)


@pytest.mark.parametrize("operation", ["*:Create*", "*:*"])
def test_the_first_answer_of_every_write_is_lost(platform: Platform, operation: str) -> None:
    platform.cloud.add_fault("reset-after", operation=operation, writes=True, times_per_operation=1, caller="run")
    platform.converge()
    rows = platform.cloud.calls(writes=True)
    called = {f"{row['service']}:{row['operation']}" for row in rows}
    hit = [name for name in called if fnmatchcase(name, operation)]
    assert platform.cloud.faults()[0]["acted"] == len(hit) > 5
    assert is_whole(platform)


@pytest.mark.requirement("GEN-09")
def test_the_first_answer_of_every_delete_is_lost(platform: Platform) -> None:
    run = platform.converge()
    iam, role = platform.client("iam"), f"{CLUSTER}-pods"
    iam.put_role_policy(RoleName=role, PolicyName="inline", PolicyDocument=json.dumps(POD_POLICY))
    iam.attach_role_policy(RoleName=role, PolicyArn=run.results["iam_policies"]["resources"]["reader"]["arn"])
    iam.create_instance_profile(InstanceProfileName=role)
    iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
    platform.cloud.clear_calls()
    platform.cloud.add_fault("reset-after", operation="*:*", writes=True, times_per_operation=1, caller="run")
    for module, option in DELETABLE:
        options = {**filled(platform.wanted[module], run.results), option: {}}
        words = [one["consent"] for one in platform.call(module, options, check=True)["held"]]
        result = platform.call(module, {**options, "consent": words})
        assert not result.get("failed"), result["msg"]
        assert {one["action"] for one in result["operations"]} == {"delete"}
        again = platform.call(module, {**options, "consent": words})
        assert not again["operations"], module
    deletes = {name for name in platform.writes() if name.startswith(("iam:DeleteRole", "iam:Remove"))}
    assert deletes == {"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:RemoveRoleFromInstanceProfile"}


@pytest.mark.requirement("GEN-09")
def test_a_replacement_whose_delete_was_answered_to_nobody_is_made_anew(platform: Platform) -> None:
    role = {"name": "moving", "assume_role_policy": POD_TRUST}
    platform.call("iam_roles", {"roles": {"moving": role}})
    platform.cloud.add_fault("reset-after", operation="iam:DeleteRole", times=1, caller="run")
    moved = {"roles": {"moving": {**role, "path": "/other/"}}, "consent": ["replace:iam_role/core.moving"]}
    result = platform.call("iam_roles", moved)
    assert [one["action"] for one in result["operations"]] == ["replace"]
    assert platform.client("iam").get_role(RoleName="moving")["Role"]["Path"] == "/other/"


def test_lost_answers_do_not_hinder_repairs(platform: Platform) -> None:
    platform.converge()
    for tampering in TAMPERINGS:
        if tampering.kind == "eks_cluster" and tampering.title in ("support", "CIDRs", "a log type off", "protection"):
            tampering.change(platform)
    wanted = {**platform.wanted, "eks_cluster": {**platform.wanted["eks_cluster"], "version": "1.35"}}
    platform.cloud.add_fault("reset-after", operation="eks:*", writes=True, every=2, caller="run")
    run = platform.converge(wanted=wanted)
    assert [item["kind"] for item in run.operations] == ["eks_cluster"]
    assert platform.cloud.faults()[0]["acted"] > 1
    platform.cloud.clear_faults()
    assert platform.converge(wanted=wanted).operations == []


@pytest.mark.requirement("GEN-09")
def test_throttling_and_server_errors_are_sat_out(platform: Platform) -> None:
    platform.cloud.add_fault("throttle", every=3, caller="run")
    platform.cloud.add_fault("error", rate=0.05, caller="run")
    platform.converge()
    throttled, failed = platform.cloud.faults()
    assert throttled["acted"] > 10
    assert failed["acted"] > 0
    platform.cloud.clear_faults()
    assert is_whole(platform)


def fail(operation: str) -> Callable[[Platform], None]:
    """A fault that lets an operation end in a failed state."""
    return lambda platform: platform.cloud.add_fault("fail", operation=operation, reason="no capacity today", times=1)


def test_a_cluster_that_fails_ends_the_run_with_the_reason(platform: Platform) -> None:
    fail("eks:CreateCluster")(platform)
    run = platform.go()
    assert f"eks_cluster {CLUSTER} (account {platform.account}, region ap-southeast-3)" in run.message
    assert "ended in state FAILED" in run.message
    assert "no capacity today" in run.message
    # The next run says what is wrong and which word repairs it, and repairs it when it is given.
    plan = platform.go(check=True)
    word = "replace:eks_cluster/core.cluster"
    assert [item["consent"] for item in plan.held] == [word]
    refused = platform.go()
    assert word in refused.message
    repaired = platform.converge(consent=(word,))
    assert ("replace", "eks_cluster", ["status"]) in repaired.names()
    assert is_whole(platform)


def test_an_update_that_fails_ends_the_run_with_the_reason(platform: Platform) -> None:
    platform.converge()
    fail("eks:UpdateClusterVersion")(platform)
    wanted = {**platform.wanted, "eks_cluster": {**platform.wanted["eks_cluster"], "version": "1.35"}}
    run = platform.go(wanted=wanted)
    assert "VersionUpdate Failed" in run.message
    assert "no capacity today" in run.message
    assert platform.converge(wanted=wanted).names() == [("update", "eks_cluster", ["version"])]
