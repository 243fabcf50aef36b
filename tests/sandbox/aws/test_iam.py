"""What IAM refuses and moto would not: names, attached policies, quotas; audiences of OIDC providers."""

from __future__ import annotations

import json

import pytest

from sandbox.aws.support import ACCOUNT, Account, refused


def document(*resources: str) -> str:
    """A policy on these objects, as JSON text."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": list(resources)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


LONG = document(*(f"arn:aws:s3:::bucket/{number:0100}" for number in range(60)))


def test_names_of_policies_are_unique_whatever_case_and_path(account: Account) -> None:
    account.iam.create_policy(PolicyName="Reader", Path="/a/", PolicyDocument=document("arn:aws:s3:::b/*"))
    with refused("EntityAlreadyExists", "A policy called reader already exists"):
        account.iam.create_policy(PolicyName="reader", PolicyDocument=document("arn:aws:s3:::b/*"))


def test_a_policy_goes_only_when_nobody_has_it_and_one_version_is_left(account: Account) -> None:
    arn = account.iam.create_policy(PolicyName="reader", PolicyDocument=document("arn:aws:s3:::b/*"))["Policy"]["Arn"]
    account.role("holder")
    for _twice in range(2):
        account.iam.attach_role_policy(RoleName="holder", PolicyArn=arn)
    with refused("DeleteConflict", "attached to entities"):
        account.iam.delete_policy(PolicyArn=arn)
    account.iam.detach_role_policy(RoleName="holder", PolicyArn=arn)
    account.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("arn:aws:s3:::c/*"))
    with refused("DeleteConflict", "more than one version"):
        account.iam.delete_policy(PolicyArn=arn)
    account.iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    account.iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity", "not found"):
        account.iam.get_policy(PolicyArn=arn)


def test_versions_are_listed_without_documents(account: Account) -> None:
    arn = account.iam.create_policy(PolicyName="reader", PolicyDocument=document("arn:aws:s3:::b/*"))["Policy"]["Arn"]
    account.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("arn:aws:s3:::c/*"), SetAsDefault=True)
    versions = account.iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"], "Document" in one) for one in versions] == [
        ("v1", False, False),
        ("v2", True, False),
    ]


def test_documents_have_a_length(account: Account) -> None:
    with refused("LimitExceeded", "PolicySize: 6144"):
        account.iam.create_policy(PolicyName="long", PolicyDocument=LONG)
    arn = account.iam.create_policy(PolicyName="short", PolicyDocument=document("arn:aws:s3:::b/*"))["Policy"]["Arn"]
    with refused("LimitExceeded", "PolicySize: 6144"):
        account.iam.create_policy_version(PolicyArn=arn, PolicyDocument=LONG)
    with refused("LimitExceeded", "ACLSizePerRole: 2048"):
        account.iam.create_role(RoleName="long", AssumeRolePolicyDocument=LONG)
    account.role("short")
    with refused("LimitExceeded", "ACLSizePerRole: 2048"):
        account.iam.update_assume_role_policy(RoleName="short", PolicyDocument=LONG)


def test_a_role_takes_ten_policies(account: Account) -> None:
    account.role("holder")
    for number in range(11):
        made = account.iam.create_policy(PolicyName=f"p{number}", PolicyDocument=document("arn:aws:s3:::b/*"))
        if number < 10:
            account.iam.attach_role_policy(RoleName="holder", PolicyArn=made["Policy"]["Arn"])
    with refused("LimitExceeded", "PoliciesPerRole: 10"):
        account.iam.attach_role_policy(RoleName="holder", PolicyArn=made["Policy"]["Arn"])


def test_a_role_leaves_an_instance_profile_once(account: Account) -> None:
    account.role("holder")
    account.iam.create_instance_profile(InstanceProfileName="profile")
    account.iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="holder")
    account.iam.remove_role_from_instance_profile(InstanceProfileName="profile", RoleName="holder")
    with refused("NoSuchEntity", "not found"):
        account.iam.remove_role_from_instance_profile(InstanceProfileName="profile", RoleName="holder")


@pytest.mark.requirement("IAM-01")
def test_audiences_of_a_provider_come_and_go(account: Account) -> None:
    arn = account.iam.create_open_id_connect_provider(Url="https://issuer.example.org/id/1", ClientIDList=["a"])[
        "OpenIDConnectProviderArn"
    ]
    assert arn == f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example.org/id/1"
    for _twice in range(2):
        account.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    found = account.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["ClientIDList"] == ["a", "b"]
    # IAM looks up the thumbprint where none is given.
    assert [len(one) for one in found["ThumbprintList"]] == [40]
    for _twice in range(2):
        account.iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    assert account.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["b"]
    with refused("EntityAlreadyExists", ""):
        account.iam.create_open_id_connect_provider(Url="https://issuer.example.org/id/1", ClientIDList=["a"])
