"""Checks of a web identity token (a JWT of a cluster's service account).

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from moto.iam.models import iam_backends

from .exceptions import ExpiredWebIdentityToken, InvalidIdentityToken

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]


@dataclass(frozen=True)
class WebIdentity:
    """A token that holds: its provider's ARN and URL without scheme, its subject and its audiences."""

    provider_arn: str
    provider: str
    subject: str
    audiences: tuple[str, ...]


def keys_of(issuer: str) -> list[dict[str, Any]]:
    """The public keys (JWK) of a cluster's issuer, [] for an unknown one."""
    from piksel_sandbox.kubernetes import control_planes

    return control_planes.token_keys(issuer)


def verify(token: str, account_id: str) -> WebIdentity:
    """Checks provider, signature, audience and expiry; raises InvalidIdentityToken or ExpiredWebIdentityToken."""
    issuer = str(_unverified_claims(token).get("iss", ""))
    provider = issuer.removeprefix("https://").rstrip("/")
    arn = f"arn:aws:iam::{account_id}:oidc-provider/{provider}"
    registered = iam_backends[account_id]["aws"].open_id_providers.get(arn)
    if registered is None:
        raise InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {issuer}")
    claims = _verified_claims(token, issuer)
    if float(claims.get("exp", 0)) <= time.time():
        raise ExpiredWebIdentityToken("Token expired: current date/time must be before the expiration date/time")
    audience = claims.get("aud", [])
    audiences = tuple(audience if isinstance(audience, list) else [audience])
    if not set(audiences) & set(registered.client_id_list):
        raise InvalidIdentityToken("Incorrect token audience")
    return WebIdentity(arn, provider, str(claims.get("sub", "")), audiences)


def _unverified_claims(token: str) -> dict[str, Any]:
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, Base64Error):
        claims = None
    if not isinstance(claims, dict):
        raise InvalidIdentityToken(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        )
    return claims


def _verified_claims(token: str, issuer: str) -> dict[str, Any]:
    keys = keys_of(issuer)
    if not keys:
        raise InvalidIdentityToken("Couldn't retrieve verification key from your identity provider")
    try:
        signed = jws.deserialize_compact(token, KeySet.import_key_set({"keys": keys}), algorithms=ALGORITHMS)
    except (JoseError, ValueError) as error:
        raise InvalidIdentityToken("The web identity token's signature could not be verified") from error
    return json.loads(signed.payload)
