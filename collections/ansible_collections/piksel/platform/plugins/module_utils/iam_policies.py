# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customer managed IAM policies: one default version that says what is wanted. Names and ARNs are known beforehand."""

from __future__ import annotations

import json
import re
import threading
import time

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import arguments, compare, errors, ownership, tagging
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import AnswerLostError, PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.iam import GONE
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel, reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
POLICY_CHARACTERS = 6144
VERSIONS = 5
# A version whose answer was lost is looked for, and made again when it is not there: so often, so many seconds apart.
VERSION_ATTEMPTS = 8
VERSION_PAUSE = 0.2

POLICY_OPTIONS = {
    "name": {"type": "str", "required": True},
    "path": {"type": "str", "default": "/"},
    "description": {"type": "str"},
    "document": {"type": "raw", "required": True},
    "tags": {"type": "dict", "default": {}},
}
# How a policy is attached: the kind of holder, as ListEntitiesForPolicy answers, and the ends of IAM's operations.
_HOLDERS = (
    ("PolicyRoles", "RoleName", "role"),
    ("PolicyUsers", "UserName", "user"),
    ("PolicyGroups", "GroupName", "group"),
)


def characters(document) -> int:
    """The length of a policy (map or JSON text) as IAM counts it: without white space."""
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    return len(re.sub(r"\s", "", text))


class Shelf:
    """The account's own policies, listed once for a task: lower-case name -> (ARN, name).

    IAM tells names apart without regard to case and path, so a policy of another path stands in the way of ours.
    """

    def __init__(self, clients):
        self.clients = clients
        self._lock = threading.Lock()
        self._arns = None

    def arns(self) -> dict:
        """Every customer managed policy."""
        with self._lock:
            if self._arns is None:
                pages = self.clients.client("iam").get_paginator("list_policies").paginate(Scope="Local")
                found = [policy for page in pages for policy in page["Policies"]]
                self._arns = {policy["PolicyName"].lower(): (policy["Arn"], policy["PolicyName"]) for policy in found}
            return self._arns


