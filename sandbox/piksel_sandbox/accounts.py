"""The estate that the sandbox plays: hub and spokes with the facts of today's accounts (ENV-01 to ENV-07)."""

from __future__ import annotations

from dataclasses import dataclass

REGION = "ap-southeast-3"
HUB_ID = "686410905891"
SSO_PATH = f"/aws-reserved/sso.amazonaws.com/{REGION}/"
SSO_ROLE_PREFIX = "AWSReservedSSO_AdministratorAccess_"
AUTOMATION_ROLE = "piksel-automation"
NETWORK_OWNER_ROLE = "piksel-network-owner"


@dataclass(frozen=True)
class Account:
    """One account: `key` is the inventory's word (prod), `word` the one in names (production), `tag` that in tags."""

    key: str
    id: str
    word: str
    tag: str
    sso_suffix: str
    cidr: str
    zones: int
    flow_log_days: int | None

    @property
    def prefix(self) -> str:
        """`piksel-<env>`, the prefix of names and, by CONF-08, the cluster's name."""
        return f"piksel-{self.word}"

    @property
    def alias(self) -> str:
        """The IAM account alias, which a run shows beside the id."""
        return self.prefix

    @property
    def profile(self) -> str:
        """The administrator's profile of ENV-03."""
        return f"{self.key}-piksel"

    @property
    def sso_role(self) -> str:
        """Name of the role that IAM Identity Center makes for the administrator permission set."""
        return SSO_ROLE_PREFIX + self.sso_suffix

    def role_arn(self, name: str, path: str = "/") -> str:
        """ARN of a role of this account."""
        return f"arn:aws:iam::{self.id}:role{path}{name}"

    def session_arn(self, role: str, session: str) -> str:
        """ARN of an assumed-role session as STS shows it (without the role's path)."""
        return f"arn:aws:sts::{self.id}:assumed-role/{role}/{session}"


HUB = Account("hub", HUB_ID, "hub", "Shared", "5b7d0c93e1f2a684", "10.0.0.0/16", 3, None)
DEV = Account("dev", "236122835646", "dev", "Development", "1e048c7b0fa4b3a8", "10.1.0.0/16", 2, 90)
STAGING = Account("staging", "326641642924", "staging", "Staging", "0e029b26d9443921", "10.2.0.0/16", 2, None)
PROD = Account("prod", "522783511350", "production", "Production", "bec8d2bbd660c382", "10.3.0.0/16", 3, 90)

SPOKES = (DEV, STAGING, PROD)
ACCOUNTS = (HUB, *SPOKES)
BY_ID = {account.id: account for account in ACCOUNTS}
BY_KEY = {account.key: account for account in ACCOUNTS}


def is_run_principal(caller: str) -> bool:
    """True for the sessions that a run of the collection uses: SSO administrator and automation role of any account."""
    parts = caller.split(":", 5)
    if len(parts) != 6 or parts[2] != "sts":
        return False
    kind, _, session = parts[5].partition("/")
    role = session.split("/")[0]
    return kind == "assumed-role" and (role == AUTOMATION_ROLE or role.startswith(SSO_ROLE_PREFIX))
