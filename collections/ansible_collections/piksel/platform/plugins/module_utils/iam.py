# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM roles: trust, attached policies, boundary, tags. Names and ARNs are known beforehand."""

from __future__ import annotations

import datetime
import time

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import arguments, compare, errors, ownership, tagging
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

# How IAM says that something is not there.
GONE = "NoSuchEntity"

ROLE_OPTIONS = {
    "name": {"type": "str", "required": True},
    "path": {"type": "str", "default": "/"},
    "description": {"type": "str"},
    "assume_role_policy": {"type": "raw", "required": True},
    "managed_policies": {"type": "list", "elements": "str", "default": []},
    "purge_policies": {"type": "bool", "default": True},
    "permissions_boundary": {"type": "str"},
    "max_session_duration": {"type": "int"},
    "tags": {"type": "dict", "default": {}},
}


class Role(Resource):
    """An IAM role. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html"""

    kind = "iam_role"
    exists_codes = ("EntityAlreadyExists",)
    attributes = (
        Attribute("path", immutable=True, default="/"),
        Attribute("description", default=""),
        Attribute("max_session_duration", default=3600),
        Attribute("assume_role_policy", form="policy"),
        Attribute("permissions_boundary", default=""),
        Attribute("managed_policies", form="set"),
        tagging.TAGS,
    )

    def __init__(self, clients, scope, key, name, wanted, *, purge_policies=True):
        super().__init__(clients, scope, key, name, wanted)
        self.iam = clients.client("iam")
        self.purge_policies = purge_policies

    def read(self):
        """GetRole and ListAttachedRolePolicies."""
        try:
            role = self.iam.get_role(RoleName=self.name)["Role"]
        except is_boto3_error_code(GONE):
            return None
        return {**_found(role), "managed_policies": self._attached()}

    def _attached(self):
        attached = items(self.iam, "list_attached_role_policies", "AttachedPolicies", RoleName=self.name)
        return [policy["PolicyArn"] for policy in attached]

    def changes(self, found):
        """Policies that others attached stay where the entry does not own the whole list."""
        if self.purge_policies:
            return super().changes(found)
        policies = set(self.wanted.get("managed_policies") or []) | set(found["managed_policies"])
        return compare.changes(self.attributes, {**self.wanted, "managed_policies": policies}, found)

    def create(self):
        """CreateRole with everything it takes; policies are attached afterwards."""
        wanted = {
            "Path": self.wanted["path"],
            "Description": self.wanted.get("description"),
            "MaxSessionDuration": self.wanted.get("max_session_duration"),
            "PermissionsBoundary": self.wanted.get("permissions_boundary"),
        }
        role = self.iam.create_role(
            RoleName=self.name,
            AssumeRolePolicyDocument=compare.text(self.wanted["assume_role_policy"]),
            Tags=ansible_dict_to_boto3_tag_list(self.wanted["tags"]),
            **{name: value for name, value in wanted.items() if value},
        )["Role"]
        created = {path: value for path, value in self.wanted.items() if value is not None}
        return {**created, "arn": role["Arn"], "managed_policies": []}

    def update(self, found, changes):
        """One call per attribute that differs; each may be repeated without harm."""
        if tagging.touches(changes, "description", "max_session_duration"):
            self.iam.update_role(
                RoleName=self.name,
                Description=_first(self.wanted.get("description"), found["description"]),
                MaxSessionDuration=_first(self.wanted.get("max_session_duration"), found["max_session_duration"]),
            )
        if tagging.touches(changes, "assume_role_policy"):
            self.iam.update_assume_role_policy(
                RoleName=self.name, PolicyDocument=compare.text(self.wanted["assume_role_policy"])
            )
        if tagging.touches(changes, "permissions_boundary"):
            self._set_boundary(self.wanted["permissions_boundary"])
        for change in changes:
            if change.path == "managed_policies":
                self._attach(set(change.before), set(change.after))
        tags = tagging.wanted(changes)
        if tags:
            self.iam.tag_role(RoleName=self.name, Tags=ansible_dict_to_boto3_tag_list(tags))

    def _set_boundary(self, arn):
        if arn:
            self.iam.put_role_permissions_boundary(RoleName=self.name, PermissionsBoundary=arn)
        else:
            with errors.gone(GONE):
                self.iam.delete_role_permissions_boundary(RoleName=self.name)

    def _attach(self, before, after):
        for arn in sorted(after - before):
            self.iam.attach_role_policy(RoleName=self.name, PolicyArn=arn)
        for arn in sorted(before - after):
            self._detach(arn)

    def _detach(self, arn):
        with errors.gone(GONE):
            self.iam.detach_role_policy(RoleName=self.name, PolicyArn=arn)

    def delete(self, _found):
        """DeleteRole, after everything that hangs on the role was taken off.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html
        """
        for arn in self._attached():
            self._detach(arn)
        for policy in items(self.iam, "list_role_policies", "PolicyNames", RoleName=self.name):
            with errors.gone(GONE):
                self.iam.delete_role_policy(RoleName=self.name, PolicyName=policy)
        profiles = items(self.iam, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=self.name)
        for profile in profiles:
            with errors.gone(GONE):
                self.iam.remove_role_from_instance_profile(
                    InstanceProfileName=profile["InstanceProfileName"], RoleName=self.name
                )
        with errors.gone(GONE):
            self.iam.delete_role(RoleName=self.name)

    def facts(self, found):
        """Name and ARN; both are known before the role exists."""
        path = (found or self.wanted).get("path") or "/"
        arn = f"arn:{self.clients.partition}:iam::{self.clients.account_id}:role{path}{self.name}"
        return {"name": self.name, "arn": arn}


