# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors that say which call failed, on what, where, why, and what to do."""

from __future__ import annotations

import contextlib

try:
    from botocore import exceptions as boto_errors
except ImportError:
    # The modules say so by missing_required_lib before anything here is reached.
    boto_errors = None

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
NOT_VALID = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})


class PlatformError(Exception):
    """One finding for people.

    ``call`` is "service:Operation", ``subject`` the object ("eks_cluster piksel-dev"), ``advice`` what to do about it.
    ``str()`` gives the one message that a run shows.
    """

    def __init__(self, message, *, call=None, subject=None, account=None, region=None, advice=None):
        self.message = message.strip()
        self.call = call
        self.subject = subject
        self.account = account
        self.region = region
        self.advice = advice
        super().__init__(str(self))

    def __str__(self):
        head = " on ".join(part for part in (self.call, self.subject) if part)
        place = ", ".join(
            part
            for part in (
                self.account and f"account {self.account}",
                self.region and f"region {self.region}",
            )
            if part
        )
        if place:
            head = f"{head} ({place})" if head else place
        text = f"{head}: {self.message}" if head else self.message
        if text[-1:] not in ".!?":
            text += "."
        return f"{text} {self.advice}" if self.advice else text


class FindingsError(PlatformError):
    """Several findings, told at once; ``findings`` is the list of PlatformError."""

    def __init__(self, findings):
        self.findings = list(findings)
        super().__init__("; ".join(finding.message for finding in self.findings))

    def __str__(self):
        lines = [f"{len(self.findings)} findings:"]
        lines.extend(f"- {finding}" for finding in self.findings)
        return "\n".join(lines)


class AnswerLostError(Exception):
    """A call that AWS cannot recognise as repeated ended without an answer: it may or may not have been carried out."""


def combined(findings) -> None:
    """Raise nothing for no finding, the finding itself for one, FindingsError for several different ones."""
    different = {}
    for finding in findings:
        different.setdefault(str(finding), finding)
    different = list(different.values())
    if len(different) == 1:
        raise different[0]
    if different:
        raise FindingsError(different)


def code_of(error: BaseException) -> str:
    """The service's error code of a botocore ClientError, "" for anything else."""
    return getattr(error, "response", {}).get("Error", {}).get("Code", "")


@contextlib.contextmanager
def gone(*codes):
    """Pass over these codes, by which a service says that the object of the one call inside is not there.

    That is what the second try of a delete gets when the answer to the first was lost.
    """
    try:
        yield
    except boto_errors.ClientError as error:
        if code_of(error) not in codes:
            raise


@contextlib.contextmanager
def told(subject=None, clients=None):
    """Turn botocore's errors inside the block into PlatformError about ``subject``; ``clients`` names account and
    region.
    """
    try:
        yield
    except (boto_errors.ClientError, boto_errors.BotoCoreError) as error:
        raise translate(error, subject, clients) from error


def translate(error, subject=None, clients=None) -> PlatformError:
    """The PlatformError for a botocore ClientError or BotoCoreError."""
    where = {
        "subject": subject,
        "call": getattr(error, "piksel_call", None),
        "region": getattr(clients, "region", None),
        "account": getattr(clients, "known_account_id", None),
    }
    if isinstance(error, boto_errors.ClientError):
        return _service_error(error, clients, where)
    return _client_side_error(error, clients, where)


def _service_error(error, clients, where):
    """What the service answered."""
    code = code_of(error)
    message = error.response.get("Error", {}).get("Message") or "the service gave no message"
    service = error.response.get("ResponseMetadata", {}).get("Service")
    where["call"] = f"{service}:{error.operation_name}" if service else error.operation_name
    advice = None
    if code in EXPIRED:
        advice = f"The credentials have expired: sign in again{_sign_in(clients)}."
    elif code in NOT_VALID:
        advice = f"AWS does not know these credentials: check {_source(clients)}."
    elif code in DENIED:
        advice = "The identity of this run lacks this permission, or a policy of the organization denies it."
    return PlatformError(f"{code}: {message}", advice=advice, **where)


def _client_side_error(error, clients, where):
    """What botocore found before or instead of an answer."""
    source = _source(clients)
    kinds = (
        (
            ("ProfileNotFound",),
            "Name a profile of the AWS config file, or leave the profile out for the ambient session.",
        ),
        (
            ("NoCredentialsError", "PartialCredentialsError"),
            f"Give a profile, sign in{_sign_in(clients)}, or set the AWS environment variables.",
        ),
        (
            ("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "RefreshWithMFAUnsupportedError"),
            f"Sign in again{_sign_in(clients)}.",
        ),
        (("CredentialRetrievalError", "InvalidConfigError", "ConfigParseError"), f"Check {source}."),
        (
            ("EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"),
            "Nothing answers there: is the network up, or, for a sandbox, is it started (piksel-sandbox up)?",
        ),
        (("SSLError",), "The certificate of the endpoint is not trusted: check the CA bundle and any proxy."),
        (("ParamValidationError",), "This is what the run was about to send; check the inputs of the object."),
    )
    name = type(error).__name__
    advice = next((text for names, text in kinds if name in names), None)
    return PlatformError(" ".join(str(error).split()), advice=advice, **where)


def _source(clients):
    """Where the credentials come from, in words."""
    profile = getattr(clients, "profile", None)
    return f"profile {profile}" if profile else "the ambient credentials (environment, config file, instance role)"


def _sign_in(clients):
    """The command that renews a profile's session, in brackets."""
    profile = getattr(clients, "profile", None)
    return f" (aws sso login --profile {profile})" if profile else ""
