"""Runs that die, answers that get lost, services that falter: the next run, or the same one, ends converged."""

from __future__ import annotations

import time

import pytest
import yaml

from end_to_end.harness import ROOT, Play, Started

STAGES = [
    stage["ansible.builtin.import_playbook"]
    for stage in yaml.safe_load((ROOT / "site.yml").read_text(encoding="utf-8"))
]
# How many writes each run gets further than the one before.
STEP = 3
# What all names of objects hold that Helm makes, but for one definition.
BY_HELM = "karpenter"
# What a run makes to reach the database, and to remember what it saw there.
ON_THE_WAY = ("kube-system/database-relay", "kube-system/database-objects")
# What `kubectl get` calls the kinds that a lost answer could double.
KINDS = {"namespaces": "Namespace", "secrets": "Secret"}


def carried_out(sandbox) -> list[dict]:
    """The write calls that were carried out so far; a call that was held when its run died ends refused."""
    return [row for row in sandbox.calls(writes=True) if 200 <= row["status"] < 300]


def writes(sandbox) -> int:
    """Their number."""
    return len(carried_out(sandbox))


def wait_for_writes(sandbox, started: Started, wanted: int, seconds: float = 120) -> bool:
    """Wait until so many writes are recorded; False when the run ended before."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if writes(sandbox) >= wanted:
            return True
        if started.process.poll() is not None:
            return False
        time.sleep(0.02)
    raise AssertionError(f"no {wanted} writes within {seconds} s")


def doubles(aws) -> dict[str, list]:
    """What exists twice though it should exist once: keys by mark, access entries, roles, log groups."""
    kms = aws("kms")
    marks = []
    for key in kms.list_keys()["Keys"]:
        if kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyManager"] == "CUSTOMER":
            tags = kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
            marks += [tag["TagValue"] for tag in tags if tag["TagKey"] == "piksel-platform/key"]
    clusters = aws("eks").list_clusters()["clusters"]
    return {"kms": sorted(marks), "clusters": clusters}


def assert_converged(sandbox, play: Play, aws) -> None:
    """A run is rc 0, the one after it silent, and nothing exists twice."""
    play().ok()
    sandbox.clear_calls()
    silent = play().ok()
    assert silent.changed == 0
    assert sandbox.calls(writes=True) == []
    found = doubles(aws)
    assert found["kms"] == ["kms_key/eks_cluster.secrets", "kms_key/rds.database"]
    assert found["clusters"] == ["piksel-dev"]


@pytest.mark.requirement("GEN-10")
@pytest.mark.timeout(1800)
def test_killed_after_every_third_write(empty, play: Play, aws) -> None:
    """Run after run is killed three writes further: each goes on where the one before died, until nothing is to do.

    Prefixes of the writes are thus the starting points of runs, and the last one must find all of it in order. After
    every tenth death a check of the whole must be able to plan too. The stages run one by one, in the order of
    site.yml: a run of the whole would only read again what the stages before it have made.
    """
    deaths = 0
    for stage in STAGES:
        passing = STEP
        for _ in range(100):
            if not dies_or_does(empty, play, stage, passing):
                break
            deaths += 1
            # Helm begins a release anew, so that it has to get further each time.
            passing = passing + STEP if wrote_by_helm(empty) else STEP
            if deaths % 10 == 0:
                assert_check_plans(empty, play)
    assert deaths > 40
    assert_converged(empty, play, aws)


def dies_or_does(sandbox, play: Play, stage: str, passing: int) -> bool:
    """Kill a stage's run after so many writes; False where it had nothing to do and ended well."""
    sandbox.clear_calls()
    sandbox.add_fault("stall", after_writes=passing, caller="run")
    started = play.start(stage)
    reached = wait_for_writes(sandbox, started, passing)
    if reached:
        assert started.kill().rc == -9
        wait_for_those_under_way(sandbox)
    sandbox.clear_faults()
    if reached:
        assert_nothing_writes(sandbox)
        return True
    return not {item["api"] for item in started.finish().ok().done} <= {"local"}


def wait_for_those_under_way(sandbox) -> None:
    """What the dead run sent may still be on its way to where it is held; let go before, it would be carried out."""
    seen = -1
    while seen != (seen := sandbox.faults()[0]["matched"]):
        time.sleep(0.5)


