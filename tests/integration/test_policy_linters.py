"""Every policy that an environment renders, put to parliament and policy_sentry; what they find is explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import parliament
import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import identities
from policy_sentry.analysis.analyze import analyze_by_access_level
from policy_sentry.querying.actions import get_actions_that_support_wildcard_arns_only

import iam_actions as tool
from integration.test_inventories import ENVIRONMENTS, read

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (parliament|policy_sentry) \| `([^`]+)` \| (.+) \|$", re.MULTILINE)
KEY = "arn:aws:kms:ap-southeast-3:123456789012:key/0d990263-018e-4e65-a703-eff731de951e"


@pytest.fixture(scope="module")
def documents() -> list[tuple[str, str, dict]]:
    """(host, key, document) of every policy; one of a key that no environment has is shown with an example key."""
    rendered = []
    for _playbook, _play, host, values in read(ENVIRONMENTS, ["irsa_policies"], ["playbooks/irsa.yml"]):
        for key, entry in values["irsa_policies"].items():
            if entry.get("enabled", True) or key == "volume_key":
                statements = [{**one, "Resource": one["Resource"] or KEY} for one in entry["statements"]]
                rendered.append((host, key, identities.document(statements)))
    return rendered


def by_parliament(document: dict) -> set[str]:
    """Issues, with what they are about where parliament lists it."""
    found = parliament.analyze_policy_string(json.dumps(document), include_community_auditors=True).findings
    details = [(one.issue, _names(one.detail)) for one in found]
    return {": ".join(filter(None, (issue, ", ".join(sorted(set(detail)))))) for issue, detail in details}


def _names(detail: object) -> list[str]:
    """What a finding's detail lists: actions, or maps that name one."""
    items = detail if isinstance(detail, list) else []
    return [str(item.get("action", item)) if isinstance(item, dict) else item for item in items]


def by_policy_sentry(document: dict) -> set[str]:
    """Actions that manage permissions, and statements on everything whose actions could name something."""
    found = set()
    managing = analyze_by_access_level(document, "Permissions management")
    if managing:
        found.add(f"permissions management: {', '.join(sorted(managing))}")
    for statement in document["Statement"]:
        if statement["Resource"] == "*":
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            loose = [
                one for one in actions if one not in get_actions_that_support_wildcard_arns_only(one.split(":")[0])
            ]
            if loose:
                found.add(f"could name a resource: {', '.join(sorted(loose))}")
    return found


@pytest.mark.requirement("IAM-02", "SECU-02")
def test_every_finding_is_explained_and_every_explanation_is_about_one(documents: list) -> None:
    found = {(key, "parliament", one) for _host, key, document in documents for one in by_parliament(document)}
    found |= {(key, "policy_sentry", one) for _host, key, document in documents for one in by_policy_sentry(document)}
    explained = {(key, which, one) for key, which, one, _why in ROW.findall((ROOT / "docs/security.md").read_text())}
    assert found - explained == set()
    assert explained - found == set()


def test_every_policy_of_the_catalogue_was_looked_at(documents: list) -> None:
    (*_unused, values) = read(("prod",), ["piksel_policies"], ["playbooks/irsa.yml"])[0]
    assert {key for _host, key, _document in documents} == set(values["piksel_policies"])


def test_the_linters_find_what_is_wrong() -> None:
    """A policy that opens everything does not pass by being overlooked."""
    bad = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
    assert by_parliament(bad)
    assert any(one.startswith("permissions management: ") for one in by_policy_sentry(bad))
    misspelt = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": KEY}]}
    assert "UNKNOWN_ACTION" in {one.partition(":")[0] for one in by_parliament(misspelt)}


def test_the_actions_that_the_check_knows_are_those_of_the_pinned_linter() -> None:
    assert tool.TARGET.read_text() == tool.text(), "run `make iam-actions`"
