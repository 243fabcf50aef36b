# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Updates of an EKS cluster: started one at a time, waited for, found again when their answer was lost."""

from __future__ import annotations

import json

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import eks_request, tagging, wait
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

MINUTE = 60
# The authentication mode may need two steps, and a lost answer one more.
STARTS = 4
# Parameters of an update as the API tells them: type -> the attribute that it sets, and how its text is read.
_TARGETS = {
    "Version": ("version", str),
    "AuthenticationMode": ("authentication_mode", str),
    "EndpointPublicAccess": ("endpoint_public_access", json.loads),
    "EndpointPrivateAccess": ("endpoint_private_access", json.loads),
    "PublicAccessCidrs": ("public_access_cidrs", json.loads),
    "Subnets": ("subnet_ids", json.loads),
    "SecurityGroups": ("security_group_ids", json.loads),
}


class Updates:
    """Brings a cluster (eks_cluster.Cluster) to what it wants, update by update."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.eks = cluster.eks
        self.starts = {}

    def run(self, found: dict) -> dict:
        """Start what is needed and wait for it, until nothing differs; returns the cluster as found then."""
        while True:
            todo = self._todo(found)
            if not todo:
                return found
            update_id = self._start(todo[0], found)
            if update_id:
                await_update(self.cluster, self.cluster.name, update_id)
            found = self.cluster.await_active()

    def _todo(self, found):
        """The kinds of update that are still needed, in their order."""
        changes = [change for change in self.cluster.changes(found) if not change.immutable]
        return [update for update in eks_request.UPDATES if tagging.touches(changes, *update.paths)]

    def _start(self, update, found):
        """The id of the update, None when one is under way already (ours whose answer was lost, or another one's)."""
        self._count(update)
        request = update.request(self.cluster.wanted, found)
        name = {"clusterName" if update.method == "associate_encryption_config" else "name": self.cluster.name}
        try:
            return getattr(self.eks, update.method)(**name, **request)["update"]["id"]
        except is_boto3_error_code("ResourceInUseException"):
            return None
        except is_boto3_error_code(["InvalidParameterException", "InvalidRequestException"]):
            # A repeated call is refused when the first one, whose answer was lost, is under way or done.
            seen = self.cluster.read()
            if seen["status"] == "ACTIVE" and update in self._todo(seen):
                raise
            return None

    def _count(self, update):
        self.starts[update] = self.starts.get(update, 0) + 1
        if self.starts[update] > STARTS:
            raise PlatformError(
                f"updates of {', '.join(update.paths)} end well and change nothing",
                subject=self.cluster.subject,
                **self.cluster.place(),
            )


def await_update(resource, cluster_name: str, update_id: str, **part) -> None:
    """Wait for an update of ``resource`` to succeed; Failed and Cancelled raise with the errors that the service gives.

    ``part`` names a part of the cluster: nodegroupName or addonName.
    https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeUpdate.html
    """

    def look():
        update = resource.eks.describe_update(name=cluster_name, updateId=update_id, **part)["update"]
        state = f"{update['type']} {update['status']}"
        failure = _reason(update) if update["status"] in ("Failed", "Cancelled") else None
        return wait.Look(state, done=update["status"] == "Successful", failure=failure)

    wait.until(look, wait.Patience(resource.where(), 10 * MINUTE, 60 * MINUTE), resource.progress)


def targets(cluster) -> dict:
    """What the updates under way set: attribute path -> value at their end, for a plan that does not wait for them.

    Read-only; parameters of another form are passed over, so that the plan shows the present value.
    https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateParam.html
    """
    ids = items(cluster.eks, "list_updates", "updateIds", name=cluster.name)
    updates = [cluster.eks.describe_update(name=cluster.name, updateId=update_id)["update"] for update_id in ids]
    found = {}
    for update in updates:
        if update["status"] == "InProgress":
            found |= dict(_target(param) for param in update["params"] if param["type"] in _TARGETS)
    return {path: value for path, value in found.items() if value is not None}


def _target(param):
    path, parse = _TARGETS[param["type"]]
    try:
        return path, parse(param["value"])
    except ValueError:
        return path, None


def _reason(update):
    errors = update.get("errors") or []
    return (
        "; ".join(f"{error.get('errorCode', 'Unknown')}: {error.get('errorMessage', 'no message')}" for error in errors)
        or "the service gave no reason"
    )
