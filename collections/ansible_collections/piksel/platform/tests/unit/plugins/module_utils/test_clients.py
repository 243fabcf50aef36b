# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.server
import json
import threading
import time

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import clients
from ansible_collections.piksel.platform.plugins.module_utils.errors import AnswerLostError, PlatformError, told

CONFIG = """[profile dev]
aws_access_key_id = AKIDEXAMPLEEXAMPLE00
aws_secret_access_key = a-long-dummy-that-masks-nothing-by-chance
[profile partial]
aws_access_key_id = AKIDEXAMPLEEXAMPLE00
"""
IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn>"
    "<UserId>x</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Endpoint:
    """An AWS endpoint that answers from a list of (status, body), then for ever with the last; None hangs up."""

    def __init__(self):
        self.answers = []
        self.calls = []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Answers every request the same way."""

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.calls.append(self.headers.get("X-Amz-Target") or body.decode())
                answer = endpoint.answers.pop(0) if len(endpoint.answers) > 1 else endpoint.answers[0]
                if answer is None:
                    self.close_connection = True
                    return
                status, text = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args):
                """Quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        """Its address."""
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def endpoint():
    """An endpoint for one test."""
    one = Endpoint()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    """No credentials but those of the test, and no waiting for retries."""
    config = tmp_path / "config"
    config.write_text(CONFIG)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def access(url=None, profile="dev", **more):
    """Clients for one test."""
    return clients.Clients(profile=profile, region="ap-southeast-3", endpoint_url=url, **more)


def test_the_identity_is_asked_once(endpoint):
    endpoint.answers = [(200, IDENTITY)]
    one = access(endpoint.url)
    assert one.known_account_id is None
    assert one.account_id == one.account_id == one.known_account_id == "123456789012"
    assert len(endpoint.calls) == 1
    assert one.partition == "aws"


def test_throttling_and_server_errors_are_sat_out(endpoint):
    throttled = (400, "<ErrorResponse><Error><Code>Throttling</Code><Message>slow</Message></Error></ErrorResponse>")
    endpoint.answers = [throttled, (503, ""), throttled, None, throttled, (500, ""), (200, IDENTITY)]
    assert access(endpoint.url).account_id == "123456789012"
    assert len(endpoint.calls) == 7


def test_nobody_listening_is_told_after_a_few_tries(endpoint):
    url = endpoint.url
    endpoint.server.shutdown()
    endpoint.server.server_close()
    with pytest.raises(PlatformError, match=r"sts:GetCallerIdentity.*Could not connect.*piksel-sandbox up"):
        access(url).identity.get("Account")


@pytest.mark.parametrize("answer", [None, (500, "{}"), (503, "{}")], ids=["hangs up", "500", "503"])
def test_a_call_that_cannot_be_recognised_is_never_repeated(endpoint, answer):
    endpoint.answers = [answer]
    with pytest.raises(AnswerLostError, match="kms:CreateKey"):
        access(endpoint.url).client("kms").create_key()
    assert len(endpoint.calls) == 1


def test_such_a_call_is_repeated_when_it_was_only_throttled(endpoint):
    throttled = (400, json.dumps({"__type": "ThrottlingException", "message": "slow"}))
    endpoint.answers = [throttled, (200, json.dumps({"KeyMetadata": {"KeyId": "k"}}))]
    assert access(endpoint.url).client("kms").create_key()["KeyMetadata"]["KeyId"] == "k"


def test_reads_are_repeated_whatever_happened(endpoint):
    endpoint.answers = [None, (500, "{}"), (200, json.dumps({"Keys": []}))]
    assert access(endpoint.url).client("kms").list_keys()["Keys"] == []


def test_a_service_error_names_service_and_operation(endpoint):
    endpoint.answers = [(400, json.dumps({"__type": "NotFoundException", "message": "no such key"}))]
    one = access(endpoint.url)
    words = r"^kms:DescribeKey on kms_key x \(region ap-southeast-3\): NotFound"
    with pytest.raises(PlatformError, match=words), told("kms_key x", one):
        one.client("kms").describe_key(KeyId="x")


@pytest.mark.parametrize(
    ("profile", "words"),
    [("nobody", "could not be found"), (None, "Unable to locate credentials"), ("partial", "Partial credentials")],
)
def test_missing_credentials_are_told_plainly(endpoint, profile, words):
    with pytest.raises(PlatformError, match=words):
        access(endpoint.url, profile=profile).identity.get("Account")
    assert endpoint.calls == []


@pytest.mark.requirement("GEN-13")
def test_a_profile_beats_the_surroundings(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDSURROUNDINGS0000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-long-dummy-that-masks-nothing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    one = access(endpoint.url)
    assert one.credentials().access_key == "AKIDEXAMPLEEXAMPLE00"
    assert one.client("kms").meta.region_name == "ap-southeast-3"


@pytest.mark.requirement("GEN-13")
def test_a_region_is_never_guessed():
    with pytest.raises(PlatformError, match="no region is given"):
        clients.Clients(profile="dev")


def test_a_role_is_assumed_with_the_profile_and_renewed_lazily(endpoint):
    endpoint.answers = [
        (
            200,
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>"
            "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        )
    ]
    one = access(endpoint.url, role_arn="arn:aws:iam::123456789012:role/x")
    assert endpoint.calls == []
    assert one.credentials().access_key == "ASIAEXAMPLE"
    assert "Action=AssumeRole" in endpoint.calls[0]


def test_clients_are_made_once_per_process_and_options():
    params = {"profile": "dev", "region": "ap-southeast-3", "role_arn": None, "endpoint_url": None, "other": 1}
    one = clients.from_params(params)
    assert clients.from_params({**params, "other": 2}) is one
    assert clients.from_params({**params, "region": "us-east-1"}) is not one
    assert one.client("kms") is one.client("kms")
