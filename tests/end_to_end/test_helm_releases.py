"""Releases of Helm charts: planned, installed by Helm, silent afterwards, repaired, and taken back by word only."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from end_to_end.harness import ROOT, Play, Run
from end_to_end.helm import opened, packed
from end_to_end.test_survival import assert_nothing_writes, wait_for_writes

CHART = ROOT / "molecule/helm_releases/chart"
KEY, OBJECT = "helm_releases.example", "default/greeting"


@pytest.fixture(scope="module")
def cluster(sandbox, play: Play):
    """Dev with its cluster and nothing in it."""
    sandbox.clear_faults()
    sandbox.reset()
    play("playbooks/eks_cluster.yml").ok()
    return sandbox


@pytest.fixture
def fresh(cluster, kubectl: Callable):
    """The cluster without a release, and an empty record."""
    kubectl("delete", "secrets", "-l", "owner=helm", "-n", "default")
    kubectl("delete", "configmap", "greeting", "-n", "default")
    cluster.clear_calls()
    return cluster


@pytest.fixture
def releases(play: Play) -> Callable[..., Run]:
    """Runs the role: `releases(*arguments, name={...})`."""

    def run(*arguments: str, **env: str) -> Run:
        entries, rest = arguments[0], arguments[1:]
        return play("tests/end_to_end/helm.yml", ["dev"], "-e", json.dumps({"releases": entries}), *rest, **env)

    return run


def example(chart: Path = CHART, version: str = "0.1.0", **values: object) -> dict:
    """A catalogue with the one release."""
    entry = {"name": "greeting", "namespace": "default", "chart": str(chart), "version": version, "values": values}
    return {"example": entry}


def of_version(folder: Path, version: str) -> Path:
    """A copy of the chart under another version."""
    copy = folder / version
    shutil.copytree(CHART, copy)
    metadata = copy / "Chart.yaml"
    metadata.write_text(metadata.read_text().replace("0.1.0", version))
    return copy


def texts(kubectl_json: Callable) -> dict:
    """What the release's object says."""
    return kubectl_json("configmap", "greeting", "-n", "default")["data"]


def spoil(kubectl: Callable, kubectl_json: Callable, status: str) -> None:
    """Leave the newest revision as Helm does when it dies (pending-upgrade, pending-install) or fails (failed)."""
    secrets = kubectl_json("secrets", "-l", "owner=helm,name=greeting", "-n", "default")["items"]
    newest = max(secrets, key=lambda one: int(one["metadata"]["labels"]["version"]))
    release = opened(newest)
    release["info"]["status"] = status
    patch = {"metadata": {"labels": {"status": status}}, "data": {"release": packed(release)}}
    done = kubectl("patch", "secret", newest["metadata"]["name"], "-n", "default", "-p", json.dumps(patch))
    assert done.returncode == 0, done.stderr


def test_a_release_is_planned_installed_and_then_left_alone(fresh, releases: Callable, kubectl_json: Callable) -> None:
    wanted = example(message={"text": "good day"})
    plan = releases(wanted, "--check", "--diff").ok()
    assert fresh.calls(writes=True) == []
    (operation,) = plan.done
    assert (operation["action"], operation["kind"], operation["key"]) == ("create", "helm_release", KEY)
    assert operation["object"] == OBJECT
    run = releases(wanted).ok()
    assert run.names() == plan.names()
    assert texts(kubectl_json) == {"text": "good day"}
    fresh.clear_calls()
    # Whoever has nothing to do needs no Helm.
    assert releases(wanted, PATH="/usr/bin:/bin").ok().changed == 0
    assert fresh.calls(writes=True) == []


def test_what_changes_shows_by_its_path(fresh, releases: Callable, kubectl_json: Callable, tmp_path: Path) -> None:
    releases(example(message={"text": "one"}, labels={"team": "a"})).ok()
    wanted = example(of_version(tmp_path, "0.2.0"), "0.2.0", message={"text": "two"})
    plan = releases(wanted, "--check").ok()
    (operation,) = plan.done
    assert operation["action"] == "update"
    assert [(one["path"], one["before"], one["after"]) for one in operation["changes"]] == [
        ("version", "0.1.0", "0.2.0"),
        ("values.labels.team", "a", None),
        ("values.message.text", "one", "two"),
    ]
    assert releases(wanted).ok().names() == plan.names()
    assert texts(kubectl_json) == {"text": "two"}
    assert releases(wanted).ok().changed == 0


