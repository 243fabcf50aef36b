"""The evaluator that judges what identities may do, against cases whose answer IAM's documentation gives."""

from __future__ import annotations

import pytest

from iam_evaluator import allows, names

OBJECTS = "arn:aws:s3:::b/*"
ONE = "arn:aws:s3:::b/k"


def policy(*statements: dict) -> list[dict]:
    """Policies of one document; what a statement leaves out is: allow s3:GetObject on the objects of b."""
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS}
    return [{"Version": "2012-10-17", "Statement": [{**whole, **one} for one in statements]}]


@pytest.mark.parametrize(
    ("documents", "action", "resource", "allowed"),
    [
        (policy({}), "s3:GetObject", ONE, True),
        (policy({}), "S3:getobject", ONE, True),
        (policy({}), "s3:GetObjectAcl", ONE, False),
        (policy({}), "s3:GetObject", "arn:aws:s3:::bb/k", False),
        (policy({}), "s3:GetObject", "arn:aws:s3:::b", False),
        (policy({}), "s3:GetObject", "arn:aws:s3:::B/k", False),
        (policy({"Action": ["s3:Get*", "s3:Put?bject"]}), "s3:PutObject", ONE, True),
        (policy({"Action": "s3:*", "Resource": "*"}), "s3:DeleteBucket", "arn:aws:s3:::other", True),
        (policy({}, {"Effect": "Deny"}), "s3:GetObject", ONE, False),
        (policy({"Effect": "Deny", "Resource": "arn:aws:s3:::b/secret"}, {}), "s3:GetObject", ONE, True),
        (policy({"Effect": "Deny"}), "s3:PutObject", ONE, False),
        ([*policy({}), *policy({"Effect": "Deny", "Action": "s3:*"})], "s3:GetObject", ONE, False),
        ([], "s3:GetObject", ONE, False),
    ],
)
def test_what_policies_allow(documents: list[dict], action: str, resource: str, allowed: bool) -> None:
    assert allows(documents, action, resource) is allowed


def test_negated_elements() -> None:
    everything_else = [{"Statement": {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b/*"}}]
    assert allows(everything_else, "s3:GetObject", "arn:aws:s3:::c/k")
    assert not allows(everything_else, "s3:GetObject", ONE)
    assert not allows(everything_else, "iam:CreateUser", "*")


@pytest.mark.parametrize(
    ("condition", "context", "allowed"),
    [
        ({"StringEquals": {"aws:RequestTag/Owner": "me"}}, {"aws__RequestTag___Owner": "me"}, True),
        ({"StringEquals": {"aws:RequestTag/Owner": "me"}}, {"aws__RequestTag___Owner": "you"}, False),
        ({"StringEquals": {"aws:RequestTag/Owner": "me"}}, {}, False),
        ({"StringLike": {"aws:RequestTag/Owner": ["m*", "y*"]}}, {"aws__RequestTag___Owner": "you"}, True),
        ({"Bool": {"kms:GrantIsForAWSResource": "true"}}, {"kms__GrantIsForAWSResource": "true"}, True),
        ({"Bool": {"kms:GrantIsForAWSResource": "true"}}, {}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:eks:*:1:*"}}, {"aws__SourceArn": "arn:aws:eks:r:1:x"}, True),
        ({"Null": {"aws:RequestTag/Owner": "true"}}, {}, True),
        ({"NoSuchOperator": {"aws:SourceArn": "x"}}, {"aws__SourceArn": "x"}, False),
        ({"StringEquals": {"a:b": "1"}, "Bool": {"c:d": "true"}}, {"a__b": "1"}, False),
    ],
)
def test_conditions(condition: dict, context: dict, allowed: bool) -> None:
    assert allows(policy({"Condition": condition}), "s3:GetObject", ONE, **context) is allowed


def test_actions_that_no_statement_speaks_of() -> None:
    assert names(policy({"Action": ["s3:Get*"]}), "s3:GetObject")
    assert not names(policy({"Action": ["s3:Get*"]}), "s3:PutObject")
    assert names([{"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}], "s3:PutObject")


def test_a_denial_whose_condition_nobody_understands_denies() -> None:
    deny = {"Effect": "Deny", "Condition": {"NoSuchOperator": {"aws:SourceArn": "x"}}}
    assert not allows(policy({}, deny), "s3:GetObject", ONE)
