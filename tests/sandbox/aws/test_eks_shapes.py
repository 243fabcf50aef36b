"""Every operation that we serve answers in the shape of botocore's model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from moto.core.utils import get_service_model

from piksel_sandbox.aws.eks.responses import EKSResponse
from sandbox.aws.support import ADMIN_POLICY, Account, eventually, problems

NAME = "piksel-dev"
MODEL = get_service_model("eks")
SERVED = {name for name in MODEL.operation_names if hasattr(EKSResponse, xform_name(name))}
# Operations of EKS that the platform has no use for: capabilities, EKS Anywhere, registered clusters, own authorities.
NOT_SERVED = {
    "ActivateCertificateAuthority", "CancelUpdate", "CreateCapability", "CreateCertificateAuthority",
    "CreateEksAnywhereSubscription", "DeleteCapability", "DeleteCertificateAuthority",
    "DeleteEksAnywhereSubscription", "DeregisterCluster", "DescribeCapability", "DescribeCertificateAuthority",
    "DescribeEksAnywhereSubscription", "ListCapabilities", "ListCertificateAuthorities",
    "ListEksAnywhereSubscriptions", "RegisterCluster", "UpdateCapability", "UpdateEksAnywhereSubscription",
}  # fmt: skip


def test_what_is_served_is_all_but_the_named() -> None:
    assert set(MODEL.operation_names) - SERVED == NOT_SERVED


def test_every_operation_answers_in_its_shape(account: Account) -> None:
    account.answers.operations.clear()
    eks, cluster = account.eks, {"clusterName": NAME}
    _, private, _ = account.network()
    account.cluster(resourcesVpcConfig={"subnetIds": private}, bootstrapSelfManagedAddons=False)
    assert eks.list_clusters()["clusters"] == [NAME]
    arn = eks.describe_cluster(name=NAME)["cluster"]["arn"]
    _settled(account, lambda: eks.update_cluster_version(name=NAME, version="1.35"))
    _settled(account, lambda: eks.update_cluster_config(name=NAME, zonalShiftConfig={"enabled": True}))
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    _settled(account, lambda: eks.associate_encryption_config(**cluster, encryptionConfig=config))
    eks.describe_update(name=NAME, updateId=eks.list_updates(name=NAME)["updateIds"][0])
    eks.describe_cluster_versions()
    eks.tag_resource(resourceArn=arn, tags={"a": "b"})
    eks.list_tags_for_resource(resourceArn=arn)
    eks.untag_resource(resourceArn=arn, tagKeys=["a"])
    _access(account, cluster)
    _software(account, cluster)
    _compute(account, cluster, private)
    eks.delete_cluster(name=NAME)
    assert account.answers.operations == SERVED


def _settled(account: Account, call: Callable[[], Any]) -> Any:
    result = call()
    account.until(NAME, "ACTIVE")
    return result


def _access(account: Account, cluster: dict[str, str]) -> None:
    eks, entry = account.eks, {**cluster, "principalArn": account.role("admin")}
    eks.create_access_entry(**entry)
    eks.update_access_entry(**entry, kubernetesGroups=["ops"])
    eks.describe_access_entry(**entry)
    eks.list_access_entries(**cluster)
    eks.list_access_policies()
    eks.associate_access_policy(**entry, policyArn=ADMIN_POLICY, accessScope={"type": "cluster"})
    eks.list_associated_access_policies(**entry)
    eks.disassociate_access_policy(**entry, policyArn=ADMIN_POLICY)
    eks.delete_access_entry(**entry)


def _software(account: Account, cluster: dict[str, str]) -> None:
    eks, addon = account.eks, {**cluster, "addonName": "coredns"}
    version = eks.describe_addon_versions(addonName="coredns")["addons"][0]["addonVersions"][0]["addonVersion"]
    eks.describe_addon_configuration(addonName="coredns", addonVersion=version)
    eks.create_addon(**addon)
    eventually(lambda: eks.describe_addon(**addon)["addon"], _is_active)
    eks.update_addon(**addon, resolveConflicts="OVERWRITE")
    eventually(lambda: eks.describe_addon(**addon)["addon"], _is_active)
    eks.list_addons(**cluster)
    eks.delete_addon(**addon)
    role = account.role("sa", "pods.eks.amazonaws.com")
    made = eks.create_pod_identity_association(**cluster, namespace="n", serviceAccount="s", roleArn=role)
    one = {**cluster, "associationId": made["association"]["associationId"]}
    eks.describe_pod_identity_association(**one)
    eks.update_pod_identity_association(**one, disableSessionTags=True)
    eks.list_pod_identity_associations(**cluster)
    eks.delete_pod_identity_association(**one)
    oidc = {"identityProviderConfigName": "idp", "issuerUrl": "https://idp.example.org", "clientId": "c"}
    provider = {**cluster, "identityProviderConfig": {"type": "oidc", "name": "idp"}}
    _settled(account, lambda: eks.associate_identity_provider_config(**cluster, oidc=oidc))
    eks.describe_identity_provider_config(**provider)
    eks.list_identity_provider_configs(**cluster)
    _settled(account, lambda: eks.disassociate_identity_provider_config(**provider))
    insights = eks.list_insights(**cluster)["insights"]
    eks.describe_insight(**cluster, id=insights[0]["id"])
    eks.start_insights_refresh(**cluster)
    eks.describe_insights_refresh(**cluster)


def _compute(account: Account, cluster: dict[str, str], subnets: list[str]) -> None:
    eks, group = account.eks, {**cluster, "nodegroupName": "system"}
    eks.create_nodegroup(**group, subnets=subnets, nodeRole=account.role("node", "ec2.amazonaws.com"))
    eventually(lambda: eks.describe_nodegroup(**group)["nodegroup"], _is_active)
    eks.update_nodegroup_config(**group, scalingConfig={"maxSize": 3})
    eventually(lambda: eks.describe_nodegroup(**group)["nodegroup"], _is_active)
    eks.update_nodegroup_version(**group)
    eventually(lambda: eks.describe_nodegroup(**group)["nodegroup"], _is_active)
    eks.list_nodegroups(**cluster)
    eks.delete_nodegroup(**group)
    profile = {**cluster, "fargateProfileName": "p"}
    role = account.role("pods", "eks-fargate-pods.amazonaws.com")
    eks.create_fargate_profile(**profile, podExecutionRoleArn=role, selectors=[{"namespace": "x"}])
    eventually(lambda: eks.describe_fargate_profile(**profile)["fargateProfile"], _is_active)
    eks.list_fargate_profiles(**cluster)
    eks.delete_fargate_profile(**profile)
    eventually(lambda: eks.list_fargate_profiles(**cluster)["fargateProfileNames"], lambda found: not found)
    eventually(lambda: eks.list_nodegroups(**cluster)["nodegroups"], lambda found: not found)


def _is_active(found: dict[str, Any]) -> bool:
    return found["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"cluster": {"name": 1}}, ".cluster.name: 1 is no string"),
        ({"cluster": {"status": "SLEEPING"}}, "is none of"),
        ({"cluster": {"nothing": 1}}, ".cluster.nothing: unknown"),
        ({"cluster": {"tags": {"a": 1}}}, ".cluster.tags.a: 1 is no string"),
        ({"cluster": {"deletionProtection": "true"}}, "is no boolean"),
        ({"cluster": {"createdAt": True}}, "is no timestamp"),
        ({"cluster": {"outpostConfig": {}}}, ".cluster.outpostConfig.outpostArns: missing"),
        ({"cluster": {"health": {"issues": [{"code": "Bad"}]}}}, ".cluster.health.issues[0].code"),
    ],
)
def test_the_check_of_shapes_finds_what_is_wrong(answer: dict[str, Any], text: str) -> None:
    shape = MODEL.operation_model("DescribeCluster").output_shape
    assert any(text in found for found in problems(shape, answer, ""))


def test_wrong_requests_get_the_errors_of_the_model(account: Account) -> None:
    for name in SERVED:
        errors = {shape.name for shape in MODEL.operation_model(name).error_shapes}
        assert errors, name
    with pytest.raises(account.eks.exceptions.ResourceNotFoundException) as caught:
        account.eks.describe_cluster(name="none")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert caught.value.response["clusterName"] == "none"
