"""What STS answers when it gives no credentials.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors
"""

from __future__ import annotations

from moto.sts.exceptions import STSClientError


class AccessDenied(STSClientError):
    """The trust policy does not let the caller assume the role, or there is no such role: AWS does not tell which."""

    code = "AccessDenied"
    status = 403


class InvalidIdentityToken(STSClientError):
    """The web identity token is not one of a provider that the account knows."""

    code = "InvalidIdentityToken"
    status = 400


class ExpiredWebIdentityToken(STSClientError):
    """The web identity token's time is over."""

    code = "ExpiredTokenException"
    status = 400


class ValidationError(STSClientError):
    """A parameter is out of range."""

    code = "ValidationError"
    status = 400
