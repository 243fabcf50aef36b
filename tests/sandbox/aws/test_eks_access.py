"""Access entries, policies, tokens, and what the Kubernetes side reads of them."""

from __future__ import annotations

import datetime
from typing import Any

import boto3
import botocore.auth
import pytest
from botocore.signers import RequestSigner
from moto.core.utils import utcnow
from moto.eks.models import eks_backends
from moto.sts.models import sts_backends

from piksel_sandbox.aws.eks import queries
from piksel_sandbox.aws.eks.token import TokenError, caller_of_token
from sandbox.aws.support import ACCOUNT, ADMIN_POLICY, REGION, Account, Ref, eventually, refused

NAME = "piksel-dev"
VIEW_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


@pytest.fixture
def cluster(account: Account) -> Account:
    """An account with an active cluster."""
    account.cluster()
    return account


def ref() -> Ref:
    """The reference to the cluster that the backend made."""
    return eks_backends[ACCOUNT][REGION].clusters[NAME].ref


def test_a_standard_entry_gets_the_session_name_as_user(cluster: Account) -> None:
    role = cluster.role("admin", path="/aws-reserved/sso.amazonaws.com/ap-southeast-3/")
    made = cluster.eks.create_access_entry(clusterName=NAME, principalArn=role, tags={"a": "b"})["accessEntry"]
    assert made["type"] == "STANDARD"
    assert made["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/{{{{SessionName}}}}"
    assert made["kubernetesGroups"] == []
    assert cluster.eks.describe_access_entry(clusterName=NAME, principalArn=role)["accessEntry"] == made
    cluster.eks.update_access_entry(clusterName=NAME, principalArn=role, kubernetesGroups=["ops"], username="op")
    changed = cluster.eks.describe_access_entry(clusterName=NAME, principalArn=role)["accessEntry"]
    assert (changed["kubernetesGroups"], changed["username"]) == (["ops"], "op")
    cluster.eks.delete_access_entry(clusterName=NAME, principalArn=role)
    with refused("ResourceNotFoundException", "The specified principalArn could not be found."):
        cluster.eks.describe_access_entry(clusterName=NAME, principalArn=role)


def test_a_node_entry_is_made_by_type_alone(cluster: Account) -> None:
    role = cluster.role("node", "ec2.amazonaws.com")
    entry = {"clusterName": NAME, "principalArn": role}
    with refused("InvalidParameterException", "cannot be set for type EC2_LINUX"):
        cluster.eks.create_access_entry(**entry, type="EC2_LINUX", kubernetesGroups=["x"])
    made = cluster.eks.create_access_entry(**entry, type="EC2_LINUX")["accessEntry"]
    assert made["username"] == "system:node:{{EC2PrivateDNSName}}"
    assert made["kubernetesGroups"] == ["system:nodes"]
    with refused("InvalidRequestException", "type EC2_LINUX"):
        cluster.eks.associate_access_policy(**entry, policyArn=ADMIN_POLICY, accessScope={"type": "cluster"})
    with refused("InvalidRequestException", "type EC2_LINUX"):
        cluster.eks.update_access_entry(**entry, kubernetesGroups=["x"])


def test_entries_that_are_refused(cluster: Account) -> None:
    role = cluster.role("admin")
    for request, text in (
        ({"principalArn": f"{role}-not-there"}, "The specified principalArn is invalid: invalid principal."),
        ({"principalArn": "arn:aws:iam::aws:role/x"}, "invalid principal"),
        ({"kubernetesGroups": ["system:masters"]}, "The kubernetes group name system:masters is invalid"),
        ({"username": "system:admin"}, "cannot start with system:"),
        ({"type": "EC2_MAC"}, "type parameter value EC2_MAC is invalid"),
    ):
        with refused("InvalidParameterException", text):
            cluster.eks.create_access_entry(**{"clusterName": NAME, "principalArn": role, **request})
    cluster.eks.create_access_entry(clusterName=NAME, principalArn=role)
    with refused("ResourceInUseException", "already in use on this cluster"):
        cluster.eks.create_access_entry(clusterName=NAME, principalArn=role)
    with refused("ResourceNotFoundException", "No cluster found for name: other"):
        cluster.eks.create_access_entry(clusterName="other", principalArn=role)


def test_entries_need_an_authentication_mode_that_knows_them(account: Account) -> None:
    account.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    with refused("InvalidRequestException", "must be set to one of [API, API_AND_CONFIG_MAP]"):
        account.eks.list_access_entries(clusterName=NAME)


def test_policies_are_associated_by_scope(cluster: Account) -> None:
    role = cluster.role("admin")
    entry = {"clusterName": NAME, "principalArn": role}
    cluster.eks.create_access_entry(**entry)
    cluster.eks.associate_access_policy(**entry, policyArn=ADMIN_POLICY, accessScope={"type": "cluster"})
    scope = {"type": "namespace", "namespaces": ["argo", "team-*"]}
    made = cluster.eks.associate_access_policy(**entry, policyArn=VIEW_POLICY, accessScope=scope)
    assert made["associatedAccessPolicy"]["accessScope"] == scope
    found = cluster.eks.list_associated_access_policies(**entry)["associatedAccessPolicies"]
    assert {item["policyArn"]: item["accessScope"]["type"] for item in found} == {
        ADMIN_POLICY: "cluster",
        VIEW_POLICY: "namespace",
    }
    assert cluster.eks.list_access_entries(clusterName=NAME, associatedPolicyArn=VIEW_POLICY)["accessEntries"] == [role]
    cluster.eks.disassociate_access_policy(**entry, policyArn=VIEW_POLICY)
    with refused("ResourceNotFoundException", "policyArn could not be found"):
        cluster.eks.disassociate_access_policy(**entry, policyArn=VIEW_POLICY)
    assert cluster.eks.list_access_entries(clusterName=NAME, associatedPolicyArn=VIEW_POLICY)["accessEntries"] == []


@pytest.mark.parametrize(
    ("policy", "scope"),
    [
        ("arn:aws:eks::aws:cluster-access-policy/None", {"type": "cluster"}),
        ("arn:aws:iam::aws:policy/AdministratorAccess", {"type": "cluster"}),
        (VIEW_POLICY, {"type": "namespace"}),
        (VIEW_POLICY, {"type": "namespace", "namespaces": ["Not_Valid"]}),
        (VIEW_POLICY, {"type": "cluster", "namespaces": ["argo"]}),
    ],
)
def test_policies_and_scopes_that_are_refused(cluster: Account, policy: str, scope: dict[str, Any]) -> None:
    entry = {"clusterName": NAME, "principalArn": cluster.role("admin")}
    cluster.eks.create_access_entry(**entry)
    with pytest.raises(cluster.eks.exceptions.InvalidParameterException):
        cluster.eks.associate_access_policy(**entry, policyArn=policy, accessScope=scope)


def test_the_catalogue_of_policies_comes_in_pages(account: Account) -> None:
    pages = account.eks.get_paginator("list_access_policies").paginate(PaginationConfig={"PageSize": 5})
    names = [policy["name"] for page in pages for policy in page["accessPolicies"]]
    assert {"AmazonEKSClusterAdminPolicy", "AmazonEKSViewPolicy"} <= set(names)
    assert len(names) == len(set(names))


def test_the_kubernetes_side_reads_entries_with_their_policies(cluster: Account) -> None:
    role = cluster.role("admin")
    cluster.eks.create_access_entry(clusterName=NAME, principalArn=role, kubernetesGroups=["ops"])
    cluster.eks.associate_access_policy(
        clusterName=NAME, principalArn=role, policyArn=ADMIN_POLICY, accessScope={"type": "cluster"}
    )
    (entry,) = queries.access_entries(ref())
    assert (entry["principalArn"], entry["kubernetesGroups"]) == (role, ["ops"])
    assert entry["associatedAccessPolicies"][0]["accessScope"] == {"type": "cluster", "namespaces": []}
    assert queries.cluster(ref())["name"] == NAME
    old, gone = Ref(ACCOUNT, REGION, NAME, "another"), Ref("000000000000", REGION, NAME, "x")
    for absent in (old, gone):
        assert queries.cluster(absent) is None
        for query in (queries.access_entries, queries.addons, queries.fargate_profiles, queries.nodegroups):
            assert query(absent) == []
    assert "000000000000" not in eks_backends


def presigned(account: Account, cluster_name: str, seconds: int = 60, action: str = "GetCallerIdentity") -> str:
    """The URL inside a token of this account's credentials, as the AWS CLI makes it."""
    keys = account.credentials
    session = boto3.Session(keys["aws_access_key_id"], keys["aws_secret_access_key"], keys["aws_session_token"], REGION)
    client = session.client("sts", endpoint_url=account.url)
    signer = RequestSigner(
        client.meta.service_model.service_id, REGION, "sts", "v4", session.get_credentials(), session.events
    )
    request = {
        "method": "GET",
        "url": f"{account.url}/?Action={action}&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster_name},
        "context": {},
    }
    return signer.generate_presigned_url(request, operation_name="", region_name=REGION, expires_in=seconds)


@pytest.fixture
def caller(account: Account) -> Account:
    """A session of a role with a path."""
    return account.session(account.role("admin", path="/aws-reserved/sso.amazonaws.com/"))


def test_a_token_tells_its_caller(caller: Account) -> None:
    found = caller_of_token(presigned(caller, NAME), NAME)
    assert found["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/me@example.org"
    assert found["account"] == ACCOUNT
    assert found["user_id"].endswith(":me@example.org")


def test_a_token_of_a_user(account: Account) -> None:
    account.iam.create_user(UserName="robot")
    key = account.iam.create_access_key(UserName="robot")["AccessKey"]
    user = Account(account.url, key["AccessKeyId"], key["SecretAccessKey"])
    assert caller_of_token(presigned(user, NAME), NAME)["arn"] == f"arn:aws:iam::{ACCOUNT}:user/robot"
    account.iam.update_access_key(UserName="robot", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(TokenError, match="unknown access key"):
        caller_of_token(presigned(user, NAME), NAME)


def test_tokens_that_are_refused(caller: Account) -> None:
    url = presigned(caller, NAME)
    wrong = Account(
        caller.url, caller.credentials["aws_access_key_id"], "w" * 40, caller.credentials["aws_session_token"]
    )
    none = Account(caller.url, "ASIAAAAAAAAAAAAAAAAA", "w" * 40, "token")
    for bad, text in (
        (presigned(caller, "other"), "signature does not match"),
        (presigned(wrong, NAME), "signature does not match"),
        (presigned(none, NAME), "unknown access key"),
        (presigned(caller, NAME, seconds=3600), "expired"),
        (presigned(caller, NAME, action="AssumeRole"), "not a GetCallerIdentity request"),
        (url + "&Extra=1", "unexpected query parameter"),
        (url + "&Action=GetCallerIdentity", "unexpected query parameter"),
        (url.replace("x-k8s-aws-id", "x-other"), "signed headers"),
        (f"{caller.url}/?Action=GetCallerIdentity", "signed headers"),
        ("nonsense", "not a GetCallerIdentity request"),
    ):
        with pytest.raises(TokenError, match=text):
            caller_of_token(bad, NAME)


@pytest.mark.parametrize(("seconds", "text"), [(-16 * 60, "expired"), (10 * 60, "future")])
def test_an_old_token_and_one_of_the_future_are_refused(
    caller: Account, seconds: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shifted = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: shifted)
    url = presigned(caller, NAME)
    monkeypatch.undo()
    with pytest.raises(TokenError, match=text):
        caller_of_token(url, NAME)


def test_an_expired_session_is_refused(caller: Account) -> None:
    url = presigned(caller, NAME)
    for session in sts_backends[ACCOUNT]["aws"].assumed_roles:
        session.expiration = utcnow()
    with pytest.raises(TokenError, match="security token has expired"):
        eventually(lambda: caller_of_token(url, NAME), lambda _: False, seconds=0.5)
