"""Flux in a run of the platform: what the repository becomes, drift, rotation of the deploy key, failure."""

from __future__ import annotations

import base64
import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from end_to_end.harness import Play

STAGE = "playbooks/flux_bootstrap.yml"
URL = "ssh://git@github.com/piksel-ina/piksel-gitops"
HERE = ("-n", "flux-system")
WORD = "rotate:secret/flux_bootstrap.deploy_key"
SECONDS = 90


def waited(look: Callable[[], object], what: str) -> object:
    """What `look` gives once it gives something."""
    limit = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < limit, what
        time.sleep(0.5)
    return found


def deploy_keys(env: dict[str, str], method: str = "GET", more: str = "") -> list[dict]:
    """What the Git host answers about the deploy keys of the repository."""
    address = f"{env['GITHUB_API_URL']}/repos/piksel-ina/piksel-gitops/keys{more}"
    headers = {"Authorization": f"Bearer {env['PIKSEL_GITHUB_TOKEN']}"}
    request = urllib.request.Request(address, headers=headers, method=method)
    with urllib.request.urlopen(request) as answered:
        return json.loads(answered.read() or b"[]")


@pytest.fixture
def secret(kubectl_json: Callable) -> Callable[[], dict[str, str]]:
    """Reads the Secret of Flux."""

    def read() -> dict[str, str]:
        data = kubectl_json("secret", "flux-system", *HERE)["data"]
        return {key: base64.b64decode(text).decode() for key, text in data.items()}

    return read


@pytest.fixture
def repository(env: dict[str, str], tmp_path: Path) -> Iterator[Callable]:
    """A clone of what Flux follows: `repository(path, text)` commits and pushes a file (None removes it)."""
    clone = tmp_path / "clone"

    def git(*arguments: str) -> str:
        line = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
        done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    git("clone", "--quiet", URL, "clone")
    before = git("-C", "clone", "rev-parse", "HEAD")

    def push(path: str, text: str | None) -> str:
        file = clone / path
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        for line in (("add", "--all"), ("commit", "--quiet", "-m", "Change"), ("push", "--quiet")):
            git("-C", "clone", *line)
        return git("-C", "clone", "rev-parse", "HEAD")

    yield push
    git("-C", "clone", "push", "--quiet", "--force", "origin", f"{before}:refs/heads/main")


@pytest.mark.requirement("FLUX-01", "FLUX-23", "FLUX-24")
def test_the_cluster_becomes_what_the_repository_says(converged, kubectl_json, repository) -> None:
    """Substituted where a Kustomization asks for it, untouched where it does not; and it follows a new commit."""

    def config_map(namespace: str, name: str) -> dict[str, str] | None:
        items = kubectl_json("configmaps", "-n", namespace)["items"]
        return next((item["data"] for item in items if item["metadata"]["name"] == name), None)

    repositories = waited(lambda: config_map("argo-workflows", "artifact-repository"), "what is substituted")
    assert repositories["bucket"] == "piksel-dev-argo-artifacts"
    assert "${HOME}" in waited(lambda: config_map("jupyterhub", "notebook-start"), "what is not")["start.sh"]
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new, namespace: jupyterhub}\ndata: {a: b}\n"
    repository("apps/new.yaml", text)
    assert waited(lambda: config_map("jupyterhub", "new"), "what the new commit adds") == {"a": "b"}


@pytest.mark.requirement("FLUX-06")
def test_flux_and_the_run_agree(converged, play: Play, kubectl_json) -> None:
    """Flux applies the committed manifests itself, and neither takes anything from the other: the stage is silent."""

    def metadata() -> dict:
        return kubectl_json("deployment", "source-controller", *HERE, "--show-managed-fields")["metadata"]

    both = {"kustomize-controller", "piksel-platform"}
    waited(lambda: both <= {entry["manager"] for entry in metadata()["managedFields"]}, "both managers")
    generation = metadata()["generation"]
    converged.clear_calls()
    assert play(STAGE).ok().changed == 0
    assert converged.calls(writes=True) == []
    assert metadata()["generation"] == generation