@pytest.mark.requirement("GEN-10")
def test_answers_that_get_lost_are_sat_out(fresh, releases: Callable, kubectl_json: Callable) -> None:
    """Helm itself gives up at the first; the run calls it again, and what it had made is taken over."""
    fresh.add_fault("reset-after", operation="core/v1:create:*", times_per_operation=1, caller="run")
    run = releases(example(message={"text": "good day"})).ok()
    (fault,) = fresh.faults()
    fresh.clear_faults()
    assert fault["acted"] == 2
    assert [item["action"] for item in run.done] == ["create"]
    assert texts(kubectl_json) == {"text": "good day"}
    assert releases(example(message={"text": "good day"})).ok().changed == 0


@pytest.mark.parametrize("status", ["failed", "pending-upgrade", "pending-install", "pending-rollback"])
@pytest.mark.parametrize("upgraded", [False, True], ids=["installed", "upgraded"])
def test_what_a_dead_run_left_is_made_anew(
    status: str, upgraded: bool, fresh, releases: Callable, kubectl: Callable, kubectl_json: Callable
) -> None:
    wanted = example(message={"text": "good day"})
    if upgraded:
        releases(example(message={"text": "before"})).ok()
    releases(wanted).ok()
    spoil(kubectl, kubectl_json, status)
    plan = releases(wanted, "--check").ok()
    assert [(one["path"], one["before"], one["after"]) for one in plan.done[0]["changes"]] == [
        ("status", status, "deployed")
    ]
    releases(wanted).ok()
    assert texts(kubectl_json) == {"text": "good day"}
    assert releases(wanted).ok().changed == 0


def test_a_run_that_is_killed_takes_helm_with_it(fresh, play: Play, releases: Callable, kubectl_json: Callable) -> None:
    wanted = example(message={"text": "good day"})
    fresh.add_fault("stall", after_writes=1, caller="run")
    started = play.start("tests/end_to_end/helm.yml", ["dev"], "-e", json.dumps({"releases": wanted}))
    assert wait_for_writes(fresh, started, 1)
    assert started.kill().rc == -9
    fresh.clear_faults()
    assert_nothing_writes(fresh)
    assert releases(wanted).ok().done[0]["changes"][0]["path"] in ("chart", "status")
    assert texts(kubectl_json) == {"text": "good day"}
    assert releases(wanted).ok().changed == 0


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (example(text="good day"), "text: the chart knows no such value; did you mean message.text?"),
        (example(message={"txet": "x"}), "message.txet: the chart knows no such value; did you mean message.text?"),
        (example(version="0.3.0"), "the chart found there is of version 0.1.0"),
        (example(Path("/nowhere")), "the chart cannot be fetched"),
    ],
)
def test_what_the_chart_does_not_know_is_refused_before_any_write(
    entries: dict, told: str, fresh, releases: Callable
) -> None:
    for arguments in (("--check",), ()):
        run = releases(entries, *arguments)
        assert run.rc != 0
        assert told in run.output
    assert fresh.calls(writes=True) == []


def test_helm_is_asked_for_where_it_is_needed(fresh, releases: Callable) -> None:
    run = releases(example(message={"text": "good day"}), PATH="/usr/bin:/bin")
    assert run.rc != 0
    assert "there is no program helm" in run.output
    assert "https://helm.sh/docs/intro/install/" in run.output


def test_what_left_the_list_goes_by_word(fresh, releases: Callable, kubectl: Callable) -> None:
    releases(example()).ok()
    word = f"delete:helm_release/{KEY}"
    held = releases({}).ok()
    assert [one["consent"] for one in held.operations if one.get("held")] == [word]
    assert held.changed == 0
    gone = releases({}, "-e", json.dumps({"piksel_consent": [word]})).ok()
    assert [one["action"] for one in gone.done] == ["delete"]
    assert "NotFound" in kubectl("get", "configmap", "greeting", "-n", "default").stderr
    assert releases({}).ok().operations == []


def test_an_older_chart_goes_in_by_word(fresh, releases: Callable, kubectl_json: Callable, tmp_path: Path) -> None:
    newer = of_version(tmp_path, "0.10.0")
    releases(example(newer, "0.10.0")).ok()
    word = f"downgrade:helm_release/{KEY}"
    held = releases(example()).ok()
    assert [one["consent"] for one in held.operations if one.get("held")] == [word]
    done = releases(example(), "-e", json.dumps({"piksel_consent": [word]})).ok()
    assert [change["path"] for change in done.done[0]["changes"]] == ["version"]
    assert releases(example()).ok().operations == []


def test_a_release_that_others_made_is_adopted(fresh, releases: Callable, kubectl: Callable) -> None:
    releases(example()).ok()
    kubectl("label", "secrets", "-l", "owner=helm", "-n", "default", "piksel-platform/key-")
    run = releases(example()).ok()
    assert [change["path"] for change in run.done[0]["changes"]] == ["labels.piksel-platform/key"]
    assert releases(example()).ok().operations == []
