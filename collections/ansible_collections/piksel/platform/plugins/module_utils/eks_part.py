# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What add-ons, Fargate profiles and node groups have in common: each is a part of one cluster, with a state."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import errors, ownership, tagging, unknown, wait
from ansible_collections.piksel.platform.plugins.module_utils.compare import Change
from ansible_collections.piksel.platform.plugins.module_utils.eks_update import await_update
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

MINUTE = 60
# Every module for parts of a cluster: the cluster, and whether it is there yet.
CLUSTER_ARGUMENTS = {"cluster_name": {"type": "str", "required": True}, "cluster_endpoint": {"type": "str"}}
IN_MOTION = ("CREATING", "UPDATING", "DELETING")
BROKEN = ("CREATE_FAILED", "DELETE_FAILED")
# A call that finds another one under way waits for that and is repeated, so often at most.
STARTS = 5


@dataclass(frozen=True)
class Home:
    """The cluster that parts belong to; ``endpoint`` is unknown while it is yet to be made, or made anew."""

    name: str
    endpoint: str | None = None

    @property
    def is_to_come(self) -> bool:
        """True in the plan of a run that makes the cluster: it has no parts yet."""
        return unknown.is_unknown(self.name) or unknown.is_unknown(self.endpoint)


@dataclass(frozen=True)
class Words:
    """How the EKS API speaks of a kind: describe_<noun>, the <member> of answers, the option with the <name>, and
    list_<noun>s with the <names> of its answer."""

    noun: str
    member: str
    name: str
    names: str


class ClusterPart(Resource):
    """A part of a cluster. ``flat`` gives it at least "arn", "status", "failure" and "tags"."""

    exists_codes = ("ResourceInUseException",)
    words: Words
    # Seconds that a change typically takes, and at most.
    typical, limit = 2 * MINUTE, 30 * MINUTE
    # The states in which a change has come to its end.
    settled = ("ACTIVE",)

    def __init__(self, clients, home, scope, key, name, wanted):
        """``home`` is the Home of the part."""
        super().__init__(clients, scope, key, name, wanted)
        self.home = home
        self.eks = clients.client("eks")
        self.which = {"clusterName": home.name, self.words.name: name}

    @property
    def subject(self):
        """With the cluster, since each cluster may have a part of this name."""
        return f"{self.kind} {self.name} of cluster {self.home.name}"

    def where(self) -> str:
        """Kind, name, cluster, account and region, for lines and errors of a wait."""
        return f"{self.subject} (account {self.clients.account_id}, region {self.clients.region})"

    @staticmethod
    @abstractmethod
    def flat(described: dict) -> dict:
        """What the API describes, flat like ``wanted``."""

    def read(self):
        """Describe it; there is none where the cluster does not exist."""
        if self.home.is_to_come:
            return None
        try:
            answer = getattr(self.eks, f"describe_{self.words.noun}")(**self.which)
        except is_boto3_error_code("ResourceNotFoundException"):
            return None
        return self.flat(answer[self.words.member])

    def settle(self, found, check_mode):
        """What an earlier run left in motion is waited for; check mode takes what is on its way out as gone."""
        if found is None or found["status"] not in IN_MOTION:
            return found
        if found["status"] == "DELETING":
            return None if check_mode else self.await_gone()
        return found if check_mode else self.await_settled()

    def changes(self, found):
        """What could not be made, or not be deleted, is made anew."""
        if found["status"] in BROKEN:
            return [Change("status", found["status"], "ACTIVE", immutable=True)]
        return super().changes(found)

    def unusable(self, found):
        """It stays in a failed state until somebody deletes it."""
        return f"its state is {found['status']}: {found['failure']}" if found["status"] in BROKEN else None

    def tag(self, found, changes) -> dict:
        """Set the tags among ``changes``; returns what was found, with them."""
        tags = tagging.wanted(changes)
        if tags:
            self.eks.tag_resource(resourceArn=found["arn"], tags=tags)
        return {**found, "tags": {**found["tags"], **tags}}

    def update_by(self, method: str, **request) -> None:
        """Start an update by a method of the client and wait for its end.

        While another one is under way (ours, whose answer was lost, or somebody's) that one is waited for first.
        """
        for attempt in range(STARTS):
            try:
                started = getattr(self.eks, method)(**self.which, **request)["update"]["id"]
            except is_boto3_error_code("ResourceInUseException"):
                if attempt == STARTS - 1:
                    raise
                self.await_settled()
            else:
                await_update(self, self.home.name, started, **{self.words.name: self.name})
                return

    def delete(self, found):
        """Delete it and wait until it is gone."""
        if found.get("status") != "DELETING":
            self.delete_call()
        self.await_gone()

    def delete_call(self, **options) -> None:
        """The one call of a deletion, with options of its own where a kind has some."""
        with errors.gone("ResourceNotFoundException"):
            getattr(self.eks, f"delete_{self.words.noun}")(**self.which, **options)

    def await_settled(self) -> dict:
        """Wait for one of the settled states and return the part as found; a failed state raises with the reason."""

        def look():
            seen = self.read()
            if seen is None:
                return wait.Look("gone", failure="it was deleted meanwhile")
            failure = seen["failure"] if seen["status"].endswith("FAILED") else None
            return wait.Look(self.told(seen), done=seen["status"] in self.settled, failure=failure, value=seen)

        return wait.until(look, wait.Patience(self.where(), self.typical, self.limit), self.progress)

    def await_gone(self) -> None:
        """Wait until it is gone; a failed deletion raises with the reason."""

        def look():
            seen = self.read()
            if seen is None:
                return wait.Look("gone", done=True)
            failure = seen["failure"] if seen["status"].endswith("FAILED") else None
            return wait.Look(seen["status"], failure=failure)

        return wait.until(look, wait.Patience(self.where(), self.typical, self.limit), self.progress)

    @staticmethod
    def told(seen: dict) -> str:
        """The state in words, with the health issues of a part that has some."""
        return seen["status"]

    def state(self, found: dict | None) -> dict:
        """Facts that every part has: ARN, state, and what is wrong with it ("" while nothing is)."""
        if found is None:
            return {name: self.unknown(name) for name in ("arn", "status", "health")}
        healthy = found["status"] in ("ACTIVE", *IN_MOTION)
        return {"arn": found["arn"], "status": found["status"], "health": "" if healthy else found["failure"]}


