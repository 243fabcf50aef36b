"""moto's IAM backend, sharing one parse of the AWS managed policies between accounts, and refusing what IAM refuses.

Quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import DeleteConflictException, EntityAlreadyExists, LimitExceededException, NotFoundException
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, OpenIDConnectProvider, PolicyVersion, Role

POLICY_SIZE = 6144
TRUST_SIZE = 2048
POLICIES_PER_ROLE = 10


@cache
def _prototypes() -> tuple[AWSManagedPolicy, ...]:
    data = json.loads(aws_managed_policies_data)
    return tuple(AWSManagedPolicy.from_data(name, "aws", "aws", policy) for name, policy in data.items())


def _check_size(document: str, quota: str, limit: int) -> None:
    """White space does not count."""
    if len(re.sub(r"\s", "", document)) > limit:
        raise LimitExceededException(f"Cannot exceed quota for {quota}: {limit}")


class SandboxIAMBackend(IAMBackend):
    """Accounts get shallow copies: what differs by account is the count of attachments, versions never change."""

    def _init_aws_policies(self) -> list[ManagedPolicy]:
        policies: list[ManagedPolicy] = []
        for prototype in _prototypes():
            policy = copy.copy(prototype)
            policy.account_id = self.account_id
            policies.append(policy)
        return policies

    def create_policy(
        self, description: str, path: str, policy_document: str, policy_name: str, tags: list[dict[str, str]]
    ) -> ManagedPolicy:
        """CreatePolicy: names are unique in the account, whatever their case and path."""
        _check_size(policy_document, "PolicySize", POLICY_SIZE)
        taken = {
            policy.name.lower() for policy in self.managed_policies.values() if not isinstance(policy, AWSManagedPolicy)
        }
        if policy_name.lower() in taken:
            raise EntityAlreadyExists(f"A policy called {policy_name} already exists. Duplicate names are not allowed.")
        return super().create_policy(description, path, policy_document, policy_name, tags)

    def create_policy_version(self, policy_arn: str, policy_document: str, set_as_default: bool) -> PolicyVersion:
        """CreatePolicyVersion: five at the most, and not too long."""
        _check_size(policy_document, "PolicySize", POLICY_SIZE)
        return super().create_policy_version(policy_arn, policy_document, set_as_default)

    def delete_policy(self, policy_arn: str) -> None:
        """DeletePolicy: nobody may have it, and only the default version may be left."""
        policy = self.get_policy(policy_arn)
        if any(policy_arn in holder.managed_policies for holder in self._holders()):
            raise DeleteConflictException("Cannot delete a policy attached to entities.")
        if len(policy.versions) > 1:
            raise DeleteConflictException(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
        super().delete_policy(policy_arn)

    def _holders(self) -> list[Any]:
        return [*self.roles.values(), *self.users.values(), *self.groups.values()]

    def attach_role_policy(self, policy_arn: str, role_name: str) -> None:
        """AttachRolePolicy: a second time changes nothing; a role has ten at the most."""
        attached = self.get_role(role_name).managed_policies
        if policy_arn in attached:
            return
        if len(attached) >= POLICIES_PER_ROLE:
            raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {POLICIES_PER_ROLE}")
        super().attach_role_policy(policy_arn, role_name)

    def create_role(self, role_name: str, assume_role_policy_document: str, *rest: Any, **more: Any) -> Role:
        """CreateRole, with a trust policy that is not too long."""
        _check_size(assume_role_policy_document, "ACLSizePerRole", TRUST_SIZE)
        return super().create_role(role_name, assume_role_policy_document, *rest, **more)

    def update_assume_role_policy(self, role_name: str, policy_document: str) -> None:
        """UpdateAssumeRolePolicy, with a trust policy that is not too long."""
        _check_size(policy_document, "ACLSizePerRole", TRUST_SIZE)
        super().update_assume_role_policy(role_name, policy_document)

    def remove_role_from_instance_profile(self, profile_name: str, role_name: str) -> None:
        """RemoveRoleFromInstanceProfile; a role that is not in it is not found."""
        if self.get_role(role_name) not in self.get_instance_profile(profile_name).roles:
            raise NotFoundException(f"Role {role_name} in Instance Profile {profile_name} not found.")
        super().remove_role_from_instance_profile(profile_name, role_name)

    def create_open_id_connect_provider(
        self, url: str, thumbprint_list: list[str], client_id_list: list[str], tags: list[dict[str, str]]
    ) -> OpenIDConnectProvider:
        """CreateOpenIDConnectProvider; without a thumbprint IAM looks one up, which here is made of the URL."""
        found = thumbprint_list or [hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()]
        return super().create_open_id_connect_provider(url, found, client_id_list, tags)

    def add_client_id_to_open_id_connect_provider(self, arn: str, client_id: str) -> None:
        """AddClientIDToOpenIDConnectProvider; one that is there already changes nothing."""
        provider = self.get_open_id_connect_provider(arn)
        if client_id not in provider.client_id_list:
            provider.client_id_list = [*provider.client_id_list, client_id]

    def remove_client_id_from_open_id_connect_provider(self, arn: str, client_id: str) -> None:
        """RemoveClientIDFromOpenIDConnectProvider; one that is not there changes nothing."""
        provider = self.get_open_id_connect_provider(arn)
        provider.client_id_list = [one for one in provider.client_id_list if one != client_id]
