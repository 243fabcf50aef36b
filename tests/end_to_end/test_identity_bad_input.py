"""Identities and policies that are wrong end before any call, with one clear message that names file and line."""

from __future__ import annotations

import textwrap

import pytest

from end_to_end.bad_inventory import BadInventory
from end_to_end.harness import Play
from end_to_end.test_bad_input import refused

LONG = "".join(f"            - arn:aws:s3:::bucket/{number:0100}\n" for number in range(60))
STATEMENTS = """
  terria:
    statements:
      - Sid: UseObjects
        Effect: Allow
        Action: {action}
        Resource: {resource}
"""
# what is overridden, text, the text of the line that is blamed, words of the message
SPOILT = {
    "unknown namespace": (
        "piksel_identity_overrides",
        "\n  terria:\n    namespace: teria\n",
        "namespace: teria",
        ("piksel_identity_overrides.terria.namespace", "terria-sa is in namespace teria", "Did you mean terria?"),
    ),
    "one subject twice": (
        "piksel_identity_overrides",
        "\n  odc_data_reader:\n    namespace: terria\n    service_accounts: [terria-sa]\n",
        None,
        ("serviceaccount:terria:terria-sa is the subject of odc_data_reader already", "Put both into one identity"),
    ),
    "misspelt action": (
        "piksel_policy_overrides",
        STATEMENTS.format(action="s3:GetObjekt", resource="arn:aws:s3:::b/*"),
        "Action: s3:GetObjekt",
        ("piksel_policy_overrides.terria.statements.0.Action", "IAM knows no action s3:GetObjekt", "s3:GetObject?"),
    ),
    "unknown pattern of actions": (
        "piksel_policy_overrides",
        STATEMENTS.format(action="[s3:GetObject, 's3:Fetch*']", resource="arn:aws:s3:::b/*"),
        "Action: [s3:GetObject, 's3:Fetch*']",
        ("IAM knows no action like s3:Fetch*",),
    ),
    "every resource without a reason": (
        "piksel_policy_overrides",
        STATEMENTS.format(action="s3:GetObject", resource='"*"'),
        "- Sid: UseObjects",
        ("statement UseObjects allows something on every resource, and no reason is given", "wildcard_reasons"),
    ),
    "document too long": (
        "piksel_policy_overrides",
        STATEMENTS.format(action="s3:GetObject", resource=f"\n{LONG.rstrip()}"),
        "statements:",
        ("characters without white space, IAM takes 6144", "Divide it into two policies"),
    ),
    "a policy that nobody knows": (
        "piksel_identity_overrides",
        "\n  terria:\n    policies: [teria]\n",
        "policies: [teria]",
        ("nobody knows a policy teria", "Did you mean terria?"),
    ),
    "an option that nobody knows": (
        "piksel_identity_overrides",
        "\n  terria:\n    rolename: x\n",
        "rolename: x",
        ("piksel_identity_overrides", "rolename", "did you mean role_name?"),
    ),
}  # fmt: skip


@pytest.mark.requirement("GEN-11", "IAM-02")
@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_catalogue(case: str, tmp_path, empty, play: Play) -> None:
    key, text, blamed, words = SPOILT[case]
    bad = BadInventory(tmp_path)
    line = bad.replace("identity.yml", f"{key}: {{}}", f"{key}:{text.rstrip()}")
    if blamed:
        lines = (bad.own / "identity.yml").read_text().splitlines()
        line = next(number for number, one in enumerate(lines, 1) if textwrap.dedent(one) == blamed)
    run = play("site.yml", [str(bad.path)])
    refused(run, empty, *words, *([f"identity.yml:{line}"] if blamed else []))
    assert empty.calls() == []
    assert sum(counters["failed"] for counters in run.recap.values()) == 1


@pytest.mark.requirement("GEN-11")
def test_several_mistakes_are_told_at_once(tmp_path, empty, play: Play) -> None:
    bad = BadInventory(tmp_path)
    bad.replace(
        "identity.yml", "piksel_identity_overrides: {}", f"piksel_identity_overrides:{SPOILT['unknown namespace'][1]}"
    )
    bad.replace(
        "identity.yml", "piksel_policy_overrides: {}", f"piksel_policy_overrides:{SPOILT['misspelt action'][1]}"
    )
    refused(play("site.yml", [str(bad.path)]), empty, "2 findings", "teria", "s3:GetObjekt")


@pytest.mark.requirement("ECR-03", "GEN-11")
def test_an_account_that_the_registry_does_not_name_is_told(empty, play: Play) -> None:
    """Prod is not in the hub's repository policies: a notice, no end of the run; dev is, and hears nothing."""
    words = "does not let account 522783511350 pull from coastlines, data-production, dc-explorer, geomad, inadc-core"
    assert words in " ".join(play.check(["prod"], "playbooks/preflight.yml").ok().output.split())
    assert "pull from" not in play.check(["dev"], "playbooks/preflight.yml").ok().output
