"""Operations of STS that give role credentials."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionContext, ActionResult
from moto.sts.exceptions import STSClientError
from moto.sts.models import AssumedRole
from moto.sts.responses import TokenResponse

from piksel_sandbox.identities import identify

from . import web_identity
from .exceptions import AccessDenied
from .models import SandboxSTSBackend, account_of


class _Refusal(ActionResult):
    """An error with the status that AWS gives it; moto knows only those of codes that the service model lists."""

    def execute_result(self, context: ActionContext) -> Any:
        _, headers, body = super().execute_result(context)
        return self.result.status, headers, body


class SandboxTokenResponse(TokenResponse):
    """moto's STS with checked trust."""

    backend: SandboxSTSBackend

    def _session_parameters(self) -> dict[str, Any]:
        return {
            "region_name": self.region,
            "role_session_name": self._get_param("RoleSessionName"),
            "policy": self._get_param("Policy"),
            "duration": self._get_int_param("DurationSeconds", 3600),
        }

    @staticmethod
    def _answer(role: AssumedRole, **more: Any) -> ActionResult:
        user = {"AssumedRoleId": role.user_id, "Arn": role.arn}
        return ActionResult({"Credentials": role, "AssumedRoleUser": user, **more})

    def assume_role(self) -> ActionResult:
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
        role_arn = self._get_param("RoleArn")
        caller = identify(self.get_access_key())
        try:
            if caller is None:
                raise AccessDenied(f"nobody known asks for {role_arn}")
            role = self.backend.assume_trusting_role(
                caller, role_arn, self._get_param("ExternalId"), **self._session_parameters()
            )
        except STSClientError as refused:
            return _Refusal(refused)
        return self._answer(role, PackedPolicySize=6)

    def assume_role_with_web_identity(self) -> ActionResult:
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html"""
        role_arn = self._get_param("RoleArn")
        try:
            identity = web_identity.verify(self._get_param("WebIdentityToken"), account_of(role_arn))
            role = self.backend.assume_role_of_web_identity(identity, role_arn, **self._session_parameters())
        except STSClientError as refused:
            return _Refusal(refused)
        return self._answer(
            role,
            SubjectFromWebIdentityToken=identity.subject,
            Audience=identity.audiences[0],
            Provider=identity.provider_arn,
        )
