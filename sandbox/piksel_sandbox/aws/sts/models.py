"""moto's STS backend, which asks the trust policy of the target role."""

from __future__ import annotations

import re
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import Role, iam_backends
from moto.sts.models import AssumedRole, STSBackend

from piksel_sandbox.identities import Identity

from . import trust
from .exceptions import AccessDenied, ValidationError
from .web_identity import WebIdentity

ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/\S+")
CHAINED_LIMIT = 3600


class SandboxSTSBackend(STSBackend):
    """Gives a session only to whom the role trusts."""

    def assume_trusting_role(
        self, caller: Identity, role_arn: str, external_id: str | None, **rest: Any
    ) -> AssumedRole:
        """AssumeRole: the trust policy must name the caller's account, role or session; conditions must hold.

        `rest` is what moto's assume_role takes: region_name, role_session_name, policy, duration.
        """
        role = _role(role_arn)
        context = {
            "aws:principalarn": (caller.role_arn or caller.arn,),
            "aws:principalaccount": (caller.account,),
            "sts:rolesessionname": (rest["role_session_name"],),
        }
        if external_id:
            context["sts:externalid"] = (external_id,)
        request = trust.Request("sts:AssumeRole", "AWS", caller.principals, context)
        if role is None or not trust.allows(role.assume_role_policy_document, request):
            raise AccessDenied(
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            )
        if caller.role_arn and rest["duration"] > CHAINED_LIMIT:
            raise ValidationError(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        _check_duration(role, rest["duration"])
        return self.assume_role(role_arn=role_arn, external_id=external_id or "", **rest)

    def assume_role_of_web_identity(self, identity: WebIdentity, role_arn: str, **rest: Any) -> AssumedRole:
        """AssumeRoleWithWebIdentity, after the token was verified: the trust policy must name its provider."""
        role = _role(role_arn)
        context = {
            f"{identity.provider}:sub".lower(): (identity.subject,),
            f"{identity.provider}:aud".lower(): identity.audiences,
            "sts:rolesessionname": (rest["role_session_name"],),
        }
        names = frozenset({identity.provider_arn})
        request = trust.Request("sts:AssumeRoleWithWebIdentity", "Federated", names, context)
        if role is None or not trust.allows(role.assume_role_policy_document, request):
            raise AccessDenied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
        _check_duration(role, rest["duration"])
        return self.assume_role(role_arn=role_arn, external_id="", **rest)


def _role(arn: str) -> Role | None:
    try:
        return iam_backends[account_of(arn)]["aws"].get_role_by_arn(arn)
    except NotFoundException:
        return None


def _check_duration(role: Role, duration: int) -> None:
    longest = int(role.max_session_duration or 3600)
    if duration > longest:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


def account_of(role_arn: str) -> str:
    """The account of a role's ARN; raises ValidationError for what is none."""
    match = ROLE_ARN.fullmatch(role_arn)
    if match is None:
        raise ValidationError(f"{role_arn} is invalid")
    return match.group(1)
