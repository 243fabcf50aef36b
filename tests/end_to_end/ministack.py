"""An emulator that enforces IAM (`ministack` with AUTH=true), in an environment of its own, while a test asks it."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from end_to_end.harness import ROOT

REGION, AUDIENCE = "ap-southeast-3", "sts.amazonaws.com"
# The emulator takes these for the account's root user. They open nothing anywhere else.
ROOT_KEY = {
    "aws_access_key_id": "AKIAEXAMPLEEXAMPLE00",
    "aws_secret_access_key": "dummy-secret-of-the-emulated-root-user",
}
START_SECONDS = 60


class Ministack:
    """A running emulator of one account."""

    def __init__(self, url: str, account: str) -> None:
        self.url, self.account = url, account
        self.iam, self.s3 = self.client("iam"), self.client("s3")

    def client(self, service: str, **credentials: str) -> Any:
        """A client of the account's root user, or of whoever has these credentials."""
        config = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.url, config=config, **(credentials or ROOT_KEY)
        )

    def bucket(self, name: str) -> None:
        """A bucket with the object `there`."""
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_object(Bucket=name, Key="there", Body=b"x")

    def role(self, name: str, trust: dict, documents: list[dict]) -> str:
        """A role with this trust and these policies; returns its ARN."""
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        for number, document in enumerate(documents):
            made = self.iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=json.dumps(document))
            self.iam.attach_role_policy(RoleName=name, PolicyArn=made["Policy"]["Arn"])
        return arn

    def provider(self, issuer: str) -> None:
        """The OIDC provider of an issuer."""
        self.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[AUDIENCE], ThumbprintList=["0" * 40])

    def assume(self, role_arn: str, issuer: str, subject: str) -> dict[str, str]:
        """Credentials of the role for a service account's token. Raises ClientError where the role does not trust it.

        The emulator asks the trust policy and verifies no signature; a list of audiences it does not understand.
        """
        claims = {"iss": issuer, "sub": subject, "aud": AUDIENCE, "exp": int(time.time()) + 600}
        token = ".".join(_encoded(part) for part in ({"alg": "RS256", "kid": "1"}, claims, "unsigned"))
        given = self.client("sts").assume_role_with_web_identity(
            RoleArn=role_arn, RoleSessionName="workload", WebIdentityToken=token
        )["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }


def _encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@contextmanager
def running(folder: Path, account: str) -> Iterator[Ministack]:
    """Install it if need be, start it on a free port of loopback, and end it with the block."""
    subprocess.run([sys.executable, ROOT / "tools/setup.py", "ministack"], check=True, capture_output=True, text=True)
    port = _free_port()
    environment = {
        "PATH": os.environ["PATH"],
        **dict.fromkeys(("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"), str(folder)),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "iam,sts,s3",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": REGION,
        **{name.upper(): value for name, value in ROOT_KEY.items()},
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [ROOT / ".venv-ministack/bin/python", "-m", "ministack"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _await(process, port, folder / "ministack.log")
            yield Ministack(f"http://127.0.0.1:{port}", account)
        finally:
            process.terminate()
            process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await(process: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"ministack does not answer: {log.read_text()[-2000:]}")