class Policy(Resource):
    """A customer managed policy. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html

    ``document`` is that of the default version; other versions have no effect and are left alone.
    """

    kind = "iam_policy"
    exists_codes = ("EntityAlreadyExists",)
    attributes = (
        Attribute("path", immutable=True, default="/"),
        Attribute("description", immutable=True, default=""),
        Attribute("document", form="policy"),
        tagging.TAGS,
    )

    def __init__(self, shelf, scope, key, name, wanted):
        super().__init__(shelf.clients, scope, key, name, wanted)
        self.iam = self.clients.client("iam")
        self.shelf = shelf
        self._holders = []

    def arn(self, path: str) -> str:
        """The ARN of the policy on a path."""
        return f"arn:{self.clients.partition}:iam::{self.clients.account_id}:policy{path}{self.name}"

    def read(self):
        """GetPolicy and GetPolicyVersion, by our ARN, else by the name that stands on another path."""
        return self._found(self.arn(self.wanted["path"])) or self._elsewhere()

    def _elsewhere(self):
        arn, _name = self.shelf.arns().get(self.name.lower(), (None, None))
        return self._found(arn) if arn else None

    def _found(self, arn):
        try:
            policy = self.iam.get_policy(PolicyArn=arn)["Policy"]
            document = self._document(arn, policy["DefaultVersionId"])
        except is_boto3_error_code(GONE):
            return None
        return {
            "arn": policy["Arn"],
            "path": policy["Path"],
            "description": policy.get("Description", ""),
            "document": document,
            "tags": boto3_tag_list_to_ansible_dict(policy.get("Tags", [])),
        }

    def _document(self, arn, version):
        return self.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    def refusals(self, _found, _changes):
        """A document longer than IAM takes, which no quota changes."""
        length = characters(self.wanted["document"])
        if length <= POLICY_CHARACTERS:
            return []
        message = f"the document has {length} characters without white space, IAM takes {POLICY_CHARACTERS}"
        return [PlatformError(message, subject=self.subject, advice="Divide it into two policies.", **self.place())]

    def removal_refusals(self, found, action):
        """Who has the policy as boundary, and whom a replacement that dies half-way would leave without it for good.

        What the platform marks gets its policies again from the next run.
        https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html
        """
        arn = found["arn"] if found else self._arn
        bounded = [
            f"{kind} {name} has it as permissions boundary"
            for name, _parameter, kind in self._used(arn, "PermissionsBoundary")
        ]
        others = [
            f"{kind} {name} of somebody else has it attached"
            for name, _parameter, kind in self._attached(arn)
            if action == "replace" and not self._is_marked(name, kind)
        ]
        advice = "Give that another one first."
        return [PlatformError(text, subject=self.subject, advice=advice, **self.place()) for text in bounded + others]

    def _is_marked(self, name, kind):
        """Whether a holder is a role that the platform made."""
        if kind != "role":
            return False
        tags = items(self.iam, "list_role_tags", "Tags", RoleName=name)
        return ownership.MARK in boto3_tag_list_to_ansible_dict(tags)

    def create(self):
        """CreatePolicy with everything, the mark among the tags; a replaced policy goes back to whom it was taken."""
        policy = self.iam.create_policy(
            PolicyName=self.name,
            Path=self.wanted["path"],
            PolicyDocument=compare.text(self.wanted["document"]),
            Tags=ansible_dict_to_boto3_tag_list(self.wanted["tags"]),
            **({"Description": self.wanted["description"]} if self.wanted.get("description") else {}),
        )["Policy"]
        for holder, name, kind in self._holders:
            getattr(self.iam, f"attach_{kind}_policy")(PolicyArn=policy["Arn"], **{name: holder})
        return {**{path: value for path, value in self.wanted.items() if value is not None}, "arn": policy["Arn"]}

    def update(self, found, changes):
        """A version for a document that differs, TagPolicy for tags."""
        if tagging.touches(changes, "document"):
            self._set_document(found["arn"])
        tags = tagging.wanted(changes)
        if tags:
            self.iam.tag_policy(PolicyArn=found["arn"], Tags=ansible_dict_to_boto3_tag_list(tags))

    def _set_document(self, arn):
        """Make the version with the wanted document the default one, and a new one where there is none."""
        for attempt in range(VERSION_ATTEMPTS):
            versions = self._versions(arn)
            same = next((one for one in versions if self._is_wanted(arn, one)), None)
            if same:
                if not same["IsDefaultVersion"]:
                    self.iam.set_default_policy_version(PolicyArn=arn, VersionId=same["VersionId"])
                return
            self._make_room(arn, versions)
            try:
                self.iam.create_policy_version(
                    PolicyArn=arn, PolicyDocument=compare.text(self.wanted["document"]), SetAsDefault=True
                )
            except AnswerLostError as lost:
                last = lost
                time.sleep(VERSION_PAUSE * (attempt + 1))
            else:
                return
        raise PlatformError(f"no version could be made: {last}", subject=self.subject) from last

    def _versions(self, arn):
        """The versions, oldest first."""
        versions = items(self.iam, "list_policy_versions", "Versions", PolicyArn=arn)
        return sorted(versions, key=lambda one: int(one["VersionId"][1:]))

    def _is_wanted(self, arn, version):
        return not compare_policies(
            self._document(arn, version["VersionId"]), compare.document(self.wanted["document"])
        )

    def _make_room(self, arn, versions):
        """Remove the oldest version that has no effect where a further one would be one too many."""
        if len(versions) >= VERSIONS:
            self._delete_version(arn, next(one for one in versions if not one["IsDefaultVersion"]))

    def _delete_version(self, arn, version):
        with errors.gone(GONE):
            self.iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])

    def delete(self, found):
        """DeletePolicy, after it was taken from its holders and of its versions.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
        """
        arn = found["arn"]
        for holder, name, kind in self._attached(arn):
            self._holders.append((holder, name, kind))
            self._detach(arn, holder, name, kind)
        for version in self._versions(arn):
            if not version["IsDefaultVersion"]:
                self._delete_version(arn, version)
        with errors.gone(GONE):
            self.iam.delete_policy(PolicyArn=arn)

    def _attached(self, arn):
        return self._used(arn, "PermissionsPolicy")

    def _used(self, arn, how):
        """(name of the holder, parameter that names it, kind of holder) of each use of the policy in this way."""
        pages = self.iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn, PolicyUsageFilter=how)
        return [
            (holder[name], name, kind)
            for page in pages
            for group, name, kind in _HOLDERS
            for holder in page.get(group, [])
        ]

    def _detach(self, arn, holder, name, kind):
        with errors.gone(GONE):
            getattr(self.iam, f"detach_{kind}_policy")(PolicyArn=arn, **{name: holder})

    def facts(self, found):
        """Name and ARN; both are known before the policy exists."""
        return {"name": self.name, "arn": found["arn"] if found else self.arn(self.wanted["path"])}


class UnwantedPolicy(Policy):
    """A policy that no entry wants."""

    def __init__(self, shelf, scope, key, arn, name):
        super().__init__(shelf, scope, key, name, {})
        self._arn = arn

    def delete(self, _found):
        """As any policy, by the ARN that it was found with."""
        super().delete({"arn": self._arn})


def run_policies(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of policies; result of reconcile, resources: key -> {"name", "arn"}."""
    shelf = Shelf(clients)
    wanted = arguments.entries("policies", params["policies"], POLICY_OPTIONS)
    policies = [_policy(shelf, params, key, entry) for key, entry in wanted.items()]
    return reconcile(
        policies,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(shelf, params["scope"], {policy.name.lower() for policy in policies}),
        progress=progress,
    )


def _policy(shelf, params, key, entry):
    wanted = {
        "path": entry["path"],
        "description": entry["description"],
        "document": entry["document"],
        "tags": arguments.tags(Policy.kind, params, key, entry),
    }
    return Policy(shelf, params["scope"], key, entry["name"], wanted)


def _unwanted(shelf, scope, names):
    """Policies marked for this scope whose name nobody wants any more; only ListPolicyTags tells tags."""
    clients = shelf.clients

    def look(arn_and_name):
        arn, name = arn_and_name
        tags = {}
        # One that somebody deletes meanwhile has none.
        with errors.told(f"tags of policy {name}", clients), errors.gone(GONE):
            listed = items(clients.client("iam"), "list_policy_tags", "Tags", PolicyArn=arn)
            tags = boto3_tag_list_to_ansible_dict(listed)
        key = ownership.marked_key(tags.get(ownership.MARK), Policy.kind, scope)
        return UnwantedPolicy(shelf, scope, key, arn, name) if key else None

    with errors.told("policies of the account", clients):
        others = [found for name, found in shelf.arns().items() if name not in names]
    return [policy for policy in parallel(look, others) if policy]