def degraded(parts: list, facts: dict) -> list[str]:
    """A line for each part that works badly; ``facts`` are the ``resources`` of a result of ``reconcile``."""
    return [
        str(PlatformError(f"its state is DEGRADED: {facts[part.key]['health']}", subject=part.subject))
        for part in parts
        if facts[part.key]["status"] == "DEGRADED"
    ]


def reason(described: dict) -> str:
    """Why a cluster or a part of it is in a bad state, in the service's words.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_AddonIssue.html
    """
    issues = described.get("health", {}).get("issues", [])
    told = [f"{issue.get('code', 'Unknown')}: {issue.get('message', 'no message')}" for issue in issues]
    return "; ".join(told) or "the service gave no reason"


def unwanted(part, clients, home: Home, scope: str, names: set) -> list:
    """Parts of the class ``part`` that bear the mark of this scope and whose name nobody wants any more."""
    if home.is_to_come:
        return []
    with errors.told(f"parts of cluster {home.name} of kind {part.kind}", clients):
        try:
            pages = clients.client("eks").get_paginator(f"list_{part.words.noun}s").paginate(clusterName=home.name)
            others = [name for page in pages for name in page[part.words.names] if name not in names]
        except is_boto3_error_code("ResourceNotFoundException"):
            return []
        return bearing_mark([part(clients, home, scope, "", name, {}) for name in others])


def bearing_mark(resources: list) -> list:
    """Those of the resources (of one kind and scope) that bear its mark, read all at once; their key is then set."""
    found = parallel(lambda resource: resource.read() or {}, resources)
    marked = []
    for resource, seen in zip(resources, found, strict=True):
        mark = seen.get("tags", {}).get(ownership.MARK)
        resource.key = ownership.marked_key(mark, resource.kind, resource.scope)
        if resource.key and seen.get("status") != "DELETING":
            marked.append(resource)
    return marked
