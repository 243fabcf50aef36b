"""boto3 clients of the sandbox's profiles, for tests; apart from the client since boto3 is slow to import."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from piksel_sandbox.accounts import REGION
from piksel_sandbox.client import Sandbox, SandboxError


class Session:
    """Makes clients of one profile of a running sandbox; nothing of the process's AWS environment reaches them."""

    def __init__(self, sandbox: Sandbox, profile: str) -> None:
        kept = [each for each in sandbox.state.remembered().get("sessions", []) if each["profile"] == profile]
        if not kept:
            raise SandboxError(f"no profile {profile}: {', '.join(sandbox.profiles())}")
        self.access_key_id = kept[0]["access_key_id"]
        self.secret_access_key = kept[0]["secret_access_key"]
        self.session_token = kept[0]["session_token"]
        self._url = sandbox.url

    def client(self, service: str, *, retries: int = 3, region: str = REGION, **replaced: str | None) -> Any:
        """A boto3 client; `retries=0` shows every failure, `replaced` changes aws_access_key_id and its kin."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self._url,
            config=Config(retries={"max_attempts": retries, "mode": "standard"}, ignore_configured_endpoint_urls=True),
            **{
                "aws_access_key_id": self.access_key_id,
                "aws_secret_access_key": self.secret_access_key,
                "aws_session_token": self.session_token,
                **replaced,
            },
        )
