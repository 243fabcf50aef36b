"""Values of secrets occur nowhere but where they belong: in Secrets Manager and in Kubernetes Secrets."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from end_to_end.canary import Watch, occurrences, spellings
from end_to_end.harness import ROOT, Play

KNOWN = ("-e", "piksel_domain=example.org", "-e", "piksel_oauth_domain=sign-in.example.org")
DATABASE = ("-e", "piksel_database_address=database.example.org")


def manual() -> dict[str, str]:
    """Environment variables that give each manual secret of dev a value of its own, as JSON text."""
    found = {
        f"PIKSEL_SECRET_{name}_OAUTH_DEV": {"client_id": secrets.token_hex(20), "client_secret": secrets.token_hex(20)}
        for name in ("ARGO", "JUPYTERHUB", "GRAFANA")
    }
    found["PIKSEL_SECRET_SLACK_ALERTS_DEV"] = {"address": f"https://hooks.example.org/{secrets.token_hex(20)}"}
    return {name: json.dumps(value) for name, value in found.items()}


def parts(text: str) -> list[str]:
    """The values in a secret's text: those of its keys, or the text itself; of a key pair lines of its private half."""
    value = json.loads(text) if text.startswith("{") else {"": text}
    if "identity.pub" in value:
        # Before these lines stands what all keys have in common, and the public half.
        return value["identity"].splitlines()[3:-1]
    return list(value.values())


def stored(aws: Callable) -> list[str]:
    """Every value in Secrets Manager, present and previous."""
    client = aws("secretsmanager")
    texts = []
    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            for version in secret["SecretVersionsToStages"]:
                texts.append(client.get_secret_value(SecretId=secret["Name"], VersionId=version)["SecretString"])
    return [part for text in texts for part in parts(text)]


@pytest.mark.requirement("SECR-01", "SECR-02", "SECR-04", "SECU-05")
def test_no_value_occurs_where_a_run_leaves_traces(
    empty, play: Play, aws, kubectl, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Made, silent, changed by hand, planned, rotated and repaired: at -vvvv --diff, no trace shows a value."""
    own = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "ANSIBLE_HOME": str(tmp_path / "ansible")}
    loud = ("-vvvv", "--diff", *KNOWN, *DATABASE)
    first, second = manual(), manual()
    by_hand = secrets.token_hex(20)
    # Somebody's own file, not the run's.
    patch = tmp_path_factory.mktemp("somebody") / "patch.json"
    patch.write_text(json.dumps({"stringData": {"password": by_hand, "mine": by_hand}}), encoding="utf-8")
    with Watch(tmp_path).looking() as watch:
        runs = [
            play("site.yml", ["dev"], "--check", *loud, **own, **first),
            play("site.yml", ["dev"], *loud, **own, **first),
        ]
        assert (
            kubectl("patch", "secret", "odc-secret", "-n", "open-datacube", "--patch-file", str(patch)).returncode == 0
        )
        runs.append(play("site.yml", ["dev"], "--check", *loud, **own, **second))
        words = [item["consent"] for item in runs[-1].operations if item.get("held")]
        consent = json.dumps({"piksel_consent": words})
        runs.append(play("site.yml", ["dev"], *loud, "-e", consent, **own, **second))
    assert [run.ok().rc for run in runs] == [0, 0, 0, 0]
    assert len(words) == 4
    assert watch.looks > 100
    values = [part for text in [*first.values(), *second.values()] for part in parts(text)]
    assert set(values) < set(stored(aws))
    values = [*stored(aws), by_hand]
    texts = {f"output {number}": run.output.encode() for number, run in enumerate(runs)}
    texts |= {f"plan {number}": json.dumps(run.operations).encode() for number, run in enumerate(runs)}
    texts["recorder"] = json.dumps(empty.calls(everybody=True)).encode()
    folders = [empty.state.logs, empty.state.recorder, *(ROOT / name for name in ("collections", "playbooks", "tools"))]
    assert watch.findings(values, texts, folders) == []


def test_a_canary_is_found_in_every_spelling() -> None:
    """The search itself: alone, inside a text, and inside a text that base64 wrote, whatever stands before it."""
    value = secrets.token_hex(20)
    for before in ("", "a", "ab", "abc", "abcd"):
        text = f"{before}{value}\n".encode()
        assert occurrences([value], {"plain": text, "coded": base64.b64encode(text), "none": b"none"}) == [
            "coded",
            "plain",
        ]
    assert min(map(len, spellings(value))) > 30
