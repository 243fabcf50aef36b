"""Policies, the OIDC provider, Pod Identity associations: what waits for consent, adoption, refusals, deletion."""

from __future__ import annotations

import json

import pytest

from integration.estate import CLUSTER, Platform
from integration.estate_identity import POD_TRUST, policy

READER = {"name": "reader", "document": policy("s3:GetObject")}
OTHER = json.dumps(policy("s3:*"))
ISSUER = "https://issuer.example.org/id/1"


def names(result: dict, held: bool = False) -> list[tuple[str, str, list[str]]]:
    """(action, key, paths) of a result's operations; those that wait have their consent word in place of the key."""
    return [
        (one["action"], one["consent"] if held else one["key"], [change["path"] for change in one["changes"]])
        for one in result["held" if held else "operations"]
    ]


def policies(platform: Platform, check: bool = False, consent: tuple[str, ...] = (), **wanted: dict) -> dict:
    """Reconcile exactly these policies; no failure."""
    result = platform.call("iam_policies", {"policies": wanted, "consent": list(consent)}, check)
    assert not result.get("failed"), result
    return result


def arn_of(platform: Platform, path: str = "/") -> str:
    """The ARN of the policy `reader`."""
    return f"arn:aws:iam::{platform.account}:policy{path}reader"


def holders(platform: Platform) -> list[str]:
    """Names of the roles and users that have the policy."""
    found = platform.client("iam").list_entities_for_policy(PolicyArn=arn_of(platform))
    return [one["RoleName"] for one in found["PolicyRoles"]] + [one["UserName"] for one in found["PolicyUsers"]]


@pytest.mark.requirement("IAM-02")
def test_a_version_that_says_it_already_is_made_the_default_again(platform: Platform) -> None:
    policies(platform, reader=READER)
    iam, arn = platform.client("iam"), arn_of(platform)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER, SetAsDefault=True)
    platform.cloud.clear_calls()
    assert names(policies(platform, reader=READER)) == [("update", "core.reader", ["document"])]
    assert platform.writes() == ["iam:SetDefaultPolicyVersion"]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"


def test_the_oldest_version_without_effect_makes_room(platform: Platform) -> None:
    policies(platform, reader=READER)
    iam, arn = platform.client("iam"), arn_of(platform)
    for number in range(4):
        document = json.dumps(policy("s3:GetObject", resource=f"arn:aws:s3:::theirs-{number}/*"))
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document)
    platform.cloud.clear_calls()
    changed = {**READER, "document": policy("s3:GetObjectAcl")}
    assert names(policies(platform, reader=changed)) == [("update", "core.reader", ["document"])]
    assert platform.writes() == ["iam:DeletePolicyVersion", "iam:CreatePolicyVersion"]
    versions = {
        one["VersionId"]: one["IsDefaultVersion"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]
    }
    assert versions == {"v1": False, "v3": False, "v4": False, "v5": False, "v6": True}


def test_a_version_whose_answer_was_lost_is_not_made_twice(platform: Platform) -> None:
    policies(platform, reader=READER)
    platform.cloud.add_fault("reset-after", operation="iam:CreatePolicyVersion", times=1, caller="run")
    policies(platform, reader={**READER, "document": policy("s3:GetObjectAcl")})
    assert platform.cloud.faults()[0]["acted"]
    assert len(platform.client("iam").list_policy_versions(PolicyArn=arn_of(platform))["Versions"]) == 2


