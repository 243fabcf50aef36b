# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fargate profiles of an EKS cluster: immutable, and changed one at a time."""

from __future__ import annotations

import threading
import time

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import arguments, eks_part, tagging, wait
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.eks_part import ClusterPart, Home, Words
from ansible_collections.piksel.platform.plugins.module_utils.iam import while_role_is_new
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel, reconcile

SELECTOR_OPTIONS = {
    "namespace": {"type": "str", "required": True},
    "labels": {"type": "dict", "default": {}},
}
PROFILE_OPTIONS = {
    "name": {"type": "str", "required": True},
    "pod_execution_role_arn": {"type": "str", "required": True},
    "subnet_ids": {"type": "list", "elements": "str", "required": True},
    "selectors": {"type": "list", "elements": "dict", "options": SELECTOR_OPTIONS, "required": True},
    "tags": {"type": "dict", "default": {}},
}
PROFILES_ARGUMENTS = {**eks_part.CLUSTER_ARGUMENTS, "profiles": {"type": "dict", "required": True}}


class FargateProfile(ClusterPart):
    """A Fargate profile. https://docs.aws.amazon.com/eks/latest/APIReference/API_FargateProfile.html

    ``turn`` is a lock that the profiles of one cluster share: EKS creates or deletes one at a time.
    https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
    """

    kind = "eks_fargate_profile"
    words = Words("fargate_profile", "fargateProfile", "fargateProfileName", "fargateProfileNames")
    attributes = (
        Attribute("pod_execution_role_arn", immutable=True),
        Attribute("subnet_ids", form="set", immutable=True),
        Attribute("selectors", immutable=True),
        tagging.TAGS,
    )

    def __init__(self, clients, home, scope, key, name, wanted, *, turn=None):
        super().__init__(clients, home, scope, key, name, wanted)
        self.turn = turn or threading.Lock()

    @staticmethod
    def flat(described):
        """A FargateProfile of the API, flat."""
        return {
            "arn": described["fargateProfileArn"],
            "status": described["status"],
            "failure": eks_part.reason(described),
            "pod_execution_role_arn": described.get("podExecutionRoleArn"),
            "subnet_ids": described.get("subnets", []),
            "selectors": selectors(described.get("selectors", [])),
            "tags": described.get("tags", {}),
        }

    def create(self):
        """CreateFargateProfile when no other one is changing, and wait for it."""
        with self.turn:
            self._when_quiet(self._create_call, is_creation=True)
            return self.await_settled()

    def _create_call(self):
        while_role_is_new(
            lambda: self.eks.create_fargate_profile(
                **self.which,
                podExecutionRoleArn=self.wanted["pod_execution_role_arn"],
                subnets=self.wanted["subnet_ids"],
                selectors=self.wanted["selectors"],
                tags=self.wanted["tags"],
            ),
            self.clients,
            [self.wanted["pod_execution_role_arn"]],
        )

    def update(self, found, changes):
        """Tags; everything else makes a new profile."""
        return self.tag(found, changes)

    def delete(self, found):
        """DeleteFargateProfile when no other one is changing; its pods go with it."""
        with self.turn:
            if found.get("status") != "DELETING":
                self._when_quiet(self.delete_call)
            self.await_gone()

    def _when_quiet(self, call, is_creation=False):
        """Make the call once no profile of the cluster is changing, nor the cluster itself.

        What somebody else, or an earlier run, has set in motion is waited for. EKS says the same of a profile that
        exists already, which the core deals with.
        """
        for attempt in range(eks_part.STARTS):
            try:
                return call()
            except is_boto3_error_code("ResourceInUseException") as error:
                if is_creation and (self.read() or {"status": "DELETING"})["status"] != "DELETING":
                    raise
                busy = error
                time.sleep(attempt)
                self._await_quiet()
        raise busy

    def _await_quiet(self):
        def look():
            moving = self._moving()
            return wait.Look(", ".join(f"{name} is {state}" for name, state in moving.items()), done=not moving)

        what = f"other Fargate profiles before {self.where()}"
        wait.until(look, wait.Patience(what, self.typical, self.limit), self.progress)

    def _moving(self):
        """What of the cluster is changing: name -> state."""
        cluster = self.eks.describe_cluster(name=self.home.name)["cluster"]["status"]
        names = items(self.eks, "list_fargate_profiles", self.words.names, clusterName=self.home.name)
        states = dict(zip(names, parallel(self._status, names), strict=True))
        states[f"cluster {self.home.name}"] = cluster
        return {name: state for name, state in states.items() if state in eks_part.IN_MOTION}

    def _status(self, name):
        try:
            answer = self.eks.describe_fargate_profile(clusterName=self.home.name, fargateProfileName=name)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
        return answer["fargateProfile"]["status"]

    def facts(self, found):
        """Name, ARN and state."""
        return {"name": self.name} | self.state(found)


def selectors(given: list[dict]) -> list[dict]:
    """Selectors in one form: neither their order nor that of their labels means anything, nor does one said twice."""
    unique = {}
    for selector in given:
        labels = {str(name): str(value) for name, value in (selector.get("labels") or {}).items()}
        unique[(selector["namespace"], *sorted(labels.items()))] = {
            "namespace": selector["namespace"],
            "labels": dict(sorted(labels.items())),
        }
    return [unique[key] for key in sorted(unique)]


def run_profiles(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile the Fargate profiles of one cluster; resources: key -> {"name", "arn", "status", "health"}."""
    wanted = arguments.entries("profiles", params["profiles"], PROFILE_OPTIONS)
    home, turn = Home(params["cluster_name"], params.get("cluster_endpoint")), threading.Lock()
    profiles = [_profile(clients, params, home, turn, key, entry) for key, entry in wanted.items()]
    return reconcile(
        profiles,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params["scope"], home, turn, {profile.name for profile in profiles}),
        progress=progress,
    )


def _profile(clients, params, home, turn, key, entry):
    wanted = {
        "pod_execution_role_arn": entry["pod_execution_role_arn"],
        "subnet_ids": entry["subnet_ids"],
        "selectors": selectors(entry["selectors"]),
        "tags": arguments.tags(FargateProfile.kind, params, key, entry),
    }
    return FargateProfile(clients, home, params["scope"], key, entry["name"], wanted, turn=turn)


def _unwanted(clients, scope, home, turn, names):
    """Profiles that nobody wants any more; they wait for their turn as well."""
    found = eks_part.unwanted(FargateProfile, clients, home, scope, names)
    for profile in found:
        profile.turn = turn
    return found
