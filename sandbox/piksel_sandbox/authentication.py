"""The credentials layer: refuses what AWS refuses, and tells moto in which account a call happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from piksel_sandbox.aws_call import AwsCall
from piksel_sandbox.aws_errors import refusal
from piksel_sandbox.identities import identify
from piksel_sandbox.signature import is_signed_by

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# STS needs no credentials for these: the token in the request is the proof.
UNSIGNED = {("sts", "AssumeRoleWithWebIdentity"), ("sts", "AssumeRoleWithSAML")}


class Credentials:
    """WSGI layer: an unknown key, a wrong or expired token, a wrong signature and no credentials are refused."""

    def __init__(self, app: WsgiApp) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        call = AwsCall.of(environ)
        if (call.service, call.operation) not in UNSIGNED:
            reason = self._reason_to_refuse(call)
            if reason:
                return refusal(call, reason)(environ, start_response)
        if call.presigned and call.service != "s3":
            # moto looks for the access key only here.
            environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={call.credential}, "
        # The account is decided here alone: a caller must not choose it by moto's header.
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
        if call.identity:
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.identity.account
        return self.app(environ, start_response)

    @staticmethod
    def _reason_to_refuse(call: AwsCall) -> str | None:
        if not call.access_key:
            return "missing"
        identity = identify(call.access_key)
        if identity is None or not identity.is_active:
            return "unknown"
        if identity.session_token is not None and call.session_token != identity.session_token:
            return "unknown"
        if identity.is_expired:
            return "expired"
        return None if is_signed_by(call, identity.secret) else "signature"
