"""moto's IAM backend, sharing one parse of the AWS managed policies between accounts."""

from __future__ import annotations

import copy
import json
from functools import cache

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy


@cache
def _prototypes() -> tuple[AWSManagedPolicy, ...]:
    data = json.loads(aws_managed_policies_data)
    return tuple(AWSManagedPolicy.from_data(name, "aws", "aws", policy) for name, policy in data.items())


class SandboxIAMBackend(IAMBackend):
    """Accounts get shallow copies: what differs by account is the count of attachments, versions never change."""

    def _init_aws_policies(self) -> list[ManagedPolicy]:
        policies: list[ManagedPolicy] = []
        for prototype in _prototypes():
            policy = copy.copy(prototype)
            policy.account_id = self.account_id
            policies.append(policy)
        return policies
