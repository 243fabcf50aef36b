# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of a cluster: token, patience and what errors say."""

from __future__ import annotations

import base64
import datetime
import json
import types
import urllib.parse

import pytest
import urllib3
from ansible_collections.piksel.platform.plugins.module_utils import clients as aws
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_client as kubernetes
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_errors import UnknownCallerError
from botocore.exceptions import ClientError

ARN = "arn:aws:sts::123456789012:assumed-role/Admin/someone"
ENTRY = "arn:aws:iam::123456789012:role/path/Admin"
DESCRIBED = {
    "name": "piksel-dev",
    "status": "ACTIVE",
    "endpoint": "https://127.0.0.1:1",
    "certificateAuthority": {"data": base64.b64encode(b"pem").decode()},
}


class Answer:
    """What urllib3 returns."""

    def __init__(self, status: int, body: object = None, headers: dict | None = None) -> None:
        self.status, self.headers = status, headers or {}
        self.data = body.encode() if isinstance(body, str) else json.dumps(body or {}).encode()


class Pool:
    """Gives scripted answers, the last one for ever; exceptions are raised."""

    def __init__(self, *script: object) -> None:
        self.script, self.requests = list(script), []

    def request(self, method: str, url: str, body: bytes | None, headers: dict) -> Answer:
        self.requests.append(types.SimpleNamespace(method=method, url=url, body=body, headers=headers))
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Eks:
    """The calls that the client makes of Amazon EKS."""

    def __init__(self, entries: list[str], changed_before: float = 3600.0, described: dict | None = None) -> None:
        self.entries, self.described = entries, described
        moment = datetime.datetime.now(tz=datetime.UTC) - datetime.timedelta(seconds=changed_before)
        self.entry = {"accessEntry": {"modifiedAt": moment}}
        policy = {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", "modifiedAt": moment}
        self.policies = {"associatedAccessPolicies": [policy]}
        missing = type("ResourceNotFoundException", (ClientError,), {})
        self.exceptions = types.SimpleNamespace(ResourceNotFoundException=missing)

    def get_paginator(self, _name: str) -> types.SimpleNamespace:
        return types.SimpleNamespace(paginate=lambda **_: [{"accessEntries": self.entries}])

    def describe_access_entry(self, **_arguments) -> dict:
        return self.entry

    def list_associated_access_policies(self, **_arguments) -> dict:
        return self.policies

    def describe_cluster(self, name: str) -> dict:
        if self.described is None:
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": f"no {name}"}}
            raise self.exceptions.ResourceNotFoundException(error, "DescribeCluster")
        return {"cluster": self.described}


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that were asked for; the clock goes on by them and nobody waits."""
    asked: list[float] = []
    monkeypatch.setattr(kubernetes.time, "sleep", asked.append)
    monkeypatch.setattr(kubernetes.time, "monotonic", lambda: 1000.0 + sum(asked))
    return asked


def access(eks: Eks) -> types.SimpleNamespace:
    """A stand-in for Clients."""
    return types.SimpleNamespace(
        client=lambda _service: eks,
        identity={"Arn": ARN},
        account_id="123456789012",
        known_account_id="123456789012",
        region="ap-southeast-3",
    )


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, sleeps: list[float]):
    """A function that makes a Cluster on scripted answers; ``tokens`` counts signatures."""
    del sleeps

    def make(*script: object, eks: Eks | None = None) -> kubernetes.Cluster:
        pool = Pool(*script)
        tokens: list[str] = []
        monkeypatch.setattr(kubernetes, "_pool", lambda *_arguments: pool)
        monkeypatch.setattr(kubernetes, "token", lambda *_arguments: tokens.append("t") or f"t{len(tokens)}")
        made = kubernetes.Cluster(access(eks or Eks([ENTRY])), DESCRIBED)
        made.pool, made.tokens = pool, tokens
        return made

    return make


def status(code: int, message: str) -> Answer:
    return Answer(code, {"kind": "Status", "message": message})


def refusal(cluster, answer: object, **more) -> str:
    """The message of an apply that ends badly."""
    with pytest.raises(PlatformError) as error:
        cluster(answer, **more).apply("/api/v1/namespaces/a", "Namespace a", {"kind": "Namespace"}, "manager")
    return str(error.value)


@pytest.mark.requirement("GEN-13")
def test_a_token_is_a_presigned_call_bound_to_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE12")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "an-example-key-of-forty-characters-length")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    made = kubernetes.token(aws.Clients(region="ap-southeast-3", endpoint_url="http://127.0.0.1:9/"), "piksel-dev")
    prefix, marker, encoded = made.partition("k8s-aws-v1.")
    assert (prefix, marker) == ("", "k8s-aws-v1.")
    assert "=" not in encoded
    url = urllib.parse.urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    query = urllib.parse.parse_qs(url.query)
    assert url.netloc == "127.0.0.1:9"
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert query["X-Amz-Expires"] == ["60"]
    assert "/ap-southeast-3/sts/aws4_request" in query["X-Amz-Credential"][0]


def test_a_token_is_kept_and_renewed_in_time(cluster, sleeps: list[float]) -> None:
    made = cluster(Answer(200))
    made.get("/a", "a")
    made.get("/a", "a")
    assert made.tokens == ["t"]
    sleeps.append(kubernetes.TOKEN_RENEWED_AFTER + 1)
    made.get("/a", "a")
    assert made.tokens == ["t", "t"]
    assert made.pool.requests[-1].headers["Authorization"] == "Bearer t2"


def test_a_refused_token_is_renewed_once(cluster) -> None:
    made = cluster(status(401, "Unauthorized"), Answer(200, {"a": 1}))
    assert made.get("/a", "a") == {"a": 1}
    assert made.tokens == ["t", "t"]


def test_what_is_not_there_is_none(cluster) -> None:
    assert cluster(Answer(404, "404 page not found")).get("/a", "a") is None


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(429, "too many", {"Retry-After": "1"}),
        status(409, "the object has been modified"),
        status(500, "etcdserver: leader changed"),
        Answer(503, "apiserver is shutting down"),
        urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")),
        urllib3.exceptions.ReadTimeoutError(None, "/", "timed out"),
    ],
)
def test_passing_trouble_is_waited_out(cluster, sleeps: list[float], trouble: object) -> None:
    made = cluster(trouble, trouble, Answer(200, {"done": True}))
    assert made.apply("/a", "a", {"x": 1}, "manager") == {"done": True}
    assert len(sleeps) == 2
    assert {request.url for request in made.pool.requests} == {"https://127.0.0.1:1/a?fieldManager=manager&force=true"}


def test_trouble_without_end_ends(cluster, sleeps: list[float]) -> None:
    assert "overloaded" in refusal(cluster, Answer(503, "overloaded"))
    assert sum(sleeps) < 60


def test_an_endpoint_that_does_not_answer(cluster, sleeps: list[float]) -> None:
    nothing = urllib3.exceptions.NewConnectionError(None, "[Errno 111] Connection refused")
    text = refusal(cluster, nothing)
    for words in ("https://127.0.0.1:1 does not answer", "Connection refused", "public endpoint", "piksel-sandbox up"):
        assert words in text
    assert sum(sleeps) < 10


def test_an_impostor_is_told_at_once(cluster, sleeps: list[float]) -> None:
    text = refusal(cluster, urllib3.exceptions.SSLError("certificate verify failed: self-signed certificate"))
    assert "Something else answers" in text
    assert sleeps == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(400, 'admission webhook "policy.test" denied the request: no'), "A policy of the cluster refuses"),
        (status(403, 'admission webhook "policy.test" denied the request: no'), "A policy of the cluster refuses"),
        (status(403, "namespace a is being terminated"), "run again when it is gone"),
        (status(422, "spec: Invalid value: immutable"), "Correct the manifest"),
        (status(500, "failed to create typed patch object: .x: field not declared in schema"), "names a field"),
        (Answer(404), "does not serve Namespace"),
    ],
)
def test_refusals_are_final_and_told(cluster, sleeps: list[float], answer: Answer, words: str) -> None:
    text = refusal(cluster, answer)
    assert words in text
    assert text.startswith("kubernetes:apply on Namespace a in cluster piksel-dev (account 123456789012, region ap-so")
    assert sleeps == []


def test_a_webhook_that_does_not_answer_is_retried_and_told(cluster, sleeps: list[float]) -> None:
    text = refusal(cluster, status(500, 'Internal error: failed calling webhook "w.test": connection refused'))
    assert "are its pods running" in text
    assert sleeps


def test_no_access_entry_is_named(cluster) -> None:
    text = refusal(cluster, status(401, "Unauthorized"), eks=Eks([]))
    assert f"the cluster does not know {ARN}" in text
    assert "has no access entry" in text


def test_only_a_caller_that_eks_does_not_know_either_is_an_unknown_caller(cluster) -> None:
    for entries in ([], [ENTRY]):
        with pytest.raises(PlatformError) as error:
            cluster(status(401, "Unauthorized"), eks=Eks(entries)).get("/a", "a")
        assert isinstance(error.value, UnknownCallerError) == (not entries)


def test_a_missing_right_names_the_policies(cluster) -> None:
    text = refusal(cluster, status(403, "cannot patch resource namespaces"))
    assert f"{ARN} may not do this: cannot patch resource" in text
    assert "AmazonEKSViewPolicy" in text


def test_new_access_is_given_time(cluster, sleeps: list[float]) -> None:
    made = cluster(status(403, "no"), status(403, "no"), Answer(200, {"ok": 1}), eks=Eks([ENTRY], changed_before=1))
    assert made.get("/a", "a") == {"ok": 1}
    assert len(sleeps) == 2


def test_new_access_is_not_waited_for_for_ever(cluster, sleeps: list[float]) -> None:
    assert "may not do this" in refusal(cluster, status(403, "no"), eks=Eks([ENTRY], changed_before=1))
    assert kubernetes.ACCESS_SETTLES_WITHIN <= sum(sleeps) < kubernetes.ACCESS_SETTLES_WITHIN + 5


def test_a_check_does_not_wait_for_a_policy_that_nobody_associated(cluster, sleeps: list[float]) -> None:
    eks = Eks([ENTRY], changed_before=1)
    eks.policies = {"associatedAccessPolicies": []}
    made = cluster(status(403, "no"), eks=eks)
    made.waits = False
    with pytest.raises(UnknownCallerError):
        made.get("/a", "a")
    assert sleeps == []


def test_a_caller_with_policies_or_groups_is_no_unknown_caller(cluster) -> None:
    grouped = Eks([ENTRY])
    grouped.policies = {"associatedAccessPolicies": []}
    grouped.entry["accessEntry"]["kubernetesGroups"] = ["readers"]
    for eks in (Eks([ENTRY]), grouped):
        with pytest.raises(PlatformError) as error:
            cluster(status(403, "no"), eks=eks).get("/a", "a")
        assert not isinstance(error.value, UnknownCallerError)


def test_lists_come_page_by_page(cluster) -> None:
    made = cluster(
        Answer(200, {"items": [{"a": 1}], "metadata": {"continue": "more"}}),
        Answer(200, {"items": [{"a": 2}], "metadata": {}}),
    )
    assert made.items("/l", "l", labelSelector="x") == [{"a": 1}, {"a": 2}]
    assert "continue=more" in made.pool.requests[1].url


def test_kinds_are_asked_once_and_without_their_parts(cluster) -> None:
    entries = [{"name": "pods", "kind": "Pod", "namespaced": True}, {"name": "pods/log", "kind": "Pod"}]
    made = cluster(Answer(200, {"resources": entries}))
    assert made.kinds("v1") == made.kinds("v1") == {"Pod": entries[0]}
    assert len(made.pool.requests) == 1
    assert made.pool.requests[0].url.endswith("/api/v1")


@pytest.mark.parametrize("state", ["CREATING", "PENDING", "FAILED", "DELETING"])
def test_check_mode_finds_no_cluster_yet(state: str) -> None:
    assert kubernetes.connect(access(Eks([])), "piksel-dev", check_mode=True) is None
    waiting = access(Eks([], described={**DESCRIBED, "status": state}))
    assert kubernetes.connect(waiting, "piksel-dev", check_mode=True) is None
    assert kubernetes.connect(waiting, "(known after apply: eks_cluster/x.y.name)", check_mode=True) is None


def test_check_mode_does_not_look_at_a_cluster_to_be_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "_pool", lambda *_arguments: None)
    going = access(Eks([], described=DESCRIBED))
    unknown = "(known after apply: eks_cluster/x.y.endpoint)"
    assert kubernetes.connect(going, "piksel-dev", check_mode=True, endpoint=unknown) is None
    assert kubernetes.connect(going, "piksel-dev", check_mode=True, endpoint=DESCRIBED["endpoint"])


@pytest.mark.parametrize(
    ("described", "check_mode", "words"),
    [
        (None, False, "there is no such cluster"),
        ({**DESCRIBED, "status": "CREATING"}, False, "Wait until it is ACTIVE"),
        ({**DESCRIBED, "status": "FAILED"}, False, "the cluster is FAILED"),
        ({**DESCRIBED, "status": "DELETING"}, False, "the cluster is DELETING"),
    ],
)
def test_a_cluster_that_cannot_be_used(described: dict | None, check_mode: bool, words: str) -> None:
    with pytest.raises(PlatformError, match=words):
        kubernetes.connect(access(Eks([], described=described)), "piksel-dev", check_mode)
