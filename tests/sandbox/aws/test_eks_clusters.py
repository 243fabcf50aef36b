"""Clusters: creation, states, refusals, deletion, and what EKS makes beside them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import boto3
import pytest
from moto.eks.models import eks_backends

from piksel_sandbox.aws.eks import queries
from sandbox.aws.support import ACCOUNT, ADMIN_POLICY, REGION, Account, Planes, eventually, refused


def test_a_cluster_is_creating_until_its_processes_are_ready(account: Account, planes: Planes) -> None:
    planes.states = "STARTING"
    made = account.cluster(wait=False, tags={"project": "piksel"})
    assert made["status"] == "CREATING"
    assert made["certificateAuthority"] == {}
    assert not {"endpoint", "identity"} & made.keys()
    assert "clusterSecurityGroupId" not in made["resourcesVpcConfig"]
    eventually(lambda: planes.calls, bool)
    assert account.eks.describe_cluster(name="piksel-dev")["cluster"]["status"] == "CREATING"
    planes.states = "READY"
    cluster = account.until("piksel-dev", "ACTIVE")
    assert cluster["arn"] == f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/piksel-dev"
    assert cluster["endpoint"] == "https://127.0.0.1:6443"
    assert cluster["certificateAuthority"] == {"data": "Y2E="}
    issuer = cluster["identity"]["oidc"]["issuer"]
    assert issuer.startswith(f"https://oidc.eks.{REGION}.amazonaws.com/id/")
    assert planes.calls == [("start", "piksel-dev", "1.34", issuer, "172.20.0.0/16")]
    assert cluster["tags"] == {"project": "piksel"}


def test_every_setting_comes_back(account: Account) -> None:
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    settings = {
        "version": "1.36",
        "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
        "logging": {"clusterLogging": [{"types": ["audit", "api"], "enabled": True}]},
        "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": key}}],
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "upgradePolicy": {"supportType": "STANDARD"},
        "zonalShiftConfig": {"enabled": True},
        "deletionProtection": True,
        "bootstrapSelfManagedAddons": False,
    }
    cluster = account.cluster(**settings)
    for name in ("version", "encryptionConfig", "accessConfig", "upgradePolicy", "zonalShiftConfig"):
        assert cluster[name] == settings[name]
    assert cluster["deletionProtection"] is True
    assert cluster["platformVersion"].startswith("eks.")
    assert cluster["health"] == {"issues": []}
    enabled, disabled = cluster["logging"]["clusterLogging"]
    assert enabled == {"types": ["api", "audit"], "enabled": True}
    assert disabled == {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False}
    assert cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "172.20.0.0/16"


def test_the_service_makes_the_cluster_security_group_and_removes_it(account: Account) -> None:
    cluster = account.cluster()
    group_id = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    (group,) = account.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert group["VpcId"] == cluster["resourcesVpcConfig"]["vpcId"]
    assert group["GroupName"].startswith("eks-cluster-sg-piksel-dev-")
    tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
    assert tags["aws:eks:cluster-name"] == "piksel-dev"
    assert tags["kubernetes.io/cluster/piksel-dev"] == "owned"
    (inside,) = group["IpPermissions"]
    assert inside["IpProtocol"] == "-1"
    assert [pair["GroupId"] for pair in inside["UserIdGroupPairs"]] == [group_id]
    assert group["IpPermissionsEgress"][0]["IpRanges"][0]["CidrIp"] == "0.0.0.0/0"
    account.eks.delete_cluster(name="piksel-dev")
    eventually(lambda: account.eks.list_clusters()["clusters"], lambda names: not names)
    remaining = account.ec2.describe_security_groups()["SecurityGroups"]
    assert group_id not in [item["GroupId"] for item in remaining]


def test_a_failing_control_plane_fails_the_cluster_with_its_reason(account: Account, planes: Planes) -> None:
    planes.states, planes.reason = "FAILED", "kube-apiserver ended with 1"
    account.cluster(wait=False)
    cluster = account.until("piksel-dev", "FAILED")
    assert cluster["health"]["issues"][0]["message"] == "kube-apiserver ended with 1"
    assert "endpoint" not in cluster
    account.eks.delete_cluster(name="piksel-dev")
    eventually(lambda: account.eks.list_clusters()["clusters"], lambda names: not names)


def test_a_control_plane_that_dies_later_fails_the_cluster_too(account: Account, planes: Planes) -> None:
    endpoint = account.cluster()["endpoint"]
    planes.states, planes.reason = "FAILED", "etcd ended with code -9"
    cluster = account.eks.describe_cluster(name="piksel-dev")["cluster"]
    assert cluster["status"] == "FAILED"
    assert cluster["health"]["issues"][0]["message"] == "etcd ended with code -9"
    assert cluster["endpoint"] == endpoint
    account.eks.delete_cluster(name="piksel-dev")
    eventually(lambda: account.eks.list_clusters()["clusters"], lambda names: not names)


def test_a_chosen_fault_fails_the_cluster(account: Account, failures: dict[str, str]) -> None:
    failures["CreateCluster"] = "no addresses left"
    account.cluster(wait=False)
    assert account.until("piksel-dev", "FAILED")["health"]["issues"][0]["message"] == "no addresses left"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"version": "1.29"}, "unsupported Kubernetes version"),
        ({"version": "1.34.1"}, "unsupported Kubernetes version"),
        ({"roleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}, "could not be assumed because it does not exist"),
        ({"roleArn": "arn:aws:iam::999999999999:role/x"}, "Cross-account pass role is not allowed"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "8.8.0.0/16"}}, "serviceIpv4Cidr must be within"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.96.0.0/11"}}, "between /24 and /12"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.1.128.0/20"}}, "overlaps with the VPC CIDRs 10.1.0.0/16"),
        (
            {"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "x"}}]},
            "Invalid KMS key ARN",
        ),
        ({"name": "-bad"}, "name must satisfy regular expression pattern"),
        ({"tags": {"aws:x": "y"}}, "reserved for system use"),
    ],
)
def test_what_the_service_refuses(account: Account, settings: dict[str, object], text: str) -> None:
    with refused("InvalidParameterException", text):
        account.cluster(wait=False, **settings)
    assert account.eks.list_clusters()["clusters"] == []


def test_networks_that_the_service_refuses(account: Account) -> None:
    role = account.role("cluster")
    _, private, _ = account.network()
    _, others, _ = account.network("10.9.0.0/16")
    group = account.ec2.create_security_group(GroupName="g", Description="d", VpcId=account.network()[0])["GroupId"]
    for vpc_config, text in (
        ({"subnetIds": private[:1]}, "at least two different AZs"),
        ({"subnetIds": [*private, "subnet-0"]}, "subnet ID 'subnet-0' does not exist"),
        ({"subnetIds": private[:1] + others[1:2]}, "same VPC"),
        ({"subnetIds": []}, "can not be empty"),
        ({"subnetIds": private, "securityGroupIds": ["sg-0"]}, "'sg-0' does not exist"),
        ({"subnetIds": private, "securityGroupIds": [group]}, "does not belong to VPC"),
        ({"subnetIds": private, "endpointPublicAccess": False}, "cannot be false"),
        ({"subnetIds": private, "publicAccessCidrs": ["10.0.0.300/32"]}, "CIDRs are invalid"),
        ({"subnetIds": private, "publicAccessCidrs": ["203.0.113.5/32", "10.0.0.0/8"]}, "invalid in publicAccessCidrs"),
        ({"subnetIds": private, "publicAccessCidrs": ["192.168.7.0/24"]}, "invalid in publicAccessCidrs"),
    ):
        with refused("InvalidParameterException", text):
            account.eks.create_cluster(name="x", roleArn=role, resourcesVpcConfig=vpc_config)


def test_a_role_must_trust_the_service(account: Account) -> None:
    with refused("InvalidParameterException", "the trusted entity is not correct"):
        account.cluster(roleArn=account.role("ec2", "ec2.amazonaws.com"), wait=False)


def test_a_name_is_used_once_but_a_repeated_request_is_not_an_error(account: Account) -> None:
    vpc = {"subnetIds": account.network()[1]}
    role = account.role("cluster")
    first = account.cluster(roleArn=role, resourcesVpcConfig=vpc, clientRequestToken="one")
    again = account.cluster(roleArn=role, resourcesVpcConfig=vpc, clientRequestToken="one", wait=False)
    assert again["createdAt"] == first["createdAt"]
    with refused("ResourceInUseException", "Cluster already exists with name: piksel-dev"):
        account.cluster(roleArn=role, resourcesVpcConfig=vpc, wait=False)


def test_deletion_is_refused_while_the_cluster_is_protected(account: Account) -> None:
    account.cluster(deletionProtection=True)
    with refused("InvalidRequestException", "deletion protection"):
        account.eks.delete_cluster(name="piksel-dev")
    account.eks.update_cluster_config(name="piksel-dev", deletionProtection=False)
    account.until("piksel-dev", "ACTIVE")
    assert account.eks.delete_cluster(name="piksel-dev")["cluster"]["status"] == "DELETING"


def test_deletion_is_refused_while_something_hangs_on_the_cluster(account: Account, planes: Planes) -> None:
    _, private, _ = account.network()
    account.cluster(resourcesVpcConfig={"subnetIds": private})
    planes.states = "STARTING"
    account.eks.update_cluster_version(name="piksel-dev", version="1.35")
    with refused("ResourceInUseException", "has an update in progress"):
        account.eks.delete_cluster(name="piksel-dev")
    planes.states = "READY"
    account.until("piksel-dev", "ACTIVE")
    profile = {"clusterName": "piksel-dev", "fargateProfileName": "core"}
    account.eks.create_fargate_profile(
        **profile,
        podExecutionRoleArn=account.role("pods", "eks-fargate-pods.amazonaws.com"),
        selectors=[{"namespace": "kube-system"}],
    )
    with refused("ResourceInUseException", "Fargate Profiles"):
        account.eks.delete_cluster(name="piksel-dev")
    eventually(lambda: account.eks.describe_fargate_profile(**profile)["fargateProfile"], _is_active)
    account.eks.delete_fargate_profile(**profile)
    group = {"clusterName": "piksel-dev", "nodegroupName": "system"}
    account.eks.create_nodegroup(**group, subnets=private, nodeRole=account.role("node", "ec2.amazonaws.com"))
    with refused("ResourceInUseException", "Cluster has nodegroups attached"):
        account.eks.delete_cluster(name="piksel-dev")


def test_a_deleted_cluster_stops_its_processes_and_is_gone(account: Account, planes: Planes) -> None:
    account.cluster()
    account.eks.delete_cluster(name="piksel-dev")
    eventually(lambda: account.eks.list_clusters()["clusters"], lambda names: not names)
    assert planes.calls[-1] == ("stop", "piksel-dev")
    with refused("ResourceNotFoundException", "No cluster found for name: piksel-dev"):
        account.eks.describe_cluster(name="piksel-dev")


def test_a_cluster_in_deletion_is_described_without_its_processes(
    account: Account, planes: Planes, hold: Callable[[str], AbstractContextManager[None]]
) -> None:
    before = account.cluster()
    with hold("eks::cluster"):
        account.eks.delete_cluster(name="piksel-dev")
        eventually(lambda: planes.calls, lambda calls: ("stop", "piksel-dev") in calls)
        found = account.eks.describe_cluster(name="piksel-dev")["cluster"]
    assert (found["status"], found["endpoint"]) == ("DELETING", before["endpoint"])


def test_many_threads_do_not_meet(account: Account) -> None:
    account.cluster()
    roles = [account.role(f"r{index}") for index in range(12)]

    def work(role: str) -> str:
        entry = {"clusterName": "piksel-dev", "principalArn": role}
        account.eks.create_access_entry(**entry)
        account.eks.associate_access_policy(**entry, policyArn=ADMIN_POLICY, accessScope={"type": "cluster"})
        assert queries.access_entries(eks_backends[ACCOUNT][REGION].clusters["piksel-dev"].ref)
        account.eks.describe_cluster(name="piksel-dev")
        return account.eks.describe_access_entry(**entry)["accessEntry"]["principalArn"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, roles)) == roles
    assert account.eks.list_access_entries(clusterName="piksel-dev")["accessEntries"] == sorted(roles)


def test_the_creator_becomes_administrator_unless_told_otherwise(account: Account) -> None:
    role = account.role("admin", path="/aws-reserved/sso.amazonaws.com/")
    caller = account.session(role)
    caller.cluster(accessConfig={"authenticationMode": "API"})
    assert caller.eks.list_access_entries(clusterName="piksel-dev")["accessEntries"] == [role]
    policies = caller.eks.list_associated_access_policies(clusterName="piksel-dev", principalArn=role)
    assert [policy["policyArn"] for policy in policies["associatedAccessPolicies"]] == [ADMIN_POLICY]


def test_lists_come_in_pages(account: Account) -> None:
    _, private, _ = account.network()
    role = account.role("cluster")
    names = [f"c{index}" for index in range(5)]
    for name in names:
        account.cluster(name, wait=False, roleArn=role, resourcesVpcConfig={"subnetIds": private})
    first = account.eks.list_clusters(maxResults=2)
    assert first["clusters"] == names[:2]
    assert account.eks.list_clusters(maxResults=2, nextToken=first["nextToken"])["clusters"] == names[2:4]
    pages = account.eks.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 2})
    assert [name for page in pages for name in page["clusters"]] == names
    with refused("InvalidParameterException", "Invalid token"):
        account.eks.list_clusters(nextToken="nonsense")


def test_accounts_and_regions_are_apart(account: Account) -> None:
    account.cluster()
    elsewhere = boto3.client("eks", region_name="us-west-2", endpoint_url=account.url, **account.credentials)
    assert elsewhere.list_clusters()["clusters"] == []
    account.eks.meta.events.register_first("before-sign.eks", _as_other_account, unique_id="other")
    assert account.eks.list_clusters()["clusters"] == []
    account.eks.meta.events.unregister("before-sign.eks", _as_other_account, unique_id="other")


def test_reset_stops_the_processes_of_every_cluster(account: Account, planes: Planes) -> None:
    account.cluster()
    eks_backends[ACCOUNT].reset()
    assert account.eks.list_clusters()["clusters"] == []
    assert planes.calls[-1] == ("stop", "piksel-dev")


def _as_other_account(request: Any, **_: Any) -> None:
    request.headers["x-moto-account-id"] = "210987654321"


def _is_active(found: dict[str, Any]) -> bool:
    return found["status"] == "ACTIVE"
