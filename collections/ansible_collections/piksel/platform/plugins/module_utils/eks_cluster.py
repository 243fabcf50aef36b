# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The EKS cluster: made whole in one call, changed one update at a time."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import arguments, eks_request, tagging, unknown, wait
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute, Change
from ansible_collections.piksel.platform.plugins.module_utils.eks_part import reason
from ansible_collections.piksel.platform.plugins.module_utils.eks_update import Updates, targets
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError, told
from ansible_collections.piksel.platform.plugins.module_utils.iam import while_role_is_new
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

MINUTE = 60

CLUSTER_ARGUMENTS = {
    "key": {"type": "str", "default": "cluster", "no_log": False},
    "name": {"type": "str", "required": True},
    "version": {"type": "str"},
    "cluster_role_arn": {"type": "str"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "security_group_ids": {"type": "list", "elements": "str", "default": []},
    "endpoint_public_access": {"type": "bool", "default": True},
    "endpoint_private_access": {"type": "bool", "default": True},
    "public_access_cidrs": {"type": "list", "elements": "str"},
    "logging_types": {"type": "list", "elements": "str", "choices": list(eks_request.LOG_TYPES)},
    "encryption_key_arn": {"type": "str", "no_log": False},
    "authentication_mode": {"type": "str", "choices": list(eks_request.ACCESS_MODES), "default": "API"},
    "bootstrap_creator_admin": {"type": "bool", "default": False},
    "bootstrap_self_managed_addons": {"type": "bool"},
    "service_ipv4_cidr": {"type": "str"},
    "upgrade_policy": {"type": "str", "choices": ["STANDARD", "EXTENDED"]},
    "zonal_shift": {"type": "bool"},
    "deletion_protection": {"type": "bool"},
    "state": {"type": "str", "choices": ["present", "started", "active"], "default": "present"},
    "made_anew": {"type": "bool", "default": False},
}
# What only waits needs no more than a name.
CLUSTER_NEEDS = [("state", state, ("cluster_role_arn", "subnet_ids")) for state in ("present", "started")]


class Cluster(Resource):
    """An EKS cluster. https://docs.aws.amazon.com/eks/latest/APIReference/API_Cluster.html"""

    kind = "eks_cluster"
    exists_codes = ("ResourceInUseException",)
    attributes = (
        Attribute("version"),
        Attribute("cluster_role_arn", immutable=True),
        Attribute("subnet_ids", form="set"),
        Attribute("security_group_ids", form="set"),
        Attribute("endpoint_public_access"),
        Attribute("endpoint_private_access"),
        Attribute("public_access_cidrs", form="set"),
        Attribute("logging_types", form="set"),
        Attribute("encryption_key_arn"),
        Attribute("authentication_mode"),
        Attribute("service_ipv4_cidr", immutable=True),
        Attribute("upgrade_policy"),
        Attribute("zonal_shift", default=False),
        Attribute("deletion_protection", default=False),
        tagging.TAGS,
    )
    # Said once at creation; EKS offers no way to change them.
    at_creation = (Attribute("bootstrap_creator_admin"), Attribute("bootstrap_self_managed_addons"))

    def __init__(self, clients, scope, key, name, wanted, *, waits=True):
        super().__init__(clients, scope, key, name, wanted)
        self.eks = clients.client("eks")
        self.waits = waits

    @property
    def arn(self):
        """Known before the cluster exists."""
        clients = self.clients
        return f"arn:{clients.partition}:eks:{clients.region}:{clients.account_id}:cluster/{self.name}"

    def read(self):
        """DescribeCluster."""
        try:
            return flat(self.eks.describe_cluster(name=self.name)["cluster"])
        except is_boto3_error_code("ResourceNotFoundException"):
            return None

    def settle(self, found, check_mode):
        """A cluster that an earlier run left in motion is waited for, unless it only starts and is as wanted.

        One on its way out counts as gone. Check mode takes what is under way as done.
        """
        if found is None or found["status"] in ("ACTIVE", "FAILED"):
            return found
        if found["status"] == "DELETING":
            return None if check_mode else self._await_gone()
        if check_mode and found["status"] == "UPDATING":
            return {**found, **targets(self)}
        if check_mode or (found["status"] == "CREATING" and not self.waits and not self.changes(found)):
            return found
        return self.await_active()

    def changes(self, found):
        """What differs."""
        if found["status"] == "FAILED":
            return [Change("status", "FAILED", "ACTIVE", immutable=True)]
        if False in (self.wanted.get("endpoint_public_access"), found["endpoint_public_access"]):
            # CIDRs of an endpoint that is not public mean nothing, and EKS forgets them; they come back with it.
            found = {**found, "public_access_cidrs": self.wanted.get("public_access_cidrs")}
        return [self._judged(found, change) for change in super().changes(found)]

    def _judged(self, found, change):
        """Changes that EKS makes only for a new cluster, depending on what there is."""
        other_key = change.path == "encryption_key_arn" and change.before
        other_vpc = change.path == "subnet_ids" and self._vpc_ids(change.after) - {found["vpc_id"]}
        if other_key or other_vpc:
            return Change(change.path, change.before, change.after, immutable=True)
        return change

    def _vpc_ids(self, subnet_ids):
        known = [subnet for subnet in subnet_ids if not unknown.is_unknown(subnet)]
        if not known:
            return set()
        subnets = self.clients.client("ec2").describe_subnets(SubnetIds=known)["Subnets"]
        return {subnet["VpcId"] for subnet in subnets}

    def refusals(self, _found, changes):
        """Versions and access modes that EKS would refuse."""
        findings = []
        for change in changes:
            refusal = _REFUSALS[change.path](change.before, change.after) if change.path in _REFUSALS else None
            if refusal:
                message, advice = refusal
                findings.append(PlatformError(message, subject=self.subject, advice=advice, **self.place()))
        return findings

    def removal_refusals(self, found, _action):
        """What EKS keeps a cluster for.

        https://docs.aws.amazon.com/eks/latest/userguide/delete-cluster.html
        """
        groups = items(self.eks, "list_nodegroups", "nodegroups", clusterName=self.name)
        profiles = items(self.eks, "list_fargate_profiles", "fargateProfileNames", clusterName=self.name)
        parts = [*(f"node group {name}" for name in groups), *(f"Fargate profile {name}" for name in profiles)]
        reasons = [(f"it has the {part}", "Delete that first.") for part in parts]
        if found["deletion_protection"]:
            reasons.append(("its deletion protection is on", "Switch that off in a run before."))
        return [
            PlatformError(f"EKS will not delete it: {reason}", subject=self.subject, advice=advice, **self.place())
            for reason, advice in reasons
        ]

    def restrictions(self, changes):
        """The step to access entries only: whoever stands just in the ConfigMap aws-auth loses access by it.

        https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html
        """
        free, restricting = [], []
        for change in changes:
            if (change.path, change.after) != ("authentication_mode", eks_request.ACCESS_MODES[-1]):
                free.append(change)
                continue
            both = eks_request.ACCESS_MODES[-2]
            if change.before != both:
                free.append(Change(change.path, change.before, both))
            restricting.append(Change(change.path, both, change.after))
        return free, restricting

    def unusable(self, found):
        """A failed cluster stays failed."""
        if found["status"] == "FAILED":
            return f"the cluster is in state FAILED: {found['failure']}"
        return None

    def creation(self):
        """Everything wanted, with what counts only at creation."""
        from_start = [
            Change(attribute.path, None, self.wanted[attribute.path])
            for attribute in self.at_creation
            if self.wanted.get(attribute.path) is not None
        ]
        return super().creation() + from_start

    def create(self):
        """CreateCluster, and wait until it is ACTIVE unless the task only starts it.

        https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
        """
        request = eks_request.creation(self.name, self.wanted)
        created = while_role_is_new(
            lambda: self.eks.create_cluster(**request),
            self.clients,
            [self.wanted["cluster_role_arn"]],
        )
        return self.await_active() if self.waits else flat(created["cluster"])

    def update(self, found, changes):
        """Tags at once; then one update after another, each waited for, the version last."""
        tags = tagging.wanted(changes)
        if tags:
            self.eks.tag_resource(resourceArn=found["arn"], tags=tags)
        if all(change.path.startswith("tags.") for change in changes):
            return {**found, "tags": {**found["tags"], **tags}}
        # The updates compare anew until nothing differs: they must not find what was held back.
        mode = next((change.after for change in changes if change.path == "authentication_mode"), None)
        self.wanted = {**self.wanted, "authentication_mode": mode}
        return Updates(self).run(found)

    def delete(self, found):
        """DeleteCluster; EKS refuses while node groups, Fargate profiles or deletion protection are left."""
        if found["status"] != "DELETING":
            self.eks.delete_cluster(name=self.name)
        self._await_gone()

    def await_active(self):
        """Wait for ACTIVE and return the cluster as found; FAILED raises with the reason."""

        def look():
            seen = self.read()
            if seen is None:
                return wait.Look("gone", failure="the cluster was deleted meanwhile")
            failure = seen["failure"] if seen["status"] == "FAILED" else None
            return wait.Look(seen["status"], done=seen["status"] == "ACTIVE", failure=failure, value=seen)

        return wait.until(look, wait.Patience(self.where(), 10 * MINUTE, 60 * MINUTE), self.progress)

    def _await_gone(self):
        def look():
            seen = self.read()
            if seen is None:
                return wait.Look("gone", done=True)
            failure = seen["failure"] if seen["status"] == "FAILED" else None
            return wait.Look(seen["status"], failure=failure)

        return wait.until(look, wait.Patience(self.where(), 5 * MINUTE, 30 * MINUTE), self.progress)

    def where(self):
        """Kind, name, account and region, for lines and errors of a wait."""
        return f"{self.subject} (account {self.clients.account_id}, region {self.clients.region})"

    def facts(self, found):
        """What later steps need; unknown strings for what is not there yet."""
        known = {"name": self.name, "arn": self.arn}
        return known | {name: (found or {}).get(name) or self.unknown(name) for name in FACTS}


FACTS = (
    "status",
    "version",
    "platform_version",
    "endpoint",
    "certificate_authority",
    "oidc_issuer",
    "security_group_id",
    "vpc_id",
    "service_ipv4_cidr",
    "cluster_role_arn",
)


def flat(cluster: dict) -> dict:
    """A Cluster of the API, flat."""
    vpc = cluster.get("resourcesVpcConfig", {})
    network = cluster.get("kubernetesNetworkConfig", {})
    encryption = cluster.get("encryptionConfig") or [{}]
    return {
        "arn": cluster["arn"],
        "status": cluster["status"],
        "failure": reason(cluster),
        "version": cluster.get("version"),
        "platform_version": cluster.get("platformVersion"),
        "endpoint": cluster.get("endpoint"),
        "certificate_authority": cluster.get("certificateAuthority", {}).get("data"),
        "oidc_issuer": cluster.get("identity", {}).get("oidc", {}).get("issuer"),
        "cluster_role_arn": cluster.get("roleArn"),
        "vpc_id": vpc.get("vpcId"),
        "security_group_id": vpc.get("clusterSecurityGroupId"),
        "subnet_ids": vpc.get("subnetIds", []),
        "security_group_ids": vpc.get("securityGroupIds", []),
        "endpoint_public_access": vpc.get("endpointPublicAccess"),
        "endpoint_private_access": vpc.get("endpointPrivateAccess"),
        "public_access_cidrs": vpc.get("publicAccessCidrs", []),
        "logging_types": _log_types(cluster),
        "encryption_key_arn": encryption[0].get("provider", {}).get("keyArn"),
        "authentication_mode": cluster.get("accessConfig", {}).get("authenticationMode"),
        "service_ipv4_cidr": network.get("serviceIpv4Cidr"),
        "upgrade_policy": cluster.get("upgradePolicy", {}).get("supportType"),
        "zonal_shift": cluster.get("zonalShiftConfig", {}).get("enabled", False),
        "deletion_protection": cluster.get("deletionProtection", False),
        "tags": cluster.get("tags", {}),
    }


def _log_types(cluster):
    setups = cluster.get("logging", {}).get("clusterLogging", [])
    return [log_type for setup in setups if setup.get("enabled") for log_type in setup.get("types", [])]


_REFUSALS = {"version": eks_request.version_refusal, "authentication_mode": eks_request.access_mode_refusal}
NOT_ATTRIBUTES = ("key", "name", "state", "made_anew")


def run_cluster(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile one cluster; result of reconcile, and ``cluster`` with the facts of the one resource."""
    key = params["key"]
    wanted = {name: params[name] for name in CLUSTER_ARGUMENTS if name not in NOT_ATTRIBUTES}
    wanted["tags"] = arguments.tags(Cluster.kind, params, key, {})
    cluster = Cluster(clients, params["scope"], key, params["name"], wanted, waits=params["state"] != "started")
    if params["state"] == "active":
        result = _awaited(cluster, check_mode, params["made_anew"], progress)
    else:
        result = reconcile([cluster], check_mode, consent=params["consent"], progress=progress)
    return {**result, "cluster": result["resources"][key]}


def _awaited(cluster, check_mode, made_anew, progress):
    """The result for a cluster that another task started: nothing is planned, only waited for.

    ``made_anew``: that task replaces the cluster, so what check mode finds is not the one that will be handed on.
    """
    cluster.progress = progress
    with told(cluster.subject, cluster.clients):
        gone = check_mode and made_anew
        found = None if gone else cluster.settle(cluster.read(), check_mode)
        if not check_mode and (found is None or found["status"] == "FAILED"):
            reason = f"the cluster is in state FAILED: {found['failure']}" if found else "the cluster does not exist"
            raise PlatformError(reason, subject=cluster.subject, **cluster.place())
        facts = cluster.facts(found)
    return {"changed": False, "operations": [], "held": [], "diff": [], "resources": {cluster.key: facts}}