def test_an_unwanted_policy_goes_with_consent_and_is_taken_from_its_holders(platform: Platform) -> None:
    policies(platform, reader=READER)
    iam = platform.client("iam")
    iam.create_role(RoleName="holder", AssumeRolePolicyDocument=json.dumps(POD_TRUST))
    iam.attach_role_policy(RoleName="holder", PolicyArn=arn_of(platform))
    iam.create_user(UserName="somebody")
    iam.attach_user_policy(UserName="somebody", PolicyArn=arn_of(platform))
    iam.create_policy_version(PolicyArn=arn_of(platform), PolicyDocument=OTHER)
    word = "delete:iam_policy/core.reader"
    assert names(policies(platform), held=True) == [("delete", word, [""])]
    assert holders(platform) == ["holder", "somebody"]
    assert names(policies(platform, consent=(word,))) == [("delete", "core.reader", [""])]
    assert iam.list_attached_role_policies(RoleName="holder")["AttachedPolicies"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert policies(platform)["held"] == []


def test_what_only_a_new_policy_can_be_given_is_held_and_a_replaced_policy_goes_back_to_its_holders(
    platform: Platform,
) -> None:
    policies(platform, reader=READER)
    iam = platform.client("iam")
    ours = [{"Key": "piksel-platform/key", "Value": "iam_role/core.holder"}]
    iam.create_role(RoleName="holder", AssumeRolePolicyDocument=json.dumps(POD_TRUST), Tags=ours)
    iam.attach_role_policy(RoleName="holder", PolicyArn=arn_of(platform))
    described = {**READER, "description": "What readers may do"}
    word = "replace:iam_policy/core.reader"
    assert names(policies(platform, reader=described), held=True) == [("replace", word, ["description"])]
    replaced = policies(platform, reader=described, consent=(word,))
    assert names(replaced) == [("replace", "core.reader", ["description"])]
    assert holders(platform) == ["holder"]
    assert policies(platform, reader=described)["operations"] == []


def test_a_replacement_that_others_would_pay_for_is_refused_before_any_write(platform: Platform) -> None:
    """What hangs on it would be lost for good if the run died between the two policies, and IAM keeps a boundary."""
    policies(platform, reader=READER)
    iam = platform.client("iam")
    trust = json.dumps(POD_TRUST)
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName="theirs", PolicyArn=arn_of(platform))
    iam.create_role(RoleName="bounded", AssumeRolePolicyDocument=trust, PermissionsBoundary=arn_of(platform))
    written = platform.writes()
    described = {**READER, "description": "What readers may do"}
    word = "replace:iam_policy/core.reader"
    for check in (True, False):
        refused = platform.call("iam_policies", {"policies": {"reader": described}, "consent": [word]}, check)
        assert refused["failed"]
        assert "role theirs of somebody else has it attached" in refused["msg"]
        assert "role bounded has it as permissions boundary" in refused["msg"]
    bounded = platform.call("iam_policies", {"policies": {}, "consent": ["delete:iam_policy/core.reader"]})
    assert "role bounded has it as permissions boundary" in bounded["msg"]
    assert platform.writes() == written
    assert holders(platform) == ["theirs", "bounded"]


def test_a_policy_of_another_path_is_found_by_its_name_and_adopted(platform: Platform) -> None:
    iam = platform.client("iam")
    document = json.dumps(READER["document"])
    iam.create_policy(PolicyName="reader", Path="/theirs/", PolicyDocument=document)
    result = policies(platform, reader=READER)
    assert names(result) == [("update", "core.reader", ["tags.piksel-platform/key"])]
    assert names(result, held=True) == [("replace", "replace:iam_policy/core.reader", ["path"])]
    assert result["resources"]["reader"]["arn"] == arn_of(platform, "/theirs/")
    policies(platform, reader=READER, consent=("replace:iam_policy/core.reader",))
    assert [one["Arn"] for one in iam.list_policies(Scope="Local")["Policies"]] == [arn_of(platform)]


def test_a_document_that_is_too_long_is_refused_before_any_write(platform: Platform) -> None:
    long = policy("s3:GetObject")
    long["Statement"][0]["Resource"] = [f"arn:aws:s3:::bucket/{number:0100}" for number in range(60)]
    for check in (True, False):
        refused = platform.call(
            "iam_policies", {"policies": {"a": READER, "b": {"name": "long", "document": long}}}, check
        )
        assert "iam_policy long" in refused["msg"]
        assert "IAM takes 6144" in refused["msg"]
    assert platform.writes() == []


