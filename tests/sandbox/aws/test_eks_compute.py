"""Fargate profiles and node groups."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.support import Account, Planes, eventually, refused

NAME = "piksel-dev"
PODS = "eks-fargate-pods.amazonaws.com"


@pytest.fixture
def subnets(account: Account) -> dict[str, list[str]]:
    """Private and public subnets of an account with an active cluster on them."""
    _, private, public = account.network()
    account.cluster(resourcesVpcConfig={"subnetIds": private})
    return {"private": private, "public": public}


def profile_request(account: Account, name: str, **change: Any) -> dict[str, Any]:
    """A CreateFargateProfile that is fine but for `change`."""
    request = {
        "clusterName": NAME,
        "fargateProfileName": name,
        "selectors": [{"namespace": "kube-system"}],
        **change,
    }
    if "podExecutionRoleArn" not in request:
        request["podExecutionRoleArn"] = account.role(f"pods-{name}", PODS)
    return request


def profile(account: Account, name: str) -> dict[str, Any]:
    """The profile as it is now."""
    return account.eks.describe_fargate_profile(clusterName=NAME, fargateProfileName=name)["fargateProfile"]


def is_active(found: dict[str, Any]) -> bool:
    """Whether the object is settled."""
    return found["status"] == "ACTIVE"


def test_a_profile_brings_an_access_entry_and_tells_kubernetes(
    account: Account, planes: Planes, subnets: dict[str, list[str]]
) -> None:
    request = profile_request(account, "core", subnets=subnets["private"], tags={"a": "b"})
    made = account.eks.create_fargate_profile(**request)["fargateProfile"]
    assert made["status"] == "CREATING"
    found = eventually(lambda: profile(account, "core"), is_active)
    assert found["selectors"] == [{"namespace": "kube-system", "labels": {}}]
    assert (found["subnets"], found["tags"]) == (subnets["private"], {"a": "b"})
    entry = account.eks.describe_access_entry(clusterName=NAME, principalArn=request["podExecutionRoleArn"])
    assert entry["accessEntry"]["type"] == "FARGATE_LINUX"
    assert "system:node-proxier" in entry["accessEntry"]["kubernetesGroups"]
    assert ("changed", NAME) in planes.calls
    assert account.eks.list_fargate_profiles(clusterName=NAME)["fargateProfileNames"] == ["core"]


def test_without_subnets_the_private_ones_are_taken(account: Account, subnets: dict[str, list[str]]) -> None:
    made = account.eks.create_fargate_profile(**profile_request(account, "core"))["fargateProfile"]
    assert sorted(made["subnets"]) == sorted(subnets["private"])


def test_profiles_change_one_at_a_time(account: Account, subnets: dict[str, list[str]], hold: Any) -> None:
    with hold("eks::fargate_profile"):
        account.eks.create_fargate_profile(**profile_request(account, "one"))
        with refused("ResourceInUseException", "currently has Fargate profile one in status CREATING"):
            account.eks.create_fargate_profile(**profile_request(account, "two"))
        with refused("ResourceInUseException", "Cannot Delete Fargate Profile one"):
            account.eks.delete_fargate_profile(clusterName=NAME, fargateProfileName="one")
    eventually(lambda: profile(account, "one"), is_active)
    with refused("ResourceInUseException", "A Fargate Profile already exists with this name"):
        account.eks.create_fargate_profile(**profile_request(account, "one", podExecutionRoleArn="x"))
    with hold("eks::fargate_profile"):
        account.eks.delete_fargate_profile(clusterName=NAME, fargateProfileName="one")
        with refused("ResourceInUseException", "profile one in status DELETING"):
            account.eks.create_fargate_profile(**profile_request(account, "three"))
    eventually(lambda: account.eks.list_fargate_profiles(clusterName=NAME)["fargateProfileNames"], lambda x: not x)
    with refused("ResourceNotFoundException", "No Fargate Profile found with name: one."):
        profile(account, "one")


def test_profiles_that_are_refused(account: Account, subnets: dict[str, list[str]]) -> None:
    foreign = account.network("10.7.0.0/16")[1]
    many = [{"namespace": f"n{index}"} for index in range(6)]
    labels = {f"l{index}": "x" for index in range(6)}
    role = account.role("pods", PODS)
    for change, text in (
        ({"subnets": subnets["public"]}, f"Subnet {subnets['public'][0]} provided in Fargate Profile is not a private"),
        ({"subnets": foreign}, "is not in the cluster VPC"),
        ({"subnets": ["subnet-0"]}, "does not exist"),
        ({"podExecutionRoleArn": account.role("ec2", "ec2.amazonaws.com")}, "Misconfigured PodExecutionRole Trust"),
        ({"podExecutionRoleArn": f"{role}-none"}, "Misconfigured PodExecutionRole Trust"),
        ({"selectors": []}, "at least one selector"),
        ({"selectors": many}, "more than 5 Fargate Profile selectors"),
        ({"selectors": [{"labels": {"a": "b"}}]}, "at least one namespace value"),
        ({"selectors": [{"namespace": "x", "labels": labels}]}, "more than 5 Label pairs"),
        ({"selectors": [{"namespace": "Not Valid"}]}, "is invalid"),
    ):
        request = profile_request(account, "bad", **{"podExecutionRoleArn": role, **change})
        with refused("InvalidParameterException", text):
            account.eks.create_fargate_profile(**request)


def test_a_profile_can_fail(account: Account, failures: dict[str, str], subnets: dict[str, list[str]]) -> None:
    failures["CreateFargateProfile"] = "access denied"
    account.eks.create_fargate_profile(**profile_request(account, "core"))
    found = eventually(lambda: profile(account, "core"), lambda item: item["status"] == "CREATE_FAILED")
    assert found["health"]["issues"][0]["message"] == "access denied"


def group(account: Account) -> dict[str, Any]:
    """The node group as it is now."""
    return account.eks.describe_nodegroup(clusterName=NAME, nodegroupName="system")["nodegroup"]


@pytest.fixture
def nodes(account: Account, subnets: dict[str, list[str]]) -> dict[str, Any]:
    """A CreateNodegroup that is fine."""
    return {
        "clusterName": NAME,
        "nodegroupName": "system",
        "subnets": subnets["private"],
        "nodeRole": account.role("node", "ec2.amazonaws.com"),
    }


def test_a_node_group_has_defaults_and_brings_an_access_entry(account: Account, nodes: dict[str, Any]) -> None:
    taint = {"key": "CriticalAddonsOnly", "value": "true", "effect": "NO_SCHEDULE"}
    labels = {"karpenter.sh/controller": "true"}
    made = account.eks.create_nodegroup(**nodes, labels=labels, taints=[taint], tags={"NodeGroup": "System"})
    assert made["nodegroup"]["status"] == "CREATING"
    found = eventually(lambda: group(account), is_active)
    assert (found["amiType"], found["capacityType"], found["diskSize"]) == ("AL2023_x86_64_STANDARD", "ON_DEMAND", 20)
    assert found["scalingConfig"] == {"minSize": 1, "maxSize": 2, "desiredSize": 2}
    assert (found["version"], found["labels"], found["taints"]) == ("1.34", labels, [taint])
    assert found["releaseVersion"].startswith("1.34.")
    assert found["resources"]["autoScalingGroups"][0]["name"].startswith("eks-system-")
    entry = account.eks.describe_access_entry(clusterName=NAME, principalArn=nodes["nodeRole"])["accessEntry"]
    assert entry["type"] == "EC2_LINUX"


def test_a_node_group_changes_step_by_step(account: Account, nodes: dict[str, Any]) -> None:
    account.eks.create_nodegroup(**nodes, labels={"a": "1", "b": "2"})
    eventually(lambda: group(account), is_active)
    update = account.eks.update_nodegroup_config(
        clusterName=NAME,
        nodegroupName="system",
        labels={"addOrUpdateLabels": {"c": "3"}, "removeLabels": ["a"]},
        taints={"addOrUpdateTaints": [{"key": "k", "effect": "NO_EXECUTE"}]},
        scalingConfig={"maxSize": 5},
        updateConfig={"maxUnavailablePercentage": 50},
    )["update"]
    assert update["type"] == "ConfigUpdate"
    found = eventually(lambda: group(account), is_active)
    assert found["labels"] == {"b": "2", "c": "3"}
    assert found["taints"] == [{"key": "k", "effect": "NO_EXECUTE"}]
    assert found["scalingConfig"] == {"minSize": 1, "maxSize": 5, "desiredSize": 2}
    assert found["updateConfig"] == {"maxUnavailablePercentage": 50}
    names = {"name": NAME, "nodegroupName": "system"}
    assert account.eks.describe_update(**names, updateId=update["id"])["update"]["status"] == "Successful"
    assert account.eks.list_updates(**names)["updateIds"] == [update["id"]]


def test_a_node_group_follows_the_cluster_version(account: Account, nodes: dict[str, Any]) -> None:
    account.eks.create_nodegroup(**nodes)
    eventually(lambda: group(account), is_active)
    names = {"clusterName": NAME, "nodegroupName": "system"}
    with refused("InvalidParameterException", "equal to or less than cluster version 1.34"):
        account.eks.update_nodegroup_version(**names, version="1.35")
    with refused("InvalidParameterException", "can not be downgraded"):
        account.eks.update_nodegroup_version(**names, version="1.33")
    account.eks.update_cluster_version(name=NAME, version="1.35")
    account.until(NAME, "ACTIVE")
    assert group(account)["version"] == "1.34"
    account.eks.update_nodegroup_version(**names)
    assert eventually(lambda: group(account), is_active)["version"] == "1.35"


def test_node_groups_that_are_refused(account: Account, nodes: dict[str, Any]) -> None:
    pods = account.role("pods", PODS)
    template = account.ec2.create_launch_template(
        LaunchTemplateName="t", LaunchTemplateData={"InstanceType": "t3.medium"}
    )["LaunchTemplate"]
    by_template = {"launchTemplate": {"name": "t"}}
    for change, text in (
        ({"scalingConfig": {"minSize": 3, "maxSize": 2, "desiredSize": 2}}, "can't be greater than maximum size 2"),
        ({"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 3}}, "can't be greater than max size 2"),
        ({"scalingConfig": {"minSize": 2, "maxSize": 2, "desiredSize": 1}}, "can't be greater than desired size 1"),
        ({"nodeRole": pods}, "The role with name pods cannot be found."),
        ({"subnets": ["subnet-0"]}, "does not exist"),
        ({"subnets": account.network("10.7.0.0/16")[1]}, "not in the cluster VPC"),
        ({"instanceTypes": ["t3.none"]}, "instance types do not exist: [t3.none]"),
        ({"amiType": "AL2_x86_64"}, "not supported for kubernetes version 1.34"),
        ({"version": "1.35"}, "equal to or less than cluster version"),
        ({"launchTemplate": {"name": "none"}}, "Launch template none does not exist"),
        ({"launchTemplate": {"name": "t", "version": "9"}}, "version 9 does not exist"),
        ({**by_template, "diskSize": 30}, "Disk size must be specified within the launch template."),
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 5}}, "not both"),
    ):
        with refused("InvalidParameterException", text):
            account.eks.create_nodegroup(**{**nodes, **change})
    made = account.eks.create_nodegroup(**nodes, **by_template)["nodegroup"]
    assert made["launchTemplate"] == {"name": "t", "id": template["LaunchTemplateId"], "version": "1"}
    assert "diskSize" not in made
    with refused("ResourceInUseException", "NodeGroup already exists with name system"):
        account.eks.create_nodegroup(**nodes)


def test_a_node_group_is_busy_while_it_changes(account: Account, nodes: dict[str, Any], hold: Any) -> None:
    names = {"clusterName": NAME, "nodegroupName": "system"}
    with hold("eks::nodegroup"):
        account.eks.create_nodegroup(**nodes)
        with refused("InvalidRequestException", "status CREATING"):
            account.eks.update_nodegroup_config(**names, scalingConfig={"maxSize": 5})
        with refused("ResourceInUseException", "in status CREATING"):
            account.eks.delete_nodegroup(**names)
    eventually(lambda: group(account), is_active)
    with hold("eks::update"):
        update = account.eks.update_nodegroup_config(**names, scalingConfig={"maxSize": 5})["update"]
        with refused("ResourceInUseException", f"currently has update {update['id']} in progress"):
            account.eks.update_nodegroup_version(**names)
    eventually(lambda: group(account), is_active)
    account.eks.delete_nodegroup(**names)
    eventually(lambda: account.eks.list_nodegroups(clusterName=NAME)["nodegroups"], lambda found: not found)
