"""The sandbox's sessions: keys that are made once per state folder, laid into moto, and written for botocore.

Nothing here is a real credential. Keys stay the same over `reset` and `down`/`up`, so that profiles keep working.
"""

from __future__ import annotations

import configparser
import secrets
import string
from dataclasses import asdict, dataclass
from datetime import timedelta

from moto.core.utils import utcnow
from moto.iam.models import AccessKey, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from piksel_sandbox.accounts import ACCOUNTS, AUTOMATION_ROLE, DEV, NETWORK_OWNER_ROLE, REGION, SSO_PATH, Account
from piksel_sandbox.state import State

LIFETIME = timedelta(days=3650)


@dataclass(frozen=True)
class Session:
    """A role session behind a profile; `expired` ones are refused by every call."""

    profile: str
    account_id: str
    role: str
    path: str
    session_name: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    expired: bool = False


def _key(prefix: str) -> str:
    return prefix + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))


def _session(profile: str, account: Account, role: str, path: str, name: str, expired: bool = False) -> Session:
    # Long on purpose: Ansible masks the text of a secret wherever it appears, and a short one appears everywhere.
    return Session(
        profile, account.id, role, path, name, _key("ASIA"), secrets.token_hex(20), "sandbox" + secrets.token_hex(60),
        expired,
    )  # fmt: skip


def make_sessions() -> list[Session]:
    """Fresh sessions: administrator, automation and network owner of each account, and one that has expired."""
    made = []
    for account in ACCOUNTS:
        made.append(_session(account.profile, account, account.sso_role, SSO_PATH, "operator"))
        made.append(_session(f"{account.key}-automation", account, AUTOMATION_ROLE, "/", "automation"))
        made.append(_session(f"{account.key}-network-owner", account, NETWORK_OWNER_ROLE, "/", "network-owner"))
    made.append(_session("expired-piksel", DEV, DEV.sso_role, SSO_PATH, "operator", expired=True))
    return made


def sessions(state: State) -> list[Session]:
    """The sessions of a state folder, made at the first asking."""
    kept = state.remembered().get("sessions")
    if kept is None:
        kept = [asdict(session) for session in make_sessions()]
        state.remember(sessions=kept)
    return [Session(**session) for session in kept]


def lay_into_moto(session: Session) -> None:
    """Makes the session known to moto as if AssumeRole had made it: account, caller ARN, secret, token, expiry."""
    iam = iam_backends[session.account_id]["aws"]
    key = AccessKey(user_name=None, prefix="ASIA", account_id=session.account_id)
    key.access_key_id = session.access_key_id
    key.secret_access_key = session.secret_access_key
    key.role_arn = f"arn:aws:iam::{session.account_id}:role{session.path}{session.role}"
    iam.access_keys[session.access_key_id] = key
    assumed = AssumedRole(session.account_id, REGION, key, session.session_name, key.role_arn, "", 3600, "")
    assumed.session_token = session.session_token
    assumed.expiration = utcnow() + (-timedelta(hours=1) if session.expired else LIFETIME)
    sts_backends[session.account_id]["aws"].assumed_roles.append(assumed)


def write_profiles(state: State, url: str) -> None:
    """Writes botocore's two files; each profile names the endpoint, so that none can reach the real AWS."""
    config, keys = configparser.RawConfigParser(), configparser.RawConfigParser()
    for session in sessions(state):
        config[f"profile {session.profile}"] = {"region": REGION, "endpoint_url": url, "output": "json"}
        keys[session.profile] = {
            "aws_access_key_id": session.access_key_id,
            "aws_secret_access_key": session.secret_access_key,
            "aws_session_token": session.session_token,
        }
    for name, content in (("config", config), ("credentials", keys)):
        file = state.aws / name
        with file.open("w", encoding="utf-8") as stream:
            content.write(stream)
        file.chmod(0o600)