def wrote_by_helm(sandbox) -> bool:
    """Whether the last write was one of Helm's."""
    rows = carried_out(sandbox)
    return bool(rows) and rows[-1]["api"] == "kubernetes" and BY_HELM in rows[-1]["object"]


def assert_check_plans(sandbox, play: Play) -> None:
    """What the dead run left behind can be planned from, without a write."""
    before = writes(sandbox)
    play.check().ok()
    assert writes(sandbox) == before


def assert_nothing_writes(sandbox) -> None:
    """No worker goes on writing after its parent is gone."""
    before = carried_out(sandbox)
    time.sleep(0.6)
    late = [row for row in carried_out(sandbox) if row not in before]
    assert [(row["time"], row["operation"], row["object"]) for row in late] == []


@pytest.mark.requirement("GEN-10")
def test_each_creates_answer_lost_once(empty, play: Play, aws) -> None:
    """The connection breaks after each kind of create call was carried out: found again, nothing doubled."""
    empty.add_fault("reset-after", operation="*:Create*", times_per_operation=1, caller="run")
    play().ok()
    created = {row["operation"] for row in empty.calls(writes=True) if row["operation"].startswith("Create")}
    assert empty.faults()[0]["acted"] == len(created) > 5
    empty.clear_faults()
    assert_converged(empty, play, aws)


@pytest.mark.requirement("GEN-10", "NS-13")
def test_each_kubernetes_creates_answer_lost_once(empty, play: Play, aws, kubectl_json) -> None:
    """The connection breaks after each object was made, and before and after reads: the same run goes on.

    What Helm makes is its own affair, as long as a release survives (`test_helm_releases`).
    """
    empty.add_fault("reset-after", operation="*:create:*", object=f"!*{BY_HELM}*", caller="run")
    for action in ("reset-before", "reset-after"):
        empty.add_fault(action, operation="core/v1:list:*", times=1, caller="run")
    run = play().ok()
    created = [item["object"] for item in run.done if (item["api"], item["action"]) == ("kubernetes", "create")]
    made = [name for name in created if BY_HELM not in name]
    lost, *reads = (fault["acted"] for fault in empty.faults())
    assert reads == [1, 1]
    rows = [row for row in empty.calls(writes=True) if row["api"] == "kubernetes" and row["status"] == 201]
    creates = [row["object"] for row in rows if BY_HELM not in row["object"]]
    assert lost == len(creates) > 5
    assert sorted(creates) == sorted([*made, *ON_THE_WAY, "capacitybuffers.autoscaling.x-k8s.io"])
    empty.clear_faults()
    assert_converged(empty, play, aws)
    for kind in ("namespaces", "secrets"):
        metadata = [item["metadata"] for item in kubectl_json(kind, "--all-namespaces")["items"]]
        names = {"/".join(filter(None, (one.get("namespace"), one["name"]))) for one in metadata}
        wanted = {item["object"] for item in run.done if item["kind"] == KINDS[kind]}
        assert wanted
        assert wanted <= names


def test_throttled_and_failing_service(empty, play: Play, aws) -> None:
    """Every third call is throttled and one in twenty answers with a 5xx: the run ends well all the same.

    Helm waits when it is throttled, and gives up at a 5xx, which one more call does not sit out at that rate.
    """
    empty.add_fault("throttle", every=3, caller="run")
    empty.add_fault("error", rate=0.05, caller="run", operation="!url:*", object=f"!*{BY_HELM}*")
    play().ok()
    throttled, failed = empty.faults()
    assert throttled["acted"] > 20
    assert failed["acted"] > 1
    empty.clear_faults()
    assert_converged(empty, play, aws)


@pytest.mark.requirement("EKS-14")
def test_failed_cluster_ends_the_run(empty, play: Play, aws) -> None:
    """A cluster that goes FAILED ends the run within 5 s of that, with the service's reason."""
    reason = "Cannot assume role for the control plane"
    empty.add_fault("fail", operation="eks:CreateCluster", reason=reason)
    eks = aws("eks")
    started = play.start()
    while "piksel-dev" not in eks.list_clusters()["clusters"]:
        time.sleep(0.1)
    while eks.describe_cluster(name="piksel-dev")["cluster"]["status"] != "FAILED":
        time.sleep(0.1)
    failed = time.monotonic()
    run = started.finish()
    assert time.monotonic() - failed < 5
    assert empty.faults()[0]["acted"] == 1
    assert run.rc != 0
    assert reason in run.output
    assert "eks_cluster piksel-dev" in run.output
