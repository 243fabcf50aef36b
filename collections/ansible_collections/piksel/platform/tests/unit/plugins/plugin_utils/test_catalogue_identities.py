# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What catalogues of identities and policies may not say, and the words in which that is told."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import iam_actions
from ansible_collections.piksel.platform.plugins.plugin_utils.catalogue import RULES

READ = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
READER = {"role_name": "reader", "namespace": "odc", "service_accounts": ["reader"], "policies": ["read"]}
OPEN = "allows something on every resource, and no reason is given"
VARIABLES = {
    "irsa_namespaces": {"odc": "open-datacube", "argo": "argo-workflows"},
    "irsa_policies": {"read": {"name": "Read", "statements": [READ]}, "off": {"name": "Off", "enabled": False}},
    "irsa_aws_region": "ap-southeast-3",
    "irsa_cluster_name": "example",
}


def identities(**catalogue: dict) -> list[tuple[str, str]]:
    """(path, message) of each problem with identities."""
    found = RULES["irsa_identities"](catalogue, VARIABLES)
    return [(".".join(one.path), f"{one.message}. {one.advice or ''}".strip()) for one in found]


def policies(*statements: dict, **more: object) -> list[tuple[str, str]]:
    """(path, message) of each problem with a policy of these statements."""
    entry = {"name": "Read", "statements": list(statements), **more}
    found = RULES["irsa_policies"]({"read": entry}, VARIABLES)
    return [(".".join(one.path), f"{one.message}. {one.advice or ''}".strip()) for one in found]


@pytest.mark.requirement("IAM-02")
def test_a_sound_catalogue_has_no_problem() -> None:
    assert identities(reader=READER) == []
    assert policies(READ) == []


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"namespace": "ocd"}, "reader.namespace", "is in namespace ocd, which nobody knows. Did you mean odc?"),
        ({"namespace": "x"}, "reader.namespace", "Known are odc, argo."),
        ({"service_accounts": []}, "reader", "needs either service_accounts or trusted_principals"),
        ({"trusted_principals": ["arn:x"]}, "reader", "needs either service_accounts or trusted_principals"),
        ({"service_accounts": ["a", "a"]}, "reader.service_accounts", "a stands twice"),
        ({"policies": ["raed"]}, "reader.policies", "nobody knows a policy raed. Did you mean read?"),
        ({"policies": ["off"]}, "reader.policies", "the policy off is switched off. Switch the identity off with it."),
        ({"managed_policies": ["p"] * 10}, "reader", "a role takes 10 policies, not 11"),
        ({"service_accounts": [f"a-{number:040}" for number in range(25)]}, "reader", "IAM takes 2048. Divide it"),
    ],
)  # fmt: skip
def test_a_wrong_identity(change: dict, path: str, words: str) -> None:
    ((where, message),) = identities(reader={**READER, **change})
    assert where == path
    assert words in message


def test_two_identities_with_one_subject_or_one_role() -> None:
    assert identities(reader=READER, other={**READER, "role_name": "other"}) == [
        (
            "other.service_accounts",
            "system:serviceaccount:open-datacube:reader is the subject of reader already. Put both into one identity.",
        )
    ]
    assert identities(reader=READER, other={**READER, "role_name": "READER", "namespace": "argo"}) == [
        ("other.role_name", "READER is the role of reader already.")
    ]


def test_what_is_switched_off_is_not_looked_at() -> None:
    assert identities(reader={"enabled": False}) == []
    assert list(RULES["irsa_policies"]({"read": {"enabled": False}}, VARIABLES)) == []


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"Action": "s3:GetObjekt"}, "0.Action", "IAM knows no action s3:GetObjekt. Did you mean s3:GetObject?"),
        ({"Action": ["s3:Gett*"]}, "0.Action", "IAM knows no action like s3:Gett*"),
        ({"Action": "cloudwach:GetMetricData"}, "0.Action", "IAM knows no service cloudwach. Did you mean cloudwatch?"),
        ({"Action": "GetObject"}, "0.Action", "GetObject is not of the form service:Action"),
        ({"Resource": "*"}, "0", f"statement Read {OPEN}. Name what it is about, or give the reason in"),
        ({"Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::*"]}, "0", "allows something on every resource"),
        ({"Resource": "arn:aws:s3:::*/*"}, "0", "allows something on every resource"),
        ({"Resource": "arn:aws:s3"}, "0", "allows something on every resource"),
        ({"Resource": "arn:aws:iam::*"}, "0", "allows something on every resource"),
        ({"Resource": "arn:*"}, "0", "allows something on every resource"),
        ({"Resource": "arn:aws:s3:::"}, "0", "allows something on every resource"),
        ({"Action": "s3:*?"}, "0", "allows every action"),
        ({"Action": "s3:*"}, "0", "allows every action"),
        ({"Sid": None, "Resource": "*"}, "0", f"a statement {OPEN}"),
        ({"Effect": "allow"}, "0.Effect", "Effect must be Allow or Deny, not allow"),
        ({"Resource": None}, "0", "a statement needs either Resource or NotResource"),
        ({"NotAction": "s3:GetObject"}, "0", "a statement needs either Action or NotAction"),
        ({"Principal": "*"}, "0.Principal", "a statement has no element Principal"),
        ({"Sid": "not this"}, "0.Sid", "a Sid has letters and digits only, not not this"),
    ],
)  # fmt: skip
def test_a_wrong_statement(change: dict, path: str, words: str) -> None:
    statement = {name: value for name, value in {**READ, **change}.items() if value is not None}
    found = policies(statement)
    assert (f"read.statements.{path}", True) in [(where, words in message) for where, message in found], found


def test_an_open_statement_with_a_reason_passes_and_a_reason_without_one_does_not() -> None:
    assert policies({**READ, "Resource": "*"}, wildcard_reasons={"Read": "it must"}) == []
    assert policies(READ, wildcard_reasons={"Read": "it must"}) == [
        ("read.wildcard_reasons.Read", "no statement Read is open to everything. Take the reason out.")
    ]
    assert policies({**READ, "Effect": "Deny", "Resource": "*"}) == []


def test_a_policy_that_is_too_long_or_empty() -> None:
    long = {**READ, "Resource": [f"arn:aws:s3:::b/{number:0100}" for number in range(60)]}
    ((where, message),) = policies(long)
    assert where == "read.statements"
    assert "characters without white space, IAM takes 6144. Divide it into two policies." in message
    assert policies() == [("read.statements", "a policy needs a list of statements.")]


def test_two_statements_with_one_sid_and_two_policies_with_one_name() -> None:
    assert policies(READ, READ) == [("read.statements.1", "two statements have the Sid Read.")]
    nameless = {name: value for name, value in READ.items() if name != "Sid"}
    assert policies(nameless, nameless) == []
    both = {"a": {"name": "Read", "statements": [READ]}, "b": {"name": "READ", "statements": [READ]}}
    assert [problem.path for problem in RULES["irsa_policies"](both, VARIABLES)] == [["b", "name"]]


@pytest.mark.parametrize("action", ["s3:GetObject", "S3:getobject", "s3:Get*", "s3:*", "ec2:Describe?ags", "*"])
def test_actions_that_iam_knows(action: str) -> None:
    assert iam_actions.unknown(action) is None
