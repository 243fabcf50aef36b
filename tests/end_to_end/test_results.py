"""What the roles hand on: each documented key is there, no other one, and each value is what the API says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from end_to_end.conftest import ACCOUNTS, CLUSTERS, REGION
from end_to_end.expected_results import EXPECTED, GPU_QUOTA, HUB_DNS_ROLE, Apis, quota
from end_to_end.harness import ROOT, Play

ROLES = ROOT / "collections/ansible_collections/piksel/platform/roles"
# "`vpc_lookup_result`: `vpc_id`, `cidr`, ..." at the start of a section "Result"; the keys end with the list.
RESULT = re.compile(r"^## Result\n+`(?P<fact>\w+_result)`: (?P<keys>`\w+`(?:,\s+`\w+`)*)", re.MULTILINE)
UNKNOWN = "(known after apply: "
# Words for people, which other tests read.
WORDS = frozenset({"findings", "notices", "why"})
HUB = ("-e", f"piksel_hub_dns_role_name={HUB_DNS_ROLE}", "-e", "piksel_hub_dns_external_id=external-dns-dev")


def documented() -> dict[str, set[str]]:
    """Name of the fact -> its keys, as the README of each role says."""
    found = {}
    for path in ROLES.glob("*/README.md"):
        for match in RESULT.finditer(path.read_text(encoding="utf-8")):
            found[match["fact"]] = set(re.findall(r"\w+", match["keys"]))
    return found


def results(play: Play, folder: Path, *extra: str) -> dict[str, dict]:
    """The facts of dev after `site.yml`, by name; `extra` goes to the command line."""
    path = folder / "results.json"
    play("tests/end_to_end/results.yml", ["dev"], *extra, RESULTS_FILE=str(path)).ok()
    return json.loads(path.read_text(encoding="utf-8"))


def without_words(value: Any) -> Any:
    """A value without what is said to people, at any depth."""
    if isinstance(value, dict):
        return {key: without_words(item) for key, item in value.items() if key not in WORDS}
    return value


@pytest.fixture
def apis(aws: Callable, session_of: Callable, kubectl: Callable, kubectl_json: Callable, env: dict[str, str]) -> Apis:
    """All ways to look at dev."""
    return Apis(aws, session_of("dev-piksel").client, kubectl, kubectl_json, env["AWS_ENDPOINT_URL"])


def test_each_role_that_hands_something_on_says_so() -> None:
    assert set(documented()) == set(EXPECTED)


@pytest.mark.requirement("GEN-12")
def test_a_plan_from_empty_hands_on_every_key(empty, play: Play, tmp_path: Path) -> None:
    """What only exists afterwards is a string that says so; what can be known is known."""
    facts = results(play, tmp_path, "--check")
    assert {name: set(value) for name, value in facts.items()} == documented()
    made = facts["eks_cluster_result"]
    unknown = {key for key, value in made.items() if str(value).startswith(UNKNOWN)}
    assert set(made) - unknown == {"name", "arn", "kubeconfig_context"}
    assert None not in made.values()
    assert made["arn"] == f"arn:aws:eks:{REGION}:{ACCOUNTS['dev']}:cluster/{CLUSTERS['dev']}"


@pytest.mark.requirement("GEN-12")
def test_a_run_hands_on_what_the_apis_say(empty, play: Play, tmp_path: Path, apis: Apis) -> None:
    """The run that makes all of it, and the next one, which finds it."""
    first, again = (results(play, tmp_path, *HUB) for _ in range(2))
    for facts in (first, again):
        assert {name: set(value) for name, value in facts.items()} == documented()
    expected = {name: look(apis) for name, look in EXPECTED.items()}
    for name, value in expected.items():
        assert without_words(again[name]) == value, name
    # The first looked before there was a cluster: it asks for the quota, and finds the subnets without interfaces.
    looked = {"preflight_result", "vpc_lookup_result"}
    for name in set(EXPECTED) - looked:
        assert without_words(first[name]) == expected[name], name
    quotas = {GPU_QUOTA: quota(apis, "ec2", GPU_QUOTA), "L-1194D53C": quota(apis, "eks", "L-1194D53C")}
    before = {"cluster_version": None, "quotas": quotas}
    assert without_words(first["preflight_result"]) == expected["preflight_result"] | before
