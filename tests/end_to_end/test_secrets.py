"""Secrets in a run of the platform: made once, copied, repaired, restored, rotated by word; and what is refused."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from end_to_end.bad_inventory import BadInventory
from end_to_end.harness import ROOT, Play, command
from end_to_end.terminal import Terminal
from end_to_end.test_bad_input import refused
from end_to_end.test_buckets import spoil

BOTH = "tests/end_to_end/secrets.yml"
STORE, SYNC = "playbooks/secrets_store.yml", "playbooks/secrets_sync.yml"
MANUAL = ("argo-oauth-dev", "grafana-oauth-dev", "jupyterhub-oauth-dev", "slack-alerts-dev")
KNOWN = (
    *("-e", "piksel_domain=example.org", "-e", "piksel_oauth_domain=sign-in.example.org"),
    *("-e", "piksel_database_address=database.example.org"),
)


@pytest.fixture
def bad(tmp_path: Path) -> BadInventory:
    """A copy of dev's inventory to spoil, which has the architecture copied too."""
    inventory = BadInventory(tmp_path)
    folder = inventory.path / "group_vars" / "all"
    folder.unlink()
    folder.mkdir()
    for path in (ROOT / "group_vars/all").glob("*.yml"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return inventory


@pytest.fixture
def ungiven(play: Play) -> Play:
    """Runs without the sandbox's values for what people make by hand."""
    return Play({name: value for name, value in play.env.items() if not name.startswith("PIKSEL_SECRET_")})


def value(aws: Callable, name: str) -> str:
    """What a secret of dev holds."""
    return aws("secretsmanager").get_secret_value(SecretId=name)["SecretString"]


def versions(aws: Callable) -> dict[str, list[str]]:
    """Ids of the versions of every secret of dev."""
    pages = aws("secretsmanager").get_paginator("list_secrets").paginate()
    return {one["Name"]: sorted(one["SecretVersionsToStages"]) for page in pages for one in page["SecretList"]}


def data(kubectl_json: Callable, namespace: str, name: str) -> dict[str, str]:
    """The keys of a Kubernetes Secret with their values."""
    coded = kubectl_json("secret", name, "-n", namespace)["data"]
    return {key: base64.b64decode(text).decode() for key, text in coded.items()}


def shown(run) -> list[tuple[str, str, list[str]]]:
    """(action, object, paths) of what a run planned or did."""
    return [(item["action"], item["object"], [one["path"] for one in item["changes"]]) for item in run.done]


@pytest.mark.requirement("SECR-03", "SECR-05")
def test_a_copy_that_was_changed_or_deleted_comes_back(converged, play: Play, aws, kubectl, kubectl_json) -> None:
    """The plan names the key, never a value; a key of somebody else stays; no value is made anew."""
    before = versions(aws)
    patch = json.dumps({"stringData": {"password": "by hand", "theirs": "stays"}})
    assert kubectl("patch", "secret", "odc-secret", "-n", "open-datacube", "-p", patch).returncode == 0
    assert kubectl("delete", "secret", "hub-db-secret", "-n", "jupyterhub").returncode == 0
    plan = play.check(["dev"], SYNC).ok()
    copy = ["password", "odc-password", "odcread-password", "username"]
    assert sorted(
        (action, name, sorted(path for path in paths if path.startswith("data.")))
        for action, name, paths in shown(plan)
    ) == [
        ("create", "jupyterhub/hub-db-secret", sorted(f"data.{key}" for key in copy)),
        ("update", "open-datacube/odc-secret", ["data.password"]),
    ]
    assert "by hand" not in plan.output
    assert play(SYNC).ok().names() == plan.names()
    password = value(aws, "odc-password")
    assert data(kubectl_json, "open-datacube", "odc-secret") == {
        "username": "odc",
        "password": password,
        "theirs": "stays",
    }
    assert data(kubectl_json, "jupyterhub", "hub-db-secret")["odc-password"] == password
    assert play.check(["dev"], SYNC).ok().done == []
    assert versions(aws) == before


@pytest.mark.requirement("SECR-05", "SECR-44", "GEN-02")
def test_a_secret_that_waits_for_its_deletion_is_restored(converged, play: Play, aws) -> None:
    """With its value, so that no copy changes; the plan says just that."""
    before = versions(aws)
    for name in ("odc-password", "argo-oauth-dev"):
        aws("secretsmanager").delete_secret(SecretId=name, RecoveryWindowInDays=7)
    plan = play.check(["dev"], BOTH).ok()
    assert shown(plan) == [("update", name, ["deletion_date"]) for name in ("odc-password", "argo-oauth-dev")]
    assert play(BOTH).ok().names() == plan.names()
    assert versions(aws) == before
    assert play.check(["dev"], BOTH).ok().done == []


@pytest.mark.requirement("SECR-44")
def test_a_restored_secret_may_be_overwritten(converged, play: Play, aws, kubectl_json) -> None:
    """By the variable that says so, and the copies follow."""
    old = value(aws, "stac-read-password")
    aws("secretsmanager").delete_secret(SecretId="stac-read-password", RecoveryWindowInDays=7)
    overwrite = ("-e", "piksel_secrets_on_restore=overwrite")
    plan = play(BOTH, ["dev"], "--check", *overwrite).ok()
    assert ("update", "stac-read-password", ["deletion_date", "value"]) in shown(plan)
    assert ("update", "odc-stac/stacread-secret", ["data.password"]) in shown(plan)
    assert play(BOTH, ["dev"], *overwrite).ok().names() == plan.names()
    new = value(aws, "stac-read-password")
    assert new != old
    assert data(kubectl_json, "odc-stac", "stacread-secret")["password"] == new


@pytest.mark.requirement("SECR-02", "SECR-05")
def test_another_value_is_written_by_word_only(converged, play: Play, aws, kubectl_json) -> None:
    """Held without; with the word the secret and its copy have the new value."""
    client = {"client_id": secrets.token_hex(20), "client_secret": secrets.token_hex(20)}
    given = {"PIKSEL_SECRET_ARGO_OAUTH_DEV": json.dumps(client)}
    held = play(STORE, ["dev"], **given).ok()
    assert held.changed == 0
    (word,) = [item["consent"] for item in held.operations]
    assert word == "rotate:secret/secrets.argo_oauth"
    consent = json.dumps({"piksel_consent": [word]})
    plan = play(BOTH, ["dev"], "--check", "-e", consent, **given).ok()
    assert shown(plan) == [
        ("update", "argo-oauth-dev", ["value"]),
        ("update", "argo-workflows/argo-client-secret", ["data.client-id", "data.client-secret"]),
    ]
    assert play(BOTH, ["dev"], "-e", consent, **given).ok().names() == plan.names()
    assert data(kubectl_json, "argo-workflows", "argo-client-secret") == {
        "client-id": client["client_id"],
        "client-secret": client["client_secret"],
    }


@pytest.mark.requirement(
    "RDS-11", "SECR-30", "SECR-31", "SECR-35", "SECR-38", "SECR-40", "SECR-41", "SECR-43", "CONF-15"
)
def test_what_needs_addresses_is_made_once_they_are_known(converged, play: Play, aws, kubectl_json) -> None:
    """Left out and told before; then the values of the charts read back as YAML with every value in its place."""
    told = play(SYNC).ok().output
    for name in (
        "database/db-password",
        "argo-workflows/db-secret",
        "jupyterhub/jupyterhub",
        "monitoring/grafana-values",
    ):
        assert f"Kubernetes Secret {name} is left out: " in told
    play(SYNC, ["dev"], *KNOWN).ok()
    database = {
        "db_name": "piksel",
        "db_address": "database.example.org",
        "username": "piksel_dev",
        "password": value(aws, "database-password"),
    }
    assert data(kubectl_json, "database", "db-password") == database
    assert data(kubectl_json, "argo-workflows", "db-secret") == database
    hub = yaml.safe_load(data(kubectl_json, "jupyterhub", "jupyterhub")["values.yaml"])
    client = json.loads(value(aws, "jupyterhub-oauth-dev"))
    oauth = hub["hub"]["config"]["GenericOAuthenticator"]
    assert oauth.items() > client.items()
    assert oauth["authorize_url"] == "https://sign-in.example.org/oauth2/authorize"
    assert oauth["username_claim"] == "email"
    assert oauth["scope"] == ["openid", "email", "profile", "aws.cognito.signin.user.admin"]
    authenticator = hub["hub"]["config"]["Authenticator"]
    assert authenticator == {
        "enable_auth_state": True,
        "auto_login": True,
        "auth_refresh_age": 300,
        "admin_users": [],
    }
    assert hub["hub"]["db"] == {"type": "postgres", "upgrade": True, "password": value(aws, "jupyterhub-password")}
    assert hub["hub"]["cookieSecret"] == value(aws, "jupyterhub-cookie-secret")
    assert hub["hub"]["services"]["dask-gateway"]["apiToken"] == value(aws, "dask-gateway-token")
    assert hub["proxy"]["secretToken"] == value(aws, "jupyterhub-proxy-token")
    assert hub["singleuser"]["extraEnv"] == {
        "AWS_DEFAULT_REGION": "ap-southeast-3",
        "ODC_DEFAULT_DB_PASSWORD": value(aws, "odc-read-password"),
    }
    grafana = yaml.safe_load(data(kubectl_json, "monitoring", "grafana-values")["values.yaml"])
    signing_in = grafana["grafana.ini"]["auth.generic_oauth"]
    assert signing_in["use_pkce"] is signing_in["use_refresh_token"] is True
    assert signing_in["role_attribute_path"] == "contains(\"cognito:groups\"[*], 'admin') && 'Admin' || 'Viewer'"
    assert grafana["grafana.ini"]["server"]["root_url"] == "https://grafana.example.org"
    assert "client_secret" not in signing_in
    play(SYNC, ["dev"], *KNOWN, "-e", '{"piksel_workflows_use_master": false}').ok()
    narrow = data(kubectl_json, "argo-workflows", "db-secret")
    assert (narrow["username"], narrow["password"]) == ("argo", value(aws, "argo-workflows-password"))
    # What is not known any more is not taken away.
    assert play(SYNC).ok().operations == []


@pytest.mark.requirement("SECR-04")
def test_who_may_read_a_copy(converged, kubectl) -> None:
    """No account of another namespace, and in its own only whom a role allows."""
    for account in ("terria:terria-sa", "odc-stac:default", "open-datacube:default"):
        may = kubectl(
            "auth", "can-i", "get", "secrets", "-n", "open-datacube", "--as", f"system:serviceaccount:{account}"
        )
        assert may.stdout.strip() == "no"


def test_a_stored_value_that_is_not_whole(converged, play: Play, ungiven: Play, aws) -> None:
    """Told by preflight where none is given; where one is, the run ends with the word that mends it."""
    aws("secretsmanager").put_secret_value(SecretId="slack-alerts-dev", SecretString="https://hooks.example.org")
    converged.clear_calls()
    refused(ungiven(STORE), converged, "slack-alerts-dev in Secrets Manager", "no JSON object", "export PIKSEL_SECRET_")
    word = "rotate:secret/secrets.slack_alerts"
    refused(play(STORE), converged, "is not whole", word)
    play(BOTH, ["dev"], "-e", json.dumps({"piksel_consent": [word]})).ok()
    assert play.check(["dev"], BOTH).ok().done == []


@pytest.mark.requirement("SECR-02", "SECR-20", "SECR-21", "SECR-22", "SECR-23", "GEN-11")
@pytest.mark.parametrize("playbook", ["site.yml", STORE])
def test_what_nobody_gave_is_told_all_at_once(playbook: str, empty, ungiven: Play) -> None:
    """Before any write, each with the command that gives it."""
    commands = [f"export PIKSEL_SECRET_{name.upper().replace('-', '_')}='{{" for name in MANUAL]
    refused(ungiven(playbook), empty, "4 findings", *commands)


def test_a_value_that_is_not_whole_is_told_before_any_write(empty, play: Play) -> None:
    """By its variable, without showing it."""
    run = play(STORE, ["dev"], PIKSEL_SECRET_SLACK_ALERTS_DEV='{"adress": "a canary"}')
    refused(run, empty, "$PIKSEL_SECRET_SLACK_ALERTS_DEV", "lacks the key address")
    assert "canary" not in run.output


@pytest.mark.requirement("SECR-02")
def test_a_first_run_may_go_on_without(empty, ungiven: Play) -> None:
    """By a switch; plan and run leave out the same, and the end tells what, and how to give it."""
    switch = ("-e", '{"piksel_secrets_allow_missing": true}')
    plan = ungiven.check(["dev"], "site.yml", *switch).ok()
    run = ungiven("site.yml", ["dev"], *switch).ok()
    assert run.names() == plan.names()
    assert not set(MANUAL) & {item["object"] for item in run.done}
    for output in (plan.output, run.output):
        for name in (
            "argo-workflows/argo-client-secret",
            "monitoring/grafana-oauth-secret",
            "flux-system/slack-webhook-dev",
        ):
            assert f"Kubernetes Secret {name} is left out: secret " in output
        assert "Give it so: export PIKSEL_SECRET_SLACK_ALERTS_DEV=" in output
    assert ungiven("site.yml", ["dev"], *switch).ok().changed == 0
    # Alone, nothing is about to be made by a stage before.
    assert ungiven.check(["dev"], SYNC, *switch).ok().done == []


@pytest.mark.requirement("SECR-02")
def test_values_from_a_file_that_the_vault_encrypted(empty, ungiven: Play, aws, tmp_path: Path) -> None:
    """As good as the environment; the same file without encryption is refused."""
    client = {"client_id": secrets.token_hex(20), "client_secret": secrets.token_hex(20)}
    values = dict.fromkeys(MANUAL[:3], client) | {MANUAL[3]: {"address": "https://hooks.example.org/x"}}
    password, plain = tmp_path / "password", tmp_path / "secrets.yml"
    password.write_text(secrets.token_hex(20), encoding="utf-8")
    plain.write_text(yaml.safe_dump(values), encoding="utf-8")
    file = ("-e", f"piksel_secrets_file={plain}")
    refused(ungiven(STORE, ["dev"], *file), empty, str(plain), "is not encrypted", "ansible-vault encrypt")
    vault = ("--vault-password-file", str(password))
    key = VaultSecret(password.read_bytes())
    plain.write_bytes(VaultLib([("default", key)]).encrypt(plain.read_text(encoding="utf-8"), key))
    run = ungiven(STORE, ["dev"], *file, *vault, "-vvvv").ok()
    assert json.loads(value(aws, "argo-oauth-dev")) == client
    assert client["client_secret"] not in run.output


SPOILT = {
    "a secret without its keys": (
        "secrets.yml", "    keys: [address]\n", "    keys: []\n", ["slack_alerts", "has no value"],
    ),
    "the same Secret twice": (
        "kubernetes_secrets.yml", "    name: odcread-secret\n", "    name: odc-secret\n",
        ["odcread_service.name", "odc-secret in namespace odc is what odc_service makes already"],
    ),
    "a namespace that is not there": (
        "kubernetes_secrets.yml", "namespaces: [odc_stac]", "namespaces: [odcstac]",
        ["stac_service.namespaces", "no namespace has the key odcstac"],
    ),
    "a reference to no secret": (
        "kubernetes_secrets.yml", "{from_secret: slack_alerts, key: address}", "{from_secret: slack, key: address}",
        ["slack_webhook.data.address", "no secret has the key slack"],
    ),
    "a key that the secret has not": (
        "kubernetes_secrets.yml", "{from_secret: slack_alerts, key: address}", "{from_secret: slack_alerts, key: url}",
        ["slack_webhook.data.address", "secret slack_alerts has no key url"],
    ),
}  # fmt: skip


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize("case", SPOILT)
def test_a_catalogue_that_cannot_be(case: str, bad, empty, play: Play) -> None:
    """Refused before the first call, by file, entry and reason."""
    file, old, new, words = SPOILT[case]
    spoil(bad.path / "group_vars/all" / file, old, new)
    run = play("site.yml", [str(bad.path)])
    refused(run, empty, f"group_vars/all/{file}:", *words)
    assert empty.calls() == []


@pytest.mark.requirement("SECR-02")
def test_a_person_is_asked_at_the_terminal(empty, ungiven: Play, aws) -> None:
    """Key by key, for what is given nowhere; what is typed is not shown."""
    client = {"client_id": secrets.token_hex(20), "client_secret": secrets.token_hex(20)}
    address = f"https://hooks.example.org/{secrets.token_hex(20)}"
    # In the catalogue's order; the rest by the environment.
    names = ("argo-oauth-dev", "jupyterhub-oauth-dev")
    answers = [(f"Secret {name}, {key} (", text) for name in names for key, text in client.items()]
    given = {
        "PIKSEL_SECRET_GRAFANA_OAUTH_DEV": json.dumps(client),
        "PIKSEL_SECRET_SLACK_ALERTS_DEV": json.dumps({"address": address}),
    }
    prompt = ("-e", '{"piksel_secrets_prompt": true}')
    output = Terminal(command(STORE, ["dev"], prompt), {**ungiven.env, **given, "ANSIBLE_NOCOLOR": "1"}).talk(answers)
    assert json.loads(value(aws, "argo-oauth-dev")) == client
    assert client["client_secret"] not in output
    # What is in Secrets Manager is not asked for again, so that this run needs no terminal.
    assert ungiven(STORE, ["dev"], *prompt).ok().changed == 0


def test_without_a_terminal_nobody_is_asked(empty, ungiven: Play) -> None:
    """The run says what to do instead."""
    refused(ungiven(STORE, ["dev"], "-e", '{"piksel_secrets_prompt": true}'), empty, "the run has no terminal")
