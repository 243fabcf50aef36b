# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the EKS API is sent for a cluster and for each kind of its updates, and what it would refuse."""

from __future__ import annotations

from dataclasses import dataclass

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# Access may only become more modern. https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html
ACCESS_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")


def creation(name: str, wanted: dict) -> dict:
    """The request of CreateCluster, without what the catalogue leaves open.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
    """
    return _pruned(
        {
            "name": name,
            "version": wanted.get("version"),
            "roleArn": wanted["cluster_role_arn"],
            "resourcesVpcConfig": {**network(wanted), **endpoint(wanted)},
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": wanted.get("service_ipv4_cidr")},
            "logging": logging(wanted),
            "encryptionConfig": encryption(wanted),
            "accessConfig": {
                "authenticationMode": wanted.get("authentication_mode"),
                "bootstrapClusterCreatorAdminPermissions": wanted.get("bootstrap_creator_admin"),
            },
            "bootstrapSelfManagedAddons": wanted.get("bootstrap_self_managed_addons"),
            "upgradePolicy": {"supportType": wanted.get("upgrade_policy")},
            "zonalShiftConfig": {"enabled": wanted.get("zonal_shift")},
            "deletionProtection": wanted.get("deletion_protection"),
            "tags": wanted["tags"],
        }
    )


def network(wanted: dict) -> dict:
    """Subnets and additional security groups."""
    return {"subnetIds": wanted.get("subnet_ids"), "securityGroupIds": wanted.get("security_group_ids")}


def endpoint(wanted: dict) -> dict:
    """Who reaches the API server from where; a list of CIDRs counts only for a public endpoint."""
    public = wanted.get("endpoint_public_access")
    return {
        "endpointPublicAccess": public,
        "endpointPrivateAccess": wanted.get("endpoint_private_access"),
        "publicAccessCidrs": None if public is False else wanted.get("public_access_cidrs"),
    }


def logging(wanted: dict) -> dict | None:
    """Each log type, on or off."""
    if wanted.get("logging_types") is None:
        return None
    on = [log_type for log_type in LOG_TYPES if log_type in wanted["logging_types"]]
    off = [log_type for log_type in LOG_TYPES if log_type not in wanted["logging_types"]]
    setups = [{"types": on, "enabled": True}, {"types": off, "enabled": False}]
    return {"clusterLogging": [setup for setup in setups if setup["types"]]}


def encryption(wanted: dict) -> list | None:
    """Envelope encryption of Kubernetes secrets."""
    key = wanted.get("encryption_key_arn")
    return [{"resources": ["secrets"], "provider": {"keyArn": key}}] if key else None


@dataclass(frozen=True)
class Update:
    """One kind of update: the attribute paths it covers, the client's method, and its request from (wanted, found)."""

    paths: tuple
    method: str
    request: object


def _config(member, build):
    """An UpdateClusterConfig of one member, which is all that EKS takes in one call."""
    return lambda wanted, found: {member: _pruned(build(wanted, found))}


def _next_access_mode(wanted, found):
    """The next step from the mode found; EKS takes one step at a time."""
    return ACCESS_MODES[ACCESS_MODES.index(found["authentication_mode"]) + 1]


# In this order; the version comes last, since it takes longest.
# https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html
UPDATES = (
    Update(
        ("deletion_protection",),
        "update_cluster_config",
        _config("deletionProtection", lambda wanted, found: wanted["deletion_protection"]),
    ),
    Update(
        ("logging_types",),
        "update_cluster_config",
        _config("logging", lambda wanted, found: logging(wanted)),
    ),
    Update(
        ("endpoint_public_access", "endpoint_private_access", "public_access_cidrs"),
        "update_cluster_config",
        _config("resourcesVpcConfig", lambda wanted, found: endpoint(wanted)),
    ),
    Update(
        ("subnet_ids", "security_group_ids"),
        "update_cluster_config",
        _config("resourcesVpcConfig", lambda wanted, found: network(wanted)),
    ),
    Update(
        ("authentication_mode",),
        "update_cluster_config",
        _config("accessConfig", lambda wanted, found: {"authenticationMode": _next_access_mode(wanted, found)}),
    ),
    Update(
        ("encryption_key_arn",),
        "associate_encryption_config",
        lambda wanted, found: {"encryptionConfig": encryption(wanted)},
    ),
    Update(
        ("upgrade_policy",),
        "update_cluster_config",
        _config("upgradePolicy", lambda wanted, found: {"supportType": wanted["upgrade_policy"]}),
    ),
    Update(
        ("zonal_shift",),
        "update_cluster_config",
        _config("zonalShiftConfig", lambda wanted, found: {"enabled": wanted["zonal_shift"]}),
    ),
    Update(("version",), "update_cluster_version", lambda wanted, found: {"version": wanted["version"]}),
)


def version_refusal(before: str, after: str) -> tuple | None:
    """(message, advice) when EKS cannot go from one version to the other, else None.

    https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
    """
    have, want = _minor(before), _minor(after)
    if want is None:
        return f"{after} is no Kubernetes version", 'Give major and minor as text, for instance "1.34".'
    if want < have:
        return (
            f"the cluster has Kubernetes {before}, a downgrade to {after} is not possible",
            f"Set the version to {before} or later.",
        )
    if want[0] != have[0] or want[1] - have[1] > 1:
        return (
            f"the cluster has Kubernetes {before}, {after} is more than one minor version away",
            f"Go one minor at a time: set the version to {have[0]}.{have[1] + 1} first.",
        )
    return None


def access_mode_refusal(before: str, after: str) -> tuple | None:
    """(message, advice) when the authentication mode would go backward, else None."""
    if ACCESS_MODES.index(after) > ACCESS_MODES.index(before):
        return None
    return (
        f"the authentication mode is {before} and cannot go back to {after}",
        f"Set it to {before}, or to a mode that accepts only access entries.",
    )


def _minor(version):
    """(1, 34) for "1.34", None for anything else."""
    parts = str(version).split(".")
    return tuple(int(part) for part in parts) if len(parts) == 2 and all(part.isdigit() for part in parts) else None


def _pruned(value):
    """The map without what is None or an empty map, at any depth."""
    if not isinstance(value, dict):
        return value
    below = {name: _pruned(item) for name, item in value.items()}
    return {name: item for name, item in below.items() if item is not None and item != {}}