@pytest.mark.requirement("FLUX-03", "FLUX-05", "FLUX-06", "GEN-02")
def test_what_somebody_changed_is_planned_and_mended(converged, play: Play, kubectl, kubectl_json, secret) -> None:
    """The Secret of Flux, its root, and the values for the repository."""
    before = secret()
    for line in (
        ("patch", "secret", "flux-system", *HERE, "-p", json.dumps({"stringData": {"known_hosts": "theirs"}})),
        ("delete", "configmap", "piksel-platform", *HERE),
        (
            *("patch", "kustomizations.kustomize.toolkit.fluxcd.io", "infra-configs", *HERE, "--type=merge"),
            *("-p", json.dumps({"metadata": {"annotations": {"theirs": "stays"}}})),
        ),
    ):
        done = kubectl(*line)
        assert done.returncode == 0, done.stderr
    plan = play.check(["dev"], STAGE).ok()
    assert sorted((item["action"], item["kind"], item["object"]) for item in plan.done) == [
        ("create", "ConfigMap", "flux-system/piksel-platform"),
        ("update", "Secret", "flux-system/flux-system"),
    ]
    assert before["identity"] not in plan.output
    assert play(STAGE).ok().names() == plan.names()
    assert secret() == before
    assert play.check(["dev"], STAGE).ok().done == []


@pytest.mark.requirement("FLUX-05")
def test_the_deploy_key_is_rotated_by_word(converged, play: Play, secret, env) -> None:
    """Held without; with the word a new pair is stored, registered in place of the old one, and given to Flux alone."""
    before = secret()
    old = ("-e", "piksel_flux_deploy_key_made_after=2999-01-31")
    held = play(STAGE, ["dev"], *old).ok()
    assert [item["consent"] for item in held.operations if item.get("held")] == [WORD]
    assert (held.changed, secret()) == (0, before)
    given = (*old, "-e", json.dumps({"piksel_consent": [WORD]}))
    plan = play(STAGE, ["dev"], "--check", *given).ok()
    run = play(STAGE, ["dev"], *given).ok()
    assert plan.names() == run.names()
    assert {(item["action"], item["object"]) for item in run.done} == {
        ("update", "flux-deploy-key-dev"),
        ("update", "flux-system/flux-system"),
    }
    after = secret()
    assert after["identity.pub"] != before["identity.pub"]
    assert after["known_hosts"] == before["known_hosts"]
    assert [row["key"] for row in deploy_keys(env)] == [after["identity.pub"]]
    assert play(STAGE).ok().changed == 0
    for run_output in (held.output, plan.output, run.output):
        assert before["identity"] not in run_output
        assert after["identity"] not in run_output


@pytest.mark.requirement("FLUX-24")
def test_a_manifest_that_cannot_be_applied_ends_the_run_with_fluxs_own_words(converged, play: Play, repository) -> None:
    """And the run that follows the repair passes."""
    broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new, namespace: nowhere}\n"
    repository("clusters/development/broken.yaml", broken)
    failed = play(STAGE, ["dev"], "-e", "flux_bootstrap_errors_for=5")
    limit = time.monotonic() + SECONDS
    while failed.rc == 0 and time.monotonic() < limit:
        failed = play(STAGE, ["dev"], "-e", "flux_bootstrap_errors_for=5")
    assert failed.rc != 0
    assert "Kustomization flux-system/flux-system: ReconciliationFailed" in failed.output
    assert 'namespaces "nowhere" not found' in failed.output
    repository("clusters/development/broken.yaml", None)
    waited(lambda: play(STAGE, ["dev"]).rc == 0, "the repair")


@pytest.mark.requirement("FLUX-08")
def test_notifications_are_a_switch(converged, play: Play, kubectl_json) -> None:
    """A provider for the channel with the Secret by its name, and an alert for all sources; off, they are held."""
    on = ("-e", json.dumps({"piksel_flux_notifications": True}))
    run = play(STAGE, ["dev"], *on).ok()
    assert sorted((item["action"], item["kind"]) for item in run.done) == [("create", "Alert"), ("create", "Provider")]
    (provider,) = kubectl_json("providers.notification.toolkit.fluxcd.io", *HERE)["items"]
    assert provider["spec"]["type"] == "slack"
    assert provider["spec"]["channel"] == "flux-piksel-dev-env"
    assert provider["spec"]["secretRef"] == {"name": "slack-webhook-dev"}
    (alert,) = kubectl_json("alerts.notification.toolkit.fluxcd.io", *HERE)["items"]
    assert [one["kind"] for one in alert["spec"]["eventSources"]] == ["GitRepository", "Kustomization"]
    held = play(STAGE).ok()
    words = {item["consent"] for item in held.operations if item.get("held")}
    assert words == {"delete:Provider/flux_handoff.provider", "delete:Alert/flux_handoff.alert"}
    given = ("-e", json.dumps({"piksel_consent": sorted(words)}))
    assert len(play(STAGE, ["dev"], *given).ok().done) == 2
