"""Updates of clusters: one at a time, one kind a call, versions up by one minor."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.support import Account, Planes, eventually, refused

NAME = "piksel-dev"


def finished(account: Account, update: dict[str, Any], **names: str) -> dict[str, Any]:
    """The update once it is not in progress any more."""
    look = {"name": NAME, "updateId": update["id"], **names}
    return eventually(
        lambda: account.eks.describe_update(**look)["update"], lambda found: found["status"] != "InProgress"
    )


def test_a_version_goes_up_when_the_processes_are_ready(account: Account, planes: Planes) -> None:
    account.cluster(version="1.34")
    planes.states = "STARTING"
    update = account.eks.update_cluster_version(name=NAME, version="1.35")["update"]
    assert (update["type"], update["status"]) == ("VersionUpdate", "InProgress")
    assert {"type": "Version", "value": "1.35"} in update["params"]
    cluster = account.eks.describe_cluster(name=NAME)["cluster"]
    assert (cluster["status"], cluster["version"]) == ("UPDATING", "1.34")
    assert planes.calls[-1] == ("upgrade", NAME, "1.35")
    planes.states = "READY"
    assert finished(account, update)["status"] == "Successful"
    cluster = account.eks.describe_cluster(name=NAME)["cluster"]
    assert (cluster["status"], cluster["version"]) == ("ACTIVE", "1.35")


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("1.33", "Unsupported Kubernetes minor version update from 1.34 to 1.33"),
        ("1.34", "Unsupported Kubernetes minor version update from 1.34 to 1.34"),
        ("1.36", "Unsupported Kubernetes minor version update from 1.34 to 1.36"),
        ("1.99", "unsupported Kubernetes version"),
        ("x", "unsupported Kubernetes version"),
    ],
)
def test_versions_that_are_refused(account: Account, version: str, text: str) -> None:
    account.cluster(version="1.34")
    with refused("InvalidParameterException", text):
        account.eks.update_cluster_version(name=NAME, version=version)


def test_a_failing_upgrade_says_why_and_leaves_the_version(account: Account, planes: Planes) -> None:
    account.cluster(version="1.34")
    update = account.eks.update_cluster_version(name=NAME, version="1.35")["update"]
    planes.states, planes.reason = "FAILED", "etcd did not answer"
    found = finished(account, update)
    assert found["status"] == "Failed"
    assert found["errors"][0]["errorMessage"] == "etcd did not answer"
    cluster = account.eks.describe_cluster(name=NAME)["cluster"]
    assert (cluster["status"], cluster["version"]) == ("FAILED", "1.34")


def test_a_chosen_fault_fails_an_update(account: Account, failures: dict[str, str]) -> None:
    account.cluster()
    failures["UpdateClusterConfig"] = "no"
    update = account.eks.update_cluster_config(name=NAME, deletionProtection=True)["update"]
    assert finished(account, update)["status"] == "Failed"
    assert account.eks.describe_cluster(name=NAME)["cluster"]["deletionProtection"] is False


CHANGES = [
    ({"resourcesVpcConfig": {"endpointPrivateAccess": True}}, "EndpointAccessUpdate"),
    ({"resourcesVpcConfig": {"publicAccessCidrs": ["203.0.113.0/24"]}}, "EndpointAccessUpdate"),
    ({"logging": {"clusterLogging": [{"types": ["audit"], "enabled": True}]}}, "LoggingUpdate"),
    ({"accessConfig": {"authenticationMode": "API"}}, "AccessConfigUpdate"),
    ({"upgradePolicy": {"supportType": "STANDARD"}}, "UpgradePolicyUpdate"),
    ({"zonalShiftConfig": {"enabled": True}}, "ZonalShiftConfigUpdate"),
    ({"deletionProtection": True}, "DeletionProtectionUpdate"),
]


@pytest.mark.parametrize(("change", "kind"), CHANGES)
def test_each_kind_of_change(account: Account, change: dict[str, Any], kind: str) -> None:
    account.cluster()
    update = account.eks.update_cluster_config(name=NAME, **change)["update"]
    assert update["type"] == kind
    assert finished(account, update)["status"] == "Successful"
    cluster = account.eks.describe_cluster(name=NAME)["cluster"]
    for member, value in change.items():
        if member == "logging":
            assert cluster["logging"]["clusterLogging"][0] == {"types": ["audit"], "enabled": True}
        elif isinstance(value, dict):
            assert cluster[member].items() >= value.items()
        else:
            assert cluster[member] == value
    with pytest.raises(account.eks.exceptions.InvalidParameterException, match=r"(?i)already|no changes"):
        account.eks.update_cluster_config(name=NAME, **change)


def test_an_endpoint_change_keeps_subnets_and_what_is_not_named(account: Account) -> None:
    before = account.cluster()["resourcesVpcConfig"]
    change = {"endpointPrivateAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}
    update = account.eks.update_cluster_config(name=NAME, resourcesVpcConfig=change)["update"]
    finished(account, update)
    after = account.eks.describe_cluster(name=NAME)["cluster"]["resourcesVpcConfig"]
    assert after == {**before, **change}


def test_subnets_can_change_within_the_vpc(account: Account) -> None:
    _, private, _ = account.network()
    account.cluster(resourcesVpcConfig={"subnetIds": private})
    update = account.eks.update_cluster_config(name=NAME, resourcesVpcConfig={"subnetIds": private[:2]})["update"]
    assert update["type"] == "VpcConfigUpdate"
    finished(account, update)
    assert account.eks.describe_cluster(name=NAME)["cluster"]["resourcesVpcConfig"]["subnetIds"] == private[:2]
    foreign = account.network("10.7.0.0/16")[1]
    with refused("InvalidParameterException", "same VPC"):
        account.eks.update_cluster_config(name=NAME, resourcesVpcConfig={"subnetIds": foreign})
    with refused("InvalidParameterException", "two different AZs"):
        account.eks.update_cluster_config(name=NAME, resourcesVpcConfig={"subnetIds": private[:1]})


def test_one_kind_a_call_and_one_update_at_a_time(account: Account, planes: Planes) -> None:
    account.cluster()
    with refused("InvalidParameterException", "Only one type of update can be allowed."):
        account.eks.update_cluster_config(name=NAME, deletionProtection=True, zonalShiftConfig={"enabled": True})
    with refused("InvalidParameterException", "No changes needed"):
        account.eks.update_cluster_config(name=NAME)
    planes.states = "STARTING"
    update = account.eks.update_cluster_version(name=NAME, version="1.35")["update"]
    with refused("ResourceInUseException", f"cluster {NAME} currently has update {update['id']} in progress"):
        account.eks.update_cluster_config(name=NAME, deletionProtection=True)
    account.eks.tag_resource(resourceArn=account.eks.describe_cluster(name=NAME)["cluster"]["arn"], tags={"a": "b"})


def test_nothing_is_updated_before_the_cluster_is_active(account: Account, planes: Planes) -> None:
    planes.states = "STARTING"
    account.cluster(wait=False)
    with refused("InvalidRequestException", "is not in ACTIVE status"):
        account.eks.update_cluster_config(name=NAME, deletionProtection=True)
    with refused("ResourceInUseException", "has an update in progress"):
        account.eks.delete_cluster(name=NAME)


@pytest.mark.parametrize(("before", "after"), [("API", "API_AND_CONFIG_MAP"), ("CONFIG_MAP", "API")])
def test_the_authentication_mode_goes_forward_by_one_step(account: Account, before: str, after: str) -> None:
    account.cluster(accessConfig={"authenticationMode": before})
    with refused("InvalidParameterException", f"Unsupported authentication mode update from {before} to {after}"):
        account.eks.update_cluster_config(name=NAME, accessConfig={"authenticationMode": after})


def test_encryption_is_associated_once(account: Account) -> None:
    account.cluster()
    key = account.kms.create_key()["KeyMetadata"]
    config = [{"resources": ["secrets"], "provider": {"keyArn": key["Arn"]}}]
    update = account.eks.associate_encryption_config(clusterName=NAME, encryptionConfig=config)["update"]
    assert update["type"] == "AssociateEncryptionConfig"
    finished(account, update)
    assert account.eks.describe_cluster(name=NAME)["cluster"]["encryptionConfig"] == config
    with refused("InvalidParameterException", "already has encryption config"):
        account.eks.associate_encryption_config(clusterName=NAME, encryptionConfig=config)


def test_keys_that_cannot_encrypt_are_refused(account: Account) -> None:
    key = account.kms.create_key()["KeyMetadata"]
    account.kms.disable_key(KeyId=key["KeyId"])
    account.cluster()
    for arn, text in (
        (key["Arn"], "must be enabled and symmetric"),
        (key["Arn"].replace("ap-southeast-3", "us-west-2"), "same region"),
        (key["Arn"][:-4] + "0000", "does not exist"),
    ):
        config = [{"resources": ["secrets"], "provider": {"keyArn": arn}}]
        with refused("InvalidParameterException", text):
            account.eks.associate_encryption_config(clusterName=NAME, encryptionConfig=config)


def test_updates_are_listed_newest_first_and_a_repeated_token_starts_none(account: Account) -> None:
    account.cluster()
    first = account.eks.update_cluster_config(name=NAME, deletionProtection=True, clientRequestToken="t")["update"]
    finished(account, first)
    again = account.eks.update_cluster_config(name=NAME, deletionProtection=True, clientRequestToken="t")["update"]
    assert (again["id"], again["status"]) == (first["id"], "Successful")
    second = account.eks.update_cluster_config(name=NAME, deletionProtection=False)["update"]
    page = account.eks.list_updates(name=NAME, maxResults=1)
    assert page["updateIds"] == [second["id"]]
    assert account.eks.list_updates(name=NAME, nextToken=page["nextToken"])["updateIds"] == [first["id"]]
    with refused("ResourceNotFoundException", "No update found for ID"):
        account.eks.describe_update(name=NAME, updateId="x")
