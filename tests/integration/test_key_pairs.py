"""SSH key pairs in Secrets Manager: made once, and made anew by word when they are too old or broken."""

from __future__ import annotations

import json

import pytest

from integration.estate import Platform
from integration.estate_secrets import PAIR
from piksel_sandbox.client import Sandbox

WORD = "rotate:secret/core.pair"
FUTURE = "2999-01-31"


def pair(**more: object) -> dict:
    """The options of a task with one key pair."""
    return {"secrets": {"pair": {"name": PAIR, "generate": "ed25519"}}, **more}


def stored(platform: Platform) -> dict:
    """What Secrets Manager holds."""
    return json.loads(platform.client("secretsmanager").get_secret_value(SecretId=PAIR)["SecretString"])


@pytest.mark.requirement("FLUX-05", "SECR-02")
def test_a_pair_is_made_once_and_its_public_half_told(platform: Platform, cloud: Sandbox) -> None:
    plan = platform.call("secretsmanager_secrets", pair(), check=True)
    assert plan["resources"]["pair"]["public_key"] == "(known after apply: secret/core.pair.public_key)"
    made = platform.call("secretsmanager_secrets", pair())
    value = stored(platform)
    assert made["resources"]["pair"]["public_key"] == value["identity.pub"]
    assert value["identity"] not in json.dumps([plan, made])
    cloud.clear_calls()
    again = platform.call("secretsmanager_secrets", pair())
    assert (again["changed"], again["resources"], platform.writes()) == (False, made["resources"], [])


@pytest.mark.requirement("FLUX-05")
def test_a_pair_that_is_too_old_is_made_anew_by_word(platform: Platform) -> None:
    first = platform.call("secretsmanager_secrets", pair())["resources"]["pair"]
    old = pair(secrets={"pair": {"name": PAIR, "generate": "ed25519", "made_after": FUTURE}})
    held = platform.call("secretsmanager_secrets", old)
    assert [operation["consent"] for operation in held["held"]] == [WORD]
    assert (held["changed"], held["resources"]["pair"]) == (False, first)
    plan = platform.call("secretsmanager_secrets", {**old, "consent": [WORD]}, check=True)
    assert plan["renewed"] == ["pair"]
    assert plan["resources"]["pair"]["public_key"] == "(known after apply: secret/core.pair.public_key)"
    anew = platform.call("secretsmanager_secrets", {**old, "consent": [WORD]})
    assert anew["renewed"] == ["pair"]
    assert anew["resources"]["pair"]["public_key"] == stored(platform)["identity.pub"] != first["public_key"]
    past = pair(secrets={"pair": {"name": PAIR, "generate": "ed25519", "made_after": "2020-01-31"}})
    assert platform.call("secretsmanager_secrets", {**past, "consent": [WORD]})["changed"] is False


@pytest.mark.requirement("FLUX-05")
def test_a_pair_that_somebody_broke_ends_the_run_with_the_word(platform: Platform) -> None:
    platform.call("secretsmanager_secrets", pair())
    platform.client("secretsmanager").put_secret_value(SecretId=PAIR, SecretString='{"identity": "mine"}')
    refused = platform.call("secretsmanager_secrets", pair())
    assert refused["failed"]
    assert WORD in refused["msg"]
    assert "identity.pub" in refused["msg"]
    assert platform.call("secretsmanager_secrets", pair(consent=[WORD]))["changed"]
    assert stored(platform).keys() == {"identity", "identity.pub"}


def test_a_date_that_is_none_is_refused(platform: Platform) -> None:
    options = pair(secrets={"pair": {"name": PAIR, "generate": "ed25519", "made_after": "soon"}})
    assert "made_after 'soon' is no date" in platform.call("secretsmanager_secrets", options)["msg"]
