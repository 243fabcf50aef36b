"""Verification of EKS tokens: a presigned GetCallerIdentity URL, as aws-iam-authenticator checks it.

Replaying the URL would be no proof here, as the emulator does not check signatures by itself; so the signature is made
again with the secret of the access key (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html).
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

CLUSTER_HEADER = "x-k8s-aws-id"
MAXIMUM_AGE = timedelta(minutes=15)
CLOCK_SKEW = timedelta(minutes=5)
KNOWN_PARAMETERS = {
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
}
CREDENTIAL = re.compile(r"^([A-Z0-9]+)/([0-9]{8})/([a-z0-9-]+)/sts/aws4_request$")


class TokenError(Exception):
    """The token is refused; the text says why and holds no secret."""


def caller_of_token(url: str, cluster_name: str) -> dict[str, str]:
    """Who signed the presigned `url` for the cluster `cluster_name`.

    Returns {"arn": ARN of the caller as GetCallerIdentity has it, "account": id, "user_id": unique id}.
    Raises TokenError for another action, a foreign cluster, an unknown or expired key, a wrong signature, an age
    above 15 minutes, or a date in the future.
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = {key.lower(): value for key, value in pairs}
    if len(query) != len(pairs) or set(query) - KNOWN_PARAMETERS:
        raise TokenError("unexpected query parameter in the pre-signed URL")
    if query.get("action") != "GetCallerIdentity" or parts.path not in ("", "/"):
        raise TokenError("the pre-signed URL is not a GetCallerIdentity request")
    signed = query.get("x-amz-signedheaders", "").split(";")
    if CLUSTER_HEADER not in signed or set(signed) - {"host", CLUSTER_HEADER}:
        raise TokenError(f"the signed headers must be host and {CLUSTER_HEADER}")
    match = CREDENTIAL.match(query.get("x-amz-credential", ""))
    if not match or query.get("x-amz-algorithm") != "AWS4-HMAC-SHA256":
        raise TokenError("malformed credential in the pre-signed URL")
    _check_age(query)
    key_id, _, region = match.groups()
    caller, secret = _identity(key_id, region, query.get("x-amz-security-token"))
    expected = _signature(parts, pairs, secret, region, cluster_name, query["x-amz-date"])
    if not hmac.compare_digest(expected, query.get("x-amz-signature", "")):
        raise TokenError("the signature does not match; is the token for another cluster?")
    return caller


def _check_age(query: dict[str, str]) -> None:
    try:
        signed_at = datetime.strptime(query.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lifetime = timedelta(seconds=int(query.get("x-amz-expires", "900")))
    except ValueError:
        raise TokenError("malformed date in the pre-signed URL") from None
    age = datetime.now(UTC) - signed_at
    if age < -CLOCK_SKEW:
        raise TokenError("the token is dated in the future")
    # aws-iam-authenticator accepts 15 minutes, whatever shorter expiry the client signed.
    if age > MAXIMUM_AGE or lifetime > MAXIMUM_AGE:
        raise TokenError("the token has expired")


def _identity(key_id: str, region: str, session_token: str | None) -> tuple[dict[str, str], str]:
    """The caller and the secret of an access key. Raises TokenError for an unknown or expired one."""
    partition = get_partition(region)
    for account_id in list(sts_backends):
        session = sts_backends[account_id][partition].get_assumed_role_from_access_key(key_id)
        if session is None:
            continue
        if session.session_token != session_token:
            raise TokenError("the security token does not belong to the access key")
        if _is_past(session.expiration):
            raise TokenError("the security token has expired")
        caller = {"arn": session.arn, "account": account_id, "user_id": session.user_id}
        return caller, session.secret_access_key
    for account_id in list(iam_backends):
        for user in list(iam_backends[account_id][partition].users.values()):
            for key in user.access_keys:
                if key.access_key_id == key_id and key.status == "Active" and not session_token:
                    return {"arn": user.arn, "account": account_id, "user_id": user.id}, key.secret_access_key
    raise TokenError("unknown access key")


def _is_past(moment: Any) -> bool:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware < datetime.now(UTC)


def _signature(parts: Any, pairs: list[tuple[str, str]], secret: str, region: str, cluster_name: str, date: str) -> str:
    auth = SigV4QueryAuth(Credentials("unused", secret), "sts", region)
    request = AWSRequest(
        method="GET",
        url=f"{parts.scheme}://{parts.netloc}/",
        params=[(key, value) for key, value in pairs if key.lower() != "x-amz-signature"],
        headers={CLUSTER_HEADER: cluster_name},
    )
    request.context["timestamp"] = date
    canonical = auth.canonical_request(request)
    return auth.signature(auth.string_to_sign(request, canonical), request)