def _found(role):
    return {
        "arn": role["Arn"],
        "path": role["Path"],
        "description": role.get("Description", ""),
        "max_session_duration": role.get("MaxSessionDuration", 3600),
        "assume_role_policy": role.get("AssumeRolePolicyDocument"),
        "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "tags": boto3_tag_list_to_ansible_dict(role.get("Tags", [])),
    }


def _first(value, otherwise):
    return otherwise if value is None else value


def policy_arn(clients, policy: str) -> str:
    """The ARN of a managed policy; a bare name means a policy of AWS, e.g. AmazonEKSClusterPolicy."""
    return policy if policy.startswith(("arn:", "(")) else f"arn:{clients.partition}:iam::aws:policy/{policy}"


def run_roles(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of roles; result of reconcile, resources: key -> {"name", "arn"}."""
    wanted = arguments.entries("roles", params["roles"], ROLE_OPTIONS)
    roles = [_role(clients, params, key, entry) for key, entry in wanted.items()]
    return reconcile(
        roles,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted_roles(clients, params["scope"], {role.name for role in roles}),
        progress=progress,
    )


def _role(clients, params, key, entry):
    wanted = {
        "path": entry["path"],
        "description": entry["description"],
        "max_session_duration": entry["max_session_duration"],
        "assume_role_policy": entry["assume_role_policy"],
        "permissions_boundary": entry["permissions_boundary"],
        "managed_policies": [policy_arn(clients, policy) for policy in entry["managed_policies"]],
        "tags": arguments.tags(Role.kind, params, key, entry),
    }
    return Role(clients, params["scope"], key, entry["name"], wanted, purge_policies=entry["purge_policies"])


def _unwanted_roles(clients, scope, names):
    """Roles marked for this scope whose name nobody wants any more, from one paginated call.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    """
    with errors.told("roles marked as ours", clients):
        pages = clients.client("iam").get_paginator("get_account_authorization_details").paginate(Filter=["Role"])
        found = []
        for page in pages:
            for role in page["RoleDetailList"]:
                mark = boto3_tag_list_to_ansible_dict(role.get("Tags", [])).get(ownership.MARK)
                key = ownership.marked_key(mark, Role.kind, scope)
                if key and role["RoleName"] not in names:
                    found.append(Role(clients, scope, key, role["RoleName"], {}))
        return found


def while_role_is_new(call, clients, role_arns, *, pause=2.0, limit=40.0):
    """Repeat ``call()`` while a service does not know a role yet that IAM made moments ago.

    IAM needs seconds to tell other services about a role. Only EKS's InvalidParameterException that speaks of a
    role or principal is repeated, and only when one of the roles is younger than two minutes; ``limit`` and ``pause``
    are seconds.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
    """
    end = time.monotonic() + limit
    while True:
        try:
            return call()
        except is_boto3_error_code("InvalidParameterException") as error:
            is_about_role = any(word in str(error).lower() for word in ("role", "principal"))
            if not is_about_role or time.monotonic() >= end or not any(_is_new(clients, arn) for arn in role_arns):
                raise
            time.sleep(pause)


def _is_new(clients, role_arn):
    name = role_arn.rsplit("/", 1)[-1]
    try:
        made = clients.client("iam").get_role(RoleName=name)["Role"]["CreateDate"]
    except is_boto3_error_code(GONE):
        return False
    return (datetime.datetime.now(datetime.UTC) - made).total_seconds() < 120
