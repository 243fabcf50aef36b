"""Add-ons, Pod Identity, identity providers, insights, versions, tags."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from piksel_sandbox.kubernetes.addon_conflicts import conflict_issue
from sandbox.aws.support import ACCOUNT, Account, Planes, eventually, refused

NAME = "piksel-dev"
PENDING = [{"code": "InsufficientNumberOfReplicas", "message": "no pod runs", "resourceIds": []}]
CONFLICT = [conflict_issue(["ConfigMap coredns - .data.Corefile"])]
FARGATE_DNS = {
    "computeType": "Fargate",
    "autoScaling": {"enabled": True, "minReplicas": 4, "maxReplicas": 10},
    "resources": {"requests": {"cpu": "0.5", "memory": "256M"}, "limits": {"cpu": "1", "memory": "512M"}},
}


@pytest.fixture
def cluster(account: Account) -> Account:
    """An account with an active cluster that came without self-managed add-ons."""
    account.cluster(bootstrapSelfManagedAddons=False)
    return account


def addon(account: Account, name: str = "coredns") -> dict[str, Any]:
    """The add-on as it is now."""
    return account.eks.describe_addon(clusterName=NAME, addonName=name)["addon"]


def has(status: str) -> Any:
    """Whether something has this status."""
    return lambda found: found["status"] == status


@pytest.mark.parametrize(
    ("kubernetes", "versions"),
    [
        (
            "1.32",
            {
                "coredns": "v1.11.4-eksbuild.2",
                "kube-proxy": "v1.32.0-eksbuild.2",
                "vpc-cni": "v1.19.2-eksbuild.1",
            },
        ),
        (
            "1.34",
            {
                "coredns": "v1.13.2-eksbuild.4",
                "kube-proxy": "v1.34.6-eksbuild.2",
                "vpc-cni": "v1.21.1-eksbuild.7",
                "aws-ebs-csi-driver": "v1.57.1-eksbuild.1",
                "eks-pod-identity-agent": "v1.3.10-eksbuild.2",
            },
        ),
        (
            "1.36",
            {
                "coredns": "v1.14.3-eksbuild.3",
                "kube-proxy": "v1.36.0-eksbuild.13",
                "vpc-cni": "v1.22.3-eksbuild.1",
                "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
                "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
            },
        ),
    ],
)
def test_the_versions_of_the_environments_are_offered(
    account: Account, kubernetes: str, versions: dict[str, str]
) -> None:
    found = account.eks.describe_addon_versions(kubernetesVersion=kubernetes)["addons"]
    offered = {item["addonName"]: [version["addonVersion"] for version in item["addonVersions"]] for item in found}
    for name, version in versions.items():
        assert version in offered[name]


@pytest.mark.parametrize("kubernetes", ["1.32", "1.33", "1.34", "1.35", "1.36"])
def test_each_addon_has_one_default_per_kubernetes_version(account: Account, kubernetes: str) -> None:
    for item in account.eks.describe_addon_versions(kubernetesVersion=kubernetes)["addons"]:
        defaults = [
            version["addonVersion"]
            for version in item["addonVersions"]
            for fits in version["compatibilities"]
            if fits["clusterVersion"] == kubernetes and fits["defaultVersion"]
        ]
        assert len(defaults) == 1, item["addonName"]


def test_the_catalogue_is_filtered_and_paged(account: Account) -> None:
    (item,) = account.eks.describe_addon_versions(addonName="coredns")["addons"]
    assert (item["owner"], item["publisher"], item["defaultNamespace"]) == ("aws", "eks", "kube-system")
    pages = account.eks.get_paginator("describe_addon_versions").paginate(PaginationConfig={"PageSize": 3})
    names = [addon["addonName"] for page in pages for addon in page["addons"]]
    assert len(names) == len(set(names)) > 3
    assert account.eks.describe_addon_versions(types=["storage"], owners=["aws"])["addons"]
    assert account.eks.describe_addon_versions(owners=["aws-marketplace"])["addons"] == []
    with refused("ResourceNotFoundException", "none"):
        account.eks.describe_addon_versions(addonName="none")


def test_each_addon_has_a_schema_of_its_configuration(account: Account) -> None:
    for item in account.eks.describe_addon_versions()["addons"]:
        answer = account.eks.describe_addon_configuration(
            addonName=item["addonName"], addonVersion=item["addonVersions"][0]["addonVersion"]
        )
        jsonschema.Draft6Validator.check_schema(json.loads(answer["configurationSchema"]))
    with refused("InvalidParameterException", "version specified is not supported"):
        account.eks.describe_addon_configuration(addonName="coredns", addonVersion="v0")


def test_an_addon_is_as_healthy_as_its_pods(cluster: Account, planes: Planes) -> None:
    planes.health["coredns"] = PENDING
    made = cluster.eks.create_addon(clusterName=NAME, addonName="coredns", configurationValues=json.dumps(FARGATE_DNS))
    assert made["addon"]["status"] == "CREATING"
    assert ("changed", NAME) in planes.calls
    found = eventually(lambda: addon(cluster), has("DEGRADED"))
    assert found["health"]["issues"] == PENDING
    assert found["addonVersion"] == "v1.13.2-eksbuild.4"
    planes.health["coredns"] = []
    found = eventually(lambda: addon(cluster), has("ACTIVE"))
    assert found["health"] == {"issues": []}
    assert json.loads(found["configurationValues"]) == FARGATE_DNS
    planes.health["coredns"] = PENDING
    assert addon(cluster)["status"] == "DEGRADED"


def test_an_addon_is_updated_member_by_member(cluster: Account) -> None:
    role = cluster.role("cni")
    names = {"clusterName": NAME, "addonName": "vpc-cni"}
    cluster.eks.create_addon(**names, addonVersion="v1.21.1-eksbuild.7", serviceAccountRoleArn=role)
    eventually(lambda: addon(cluster, "vpc-cni"), has("ACTIVE"))
    update = cluster.eks.update_addon(**names, addonVersion="v1.22.3-eksbuild.1", resolveConflicts="OVERWRITE")
    assert {"type": "ResolveConflicts", "value": "OVERWRITE"} in update["update"]["params"]
    look = {"name": NAME, "addonName": "vpc-cni", "updateId": update["update"]["id"]}
    eventually(lambda: cluster.eks.describe_update(**look)["update"], has("Successful"))
    found = eventually(lambda: addon(cluster, "vpc-cni"), has("ACTIVE"))
    assert (found["addonVersion"], found["serviceAccountRoleArn"]) == ("v1.22.3-eksbuild.1", role)
    cluster.eks.update_addon(**names, configurationValues='{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}')
    found = eventually(lambda: addon(cluster, "vpc-cni"), has("ACTIVE"))
    assert found["configurationValues"] == '{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}'
    assert found["addonVersion"] == "v1.22.3-eksbuild.1"


def test_an_addon_is_busy_while_it_updates_and_goes_with_its_deletion(cluster: Account, hold: Any) -> None:
    names = {"clusterName": NAME, "addonName": "coredns"}
    cluster.eks.create_addon(**names)
    eventually(lambda: addon(cluster), has("ACTIVE"))
    with hold("eks::update"):
        cluster.eks.update_addon(**names, resolveConflicts="OVERWRITE")
        with refused("ResourceInUseException", "currently in UPDATING state"):
            cluster.eks.update_addon(**names)
    eventually(lambda: addon(cluster), has("ACTIVE"))
    with refused("ResourceInUseException", "Addon already exists."):
        cluster.eks.create_addon(**names)
    assert cluster.eks.delete_addon(**names)["addon"]["status"] == "DELETING"
    eventually(lambda: cluster.eks.list_addons(clusterName=NAME)["addons"], lambda found: not found)
    with refused("ResourceNotFoundException", f"No addon: coredns found in cluster: {NAME}"):
        addon(cluster)


def test_software_can_outlive_its_addon(cluster: Account, planes: Planes) -> None:
    cluster.eks.create_addon(clusterName=NAME, addonName="coredns")
    cluster.eks.delete_addon(clusterName=NAME, addonName="coredns", preserve=True)
    assert ("preserve", NAME, "coredns") in planes.calls


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"addonName": "none"}, "Addon specified is not supported"),
        ({"addonVersion": "v1.14.3-eksbuild.3"}, "Addon version specified is not supported"),
        ({"addonVersion": "latest"}, "Addon version specified is not supported"),
        ({"configurationValues": "[1"}, "invalid JSON or YAML"),
        ({"configurationValues": "null"}, "$: null found, object expected"),
        ({"configurationValues": '{"replicaCount": "two"}'}, "$.replicaCount: string found, integer expected"),
        ({"configurationValues": '{"nothing": 1}'}, "does not allow additional properties"),
        ({"serviceAccountRoleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}, "does not exist"),
        ({"podIdentityAssociations": [{"serviceAccount": "x", "roleArn": "y"}]}, "is not supported for addon"),
    ],
)
def test_addons_that_are_refused(cluster: Account, request_: dict[str, Any], text: str) -> None:
    with refused("InvalidParameterException", text):
        cluster.eks.create_addon(**{"clusterName": NAME, "addonName": "coredns", **request_})


@pytest.mark.parametrize("policy", [{}, {"resolveConflicts": "NONE"}, {"resolveConflicts": "PRESERVE"}])
def test_conflicts_with_self_managed_addons_are_not_resolved_unasked(account: Account, policy: dict[str, str]) -> None:
    """Also where no cluster runs that could tell; PRESERVE is like NONE here."""
    account.cluster()
    names = {"clusterName": NAME, "addonName": "coredns"}
    account.eks.create_addon(**names, configurationValues='{"replicaCount": 3}', **policy)
    found = eventually(lambda: addon(account), has("CREATE_FAILED"))
    assert found["health"]["issues"][0]["code"] == "ConfigurationConflict"
    account.eks.delete_addon(**names)
    eventually(lambda: account.eks.list_addons(clusterName=NAME)["addons"], lambda names: not names)
    account.eks.create_addon(**names, configurationValues='{"replicaCount": 3}', resolveConflicts="OVERWRITE")
    eventually(lambda: addon(account), has("ACTIVE"))


@pytest.mark.parametrize("bootstrapped", [True, False])
def test_a_cluster_comes_with_self_managed_addons_of_default_versions(
    account: Account, planes: Planes, bootstrapped: bool
) -> None:
    account.cluster(version="1.34", bootstrapSelfManagedAddons=bootstrapped)
    versions = {"vpc-cni": "v1.21.1-eksbuild.7", "kube-proxy": "v1.34.6-eksbuild.2", "coredns": "v1.13.2-eksbuild.4"}
    assert {item["addonName"]: item["addonVersion"] for item in planes.self_managed} == (
        versions if bootstrapped else {}
    )


def test_a_creation_ends_as_the_cluster_takes_it(account: Account, planes: Planes) -> None:
    planes.is_fake, planes.outcomes["coredns"] = False, None
    account.cluster()
    names = {"clusterName": NAME, "addonName": "coredns"}
    account.eks.create_addon(**names, configurationValues='{"replicaCount": 3}')
    time.sleep(0.2)
    assert addon(account)["status"] == "CREATING"
    planes.outcomes["coredns"] = CONFLICT
    found = eventually(lambda: addon(account), has("CREATE_FAILED"))
    assert found["health"]["issues"] == CONFLICT


def test_an_update_ends_as_the_cluster_takes_it(cluster: Account, planes: Planes) -> None:
    names = {"clusterName": NAME, "addonName": "coredns"}
    cluster.eks.create_addon(**names, configurationValues='{"replicaCount": 3}')
    before = eventually(lambda: addon(cluster), has("ACTIVE"))
    planes.outcomes["coredns"] = None
    change = {"configurationValues": '{"replicaCount": 4}', "addonVersion": "v1.13.1-eksbuild.1"}
    update = cluster.eks.update_addon(**names, **change)["update"]
    assert {"type": "ResolveConflicts", "value": "NONE"} in update["params"]
    look = {"name": NAME, "addonName": "coredns", "updateId": update["id"]}
    time.sleep(0.2)
    assert cluster.eks.describe_update(**look)["update"]["status"] == "InProgress"
    planes.outcomes["coredns"] = CONFLICT
    failed = eventually(lambda: cluster.eks.describe_update(**look)["update"], has("Failed"))
    (error,) = failed["errors"]
    assert (error["errorCode"], error["errorMessage"]) == ("ConfigurationConflict", CONFLICT[0]["message"])
    found = addon(cluster)
    assert (found["status"], found["health"]["issues"]) == ("UPDATE_FAILED", CONFLICT)
    assert [found[key] == before[key] for key in change] == [True, True]
    planes.outcomes["coredns"] = []
    cluster.eks.update_addon(**names, **change, resolveConflicts="PRESERVE")
    found = eventually(lambda: addon(cluster), has("ACTIVE"))
    assert [found[key] for key in change] == list(change.values())
    assert found["health"] == {"issues": []}


@pytest.mark.parametrize("operation", ["CreateAddon", "UpdateAddon", "DeleteAddon"])
def test_addons_can_fail(cluster: Account, failures: dict[str, str], operation: str) -> None:
    failures[operation] = "no"
    names = {"clusterName": NAME, "addonName": "coredns"}
    cluster.eks.create_addon(**names)
    if operation == "CreateAddon":
        assert eventually(lambda: addon(cluster), has("CREATE_FAILED"))["health"]["issues"][0]["message"] == "no"
        return
    eventually(lambda: addon(cluster), has("ACTIVE"))
    call = cluster.eks.update_addon if operation == "UpdateAddon" else cluster.eks.delete_addon
    call(**names)
    eventually(lambda: addon(cluster), has(f"{operation.removesuffix('Addon').upper()}_FAILED"))


def test_an_addon_owns_its_pod_identity_associations(cluster: Account) -> None:
    role = cluster.role("cni", "pods.eks.amazonaws.com")
    wanted = [{"serviceAccount": "aws-node", "roleArn": role}]
    cluster.eks.create_addon(clusterName=NAME, addonName="vpc-cni", podIdentityAssociations=wanted)
    (summary,) = cluster.eks.list_pod_identity_associations(clusterName=NAME)["associations"]
    assert addon(cluster, "vpc-cni")["podIdentityAssociations"] == [summary["associationArn"]]
    assert summary["ownerArn"] == addon(cluster, "vpc-cni")["addonArn"]
    with refused("InvalidParameterException", "is owned by"):
        cluster.eks.delete_pod_identity_association(clusterName=NAME, associationId=summary["associationId"])
    eventually(lambda: addon(cluster, "vpc-cni"), has("ACTIVE"))
    cluster.eks.delete_addon(clusterName=NAME, addonName="vpc-cni")
    eventually(lambda: cluster.eks.list_addons(clusterName=NAME)["addons"], lambda names: not names)
    assert cluster.eks.list_pod_identity_associations(clusterName=NAME)["associations"] == []


def test_pod_identity_associations(cluster: Account) -> None:
    role = cluster.role("dns", "pods.eks.amazonaws.com")
    wanted = {"clusterName": NAME, "namespace": "external-dns", "serviceAccount": "external-dns"}
    made = cluster.eks.create_pod_identity_association(**wanted, roleArn=role, tags={"a": "b"})["association"]
    assert made.items() >= {**wanted, "roleArn": role, "disableSessionTags": False}.items()
    one = {"clusterName": NAME, "associationId": made["associationId"]}
    with refused("ResourceInUseException", f"Association already exists: {made['associationId']}"):
        cluster.eks.create_pod_identity_association(**wanted, roleArn=role)
    target = "arn:aws:iam::686410905891:role/hub"
    changed = cluster.eks.update_pod_identity_association(**one, targetRoleArn=target)["association"]
    assert (changed["targetRoleArn"], changed["roleArn"]) == (target, role)
    assert changed["externalId"].endswith(f"{NAME}/external-dns/external-dns")
    assert cluster.eks.describe_pod_identity_association(**one)["association"] == changed
    listed = cluster.eks.list_pod_identity_associations(clusterName=NAME, namespace="external-dns")["associations"]
    assert [item["associationId"] for item in listed] == [made["associationId"]]
    assert cluster.eks.list_pod_identity_associations(clusterName=NAME, namespace="x")["associations"] == []
    for bad, text in (
        (cluster.role("ec2", "ec2.amazonaws.com"), "does not allow pods.eks.amazonaws.com"),
        (f"{role}-none", "does not exist"),
        (target, "Cross-account pass role is not allowed."),
    ):
        with refused("InvalidParameterException", text):
            cluster.eks.create_pod_identity_association(**{**wanted, "namespace": "other"}, roleArn=bad)
    cluster.eks.delete_pod_identity_association(**one)
    with refused("ResourceNotFoundException", made["associationId"]):
        cluster.eks.describe_pod_identity_association(**one)


def test_one_identity_provider_per_cluster(cluster: Account) -> None:
    oidc = {"identityProviderConfigName": "idp", "issuerUrl": "https://idp.example.org", "clientId": "kubernetes"}
    cluster.eks.associate_identity_provider_config(clusterName=NAME, oidc=oidc, tags={"a": "b"})
    one = {"clusterName": NAME, "identityProviderConfig": {"type": "oidc", "name": "idp"}}
    found = eventually(
        lambda: cluster.eks.describe_identity_provider_config(**one)["identityProviderConfig"]["oidc"], has("ACTIVE")
    )
    assert found.items() >= oidc.items()
    assert cluster.eks.list_identity_provider_configs(clusterName=NAME)["identityProviderConfigs"] == [
        one["identityProviderConfig"]
    ]
    with refused("InvalidRequestException", "Only one identity provider"):
        cluster.eks.associate_identity_provider_config(clusterName=NAME, oidc=oidc)
    cluster.eks.disassociate_identity_provider_config(**one)
    eventually(
        lambda: cluster.eks.list_identity_provider_configs(clusterName=NAME)["identityProviderConfigs"],
        lambda found: not found,
    )
    with refused("ResourceNotFoundException", "is not associated"):
        cluster.eks.describe_identity_provider_config(**one)


def test_insights_pass(cluster: Account) -> None:
    found = cluster.eks.list_insights(clusterName=NAME, filter={"categories": ["UPGRADE_READINESS"]})["insights"]
    assert {item["insightStatus"]["status"] for item in found} == {"PASSING"}
    assert {item["kubernetesVersion"] for item in found} == {"1.35"}
    assert cluster.eks.list_insights(clusterName=NAME, filter={"statuses": ["ERROR"]})["insights"] == []
    one = cluster.eks.describe_insight(clusterName=NAME, id=found[0]["id"])["insight"]
    assert one["name"] == found[0]["name"]
    with refused("ResourceNotFoundException", "No insights refresh found"):
        cluster.eks.describe_insights_refresh(clusterName=NAME)
    cluster.eks.start_insights_refresh(clusterName=NAME)
    assert cluster.eks.describe_insights_refresh(clusterName=NAME)["status"] == "COMPLETED"


def test_the_versions_of_kubernetes_and_their_support(account: Account) -> None:
    found = account.eks.describe_cluster_versions()["clusterVersions"]
    by_version = {item["clusterVersion"]: item for item in found}
    assert by_version["1.34"]["versionStatus"] == "STANDARD_SUPPORT"
    assert by_version["1.34"]["endOfStandardSupportDate"] == datetime(2026, 12, 2, tzinfo=UTC)
    assert by_version["1.32"]["versionStatus"] == "EXTENDED_SUPPORT"
    assert by_version["1.32"]["endOfStandardSupportDate"] == datetime(2026, 3, 23, tzinfo=UTC)
    assert by_version["1.36"]["versionStatus"] == "STANDARD_SUPPORT"
    assert len([item for item in found if item["defaultVersion"]]) == 1
    assert "1.30" not in by_version
    every = account.eks.describe_cluster_versions(includeAll=True)["clusterVersions"]
    assert {item["versionStatus"] for item in every} == {"STANDARD_SUPPORT", "EXTENDED_SUPPORT", "UNSUPPORTED"}
    only = account.eks.describe_cluster_versions(versionStatus="EXTENDED_SUPPORT")["clusterVersions"]
    assert {item["versionStatus"] for item in only} == {"EXTENDED_SUPPORT"}
    (one,) = account.eks.describe_cluster_versions(clusterVersions=["1.34"])["clusterVersions"]
    assert one["clusterVersion"] == "1.34"


def test_every_object_with_an_arn_has_tags(cluster: Account) -> None:
    cluster.eks.create_addon(clusterName=NAME, addonName="coredns")
    role = cluster.role("pods", "eks-fargate-pods.amazonaws.com")
    entry = cluster.eks.create_access_entry(clusterName=NAME, principalArn=role)["accessEntry"]
    profile = cluster.eks.create_fargate_profile(
        clusterName=NAME, fargateProfileName="p", podExecutionRoleArn=role, selectors=[{"namespace": "x"}]
    )["fargateProfile"]
    arns = [
        cluster.eks.describe_cluster(name=NAME)["cluster"]["arn"],
        addon(cluster)["addonArn"],
        entry["accessEntryArn"],
        profile["fargateProfileArn"],
    ]
    for arn in arns:
        cluster.eks.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        cluster.eks.untag_resource(resourceArn=arn, tagKeys=["a", "none"])
        assert cluster.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    with refused("NotFoundException", "Resource was not found"):
        cluster.eks.tag_resource(resourceArn=f"{arns[0]}x", tags={"a": "1"})
    with refused("BadRequestException", "reserved for system use"):
        cluster.eks.tag_resource(resourceArn=arns[0], tags={"aws:a": "1"})