@pytest.mark.requirement("IAM-01")
def test_the_provider_of_a_cluster_that_was_made_anew_waits_to_go(platform: Platform) -> None:
    first = platform.call("iam_oidc_provider", {"url": ISSUER})
    again = platform.call("iam_oidc_provider", {"url": "https://issuer.example.org/id/2"})
    assert names(again) == [("create", "core.provider", ["url", "audiences", "tags.piksel-platform/key"])]
    word = "delete:iam_oidc_provider/core.provider"
    assert names(again, held=True) == [("delete", word, [""])]
    gone = platform.call("iam_oidc_provider", {"url": "https://issuer.example.org/id/2", "consent": [word]})
    assert names(gone) == [("delete", "core.provider", [""])]
    left = platform.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert [one["Arn"] for one in left] == [again["provider"]["arn"]]
    assert first["provider"]["arn"] != again["provider"]["arn"]


@pytest.mark.requirement("IAM-01", "OPS-14")
def test_a_provider_of_the_same_url_is_adopted_and_a_url_is_https(platform: Platform) -> None:
    platform.client("iam").create_open_id_connect_provider(Url=ISSUER, ClientIDList=["sts.amazonaws.com"])
    result = platform.call("iam_oidc_provider", {"url": f"{ISSUER}/"})
    assert names(result) == [("update", "core.provider", ["tags.piksel-platform/key"])]
    assert "must begin with https://" in platform.call("iam_oidc_provider", {"url": "http://x"})["msg"]


def test_a_url_that_is_not_known_yet_makes_an_arn_that_is_not_known_yet(platform: Platform) -> None:
    plan = platform.call(
        "iam_oidc_provider", {"url": "(known after apply: eks_cluster/x.cluster.oidc_issuer)"}, check=True
    )
    assert plan["provider"] == {
        "url": "(known after apply: eks_cluster/x.cluster.oidc_issuer)",
        "arn": "(known after apply: iam_oidc_provider/core.provider.arn)",
    }


@pytest.mark.requirement("IAM-05")
def test_associations_go_with_consent_and_those_of_an_addon_are_left_to_it(built: Platform, wanted: dict) -> None:
    built.converge()
    del wanted["eks_pod_identity_associations"]["associations"]["controller"]
    word = "delete:eks_pod_identity_association/core.controller"
    assert [one["consent"] for one in built.converge(wanted=wanted).held] == [word]
    gone = built.converge(wanted=wanted, consent=(word,))
    assert gone.names() == [("delete", "eks_pod_identity_association", [""])]

    role = f"arn:aws:iam::{built.account}:role/{CLUSTER}-pods"
    eks = built.client("eks")
    eks.create_addon(
        clusterName=CLUSTER,
        addonName="aws-ebs-csi-driver",
        podIdentityAssociations=[{"serviceAccount": "ebs-csi-controller-sa", "roleArn": role}],
    )
    wanted["eks_pod_identity_associations"]["associations"]["driver"] = {
        "namespace": "kube-system",
        "service_account": "ebs-csi-controller-sa",
        "role_arn": role,
    }
    built.cloud.clear_calls()
    assert "it belongs to the add-on" in built.go(wanted=wanted).message
    assert built.writes() == []
    eks.delete_addon(clusterName=CLUSTER, addonName="aws-ebs-csi-driver")


def test_an_association_waits_for_a_role_that_is_not_known_yet(platform: Platform) -> None:
    """Without a cluster every association is planned, whatever its role is."""
    options = {
        "cluster_name": "none",
        "associations": {
            "a": {"namespace": "n", "service_account": "s", "role_arn": "(known after apply: iam_role/x.arn)"}
        },
    }
    plan = platform.call("eks_pod_identity_associations", options, check=True)
    assert [one["object"] for one in plan["operations"]] == ["n/s"]
    assert plan["resources"]["a"]["arn"] == "(known after apply: eks_pod_identity_association/core.a.arn)"
