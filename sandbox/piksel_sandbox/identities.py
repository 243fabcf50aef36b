"""Who is behind an access key: moto's keys, sessions and users seen as AWS identities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from piksel_sandbox import internal


@dataclass(frozen=True)
class Identity:
    """An AWS principal: `arn` as GetCallerIdentity shows it, `role_arn` of the role behind a session."""

    account: str
    arn: str
    secret: str
    session_token: str | None
    expiration: datetime | None
    role_arn: str | None
    key: Any

    @property
    def is_expired(self) -> bool:
        """True when the session's time is over."""
        return self.expiration is not None and self.expiration < utcnow()

    @property
    def principals(self) -> frozenset[str]:
        """Every way in which a policy may name the caller as an AWS principal."""
        return frozenset({self.account, f"arn:aws:iam::{self.account}:root", self.arn, self.role_arn or self.arn})

    @property
    def is_active(self) -> bool:
        """False for a user's key that was made inactive."""
        return self.key.status == "Active"


_known: dict[str, Identity] = {}
internal.on_reset(_known.clear)


def identify(access_key: str | None) -> Identity | None:
    """The identity of an access key, None when no account knows the key (any more).

    In the middle of a reset nobody is known, so it is waited for. Raises internal.AccountsBusyError.
    """
    if not access_key:
        return None
    with internal.accounts():
        return _look_up(access_key)


def _look_up(access_key: str) -> Identity | None:
    found = _known.get(access_key)
    if found and access_key in iam_backends[found.account]["aws"].access_keys:
        return found
    _known.pop(access_key, None)
    for account in list(iam_backends):
        key = iam_backends[account]["aws"].access_keys.get(access_key)
        if key is not None:
            _known[access_key] = _describe(account, access_key, key)
            return _known[access_key]
    return None


def _describe(account: str, access_key: str, key: Any) -> Identity:
    session = sts_backends[account]["aws"].get_assumed_role_from_access_key(access_key)
    if session:
        token, expiration = session.session_token, session.expiration
        return Identity(account, session.arn, key.secret_access_key, token, expiration, session.role_arn, key)
    user = iam_backends[account]["aws"].get_user_from_access_key_id(access_key)
    arn = user.arn if user else f"arn:aws:iam::{account}:root"
    return Identity(account, arn, key.secret_access_key, None, None, None, key)
