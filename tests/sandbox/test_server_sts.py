"""STS: trust policies, role sessions, web identities."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from joserfc import jwt
from joserfc.jwk import RSAKey

from piksel_sandbox import credentials, server
from piksel_sandbox.accounts import DEV, HUB, PROD
from piksel_sandbox.aws.sts import trust, web_identity
from piksel_sandbox.sessions import Session

SessionOf = Callable[[str], Session]
ISSUER = "https://oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
PROVIDER = ISSUER.removeprefix("https://")
PROVIDER_ARN = f"arn:aws:iam::{DEV.id}:oidc-provider/{PROVIDER}"
SUBJECT = "system:serviceaccount:kube-system:ebs-csi-controller-sa"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"})


def policy(
    principal: Any, *, action: Any = "sts:AssumeRole", effect: str = "Allow", **condition: Any
) -> dict[str, Any]:
    """A statement."""
    return {"Effect": effect, "Principal": principal, "Action": action, "Condition": condition}


def allows(*statements: dict[str, Any], action: str = "sts:AssumeRole", kind: str = "AWS", **context: str) -> bool:
    """Whether statements let the caller `me` of account 1 through."""
    request = trust.Request(
        action, kind, frozenset({"1", "arn:aws:iam::1:root", "me"}), {key: (value,) for key, value in context.items()}
    )
    return trust.allows(json.dumps({"Statement": list(statements)}), request)


def test_principals() -> None:
    assert allows(policy({"AWS": "me"}))
    assert allows(policy({"AWS": ["you", "arn:aws:iam::1:root"]}))
    assert allows(policy({"AWS": "1"}))
    assert allows(policy("*"))
    assert not allows(policy({"AWS": "you"}))
    assert not allows(policy({"Service": "me"}))
    assert not allows(policy({"AWS": "me"}), kind="Federated")


def test_actions() -> None:
    assert allows(policy("*", action="sts:*"))
    assert allows(policy("*", action=["sts:TagSession", "STS:assumerole"]))
    assert not allows(policy("*", action="sts:AssumeRoleWithWebIdentity"))


def test_a_denial_wins_and_nothing_is_allowed_unsaid() -> None:
    assert not allows(policy("*"), policy({"AWS": "me"}, effect="Deny"))
    assert allows(policy("*"), policy({"AWS": "you"}, effect="Deny"))
    assert not allows()


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a", "A", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", "a", None, True),
        ("StringLike", "system:serviceaccount:*:x", "system:serviceaccount:ns:x", True),
        ("StringLike", "a.c", "abc", False),
        ("ArnLike", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a/b", True),
        ("ForAnyValue:StringEquals", "a", "a", True),
        ("ForAllValues:StringEquals", "a", None, True),
        ("Null", "true", None, True),
        ("Null", "true", "a", False),
        ("NumericLessThan", "5", "1", False),
    ],
)
def test_conditions(operator: str, wanted: Any, given: str | None, expected: bool) -> None:
    context = {} if given is None else {"key": given}
    assert allows(policy("*", **{operator: {"KEY": wanted}}), **context) is expected


def test_a_denial_with_an_unknown_condition_denies() -> None:
    assert not allows(policy("*"), policy("*", effect="Deny", NumericLessThan={"key": "5"}), key="1")


def test_assumed_sessions_act_in_their_account(session_of: SessionOf) -> None:
    sts = session_of("hub-automation").client("sts")
    arn = PROD.role_arn("piksel-automation")
    given = sts.assume_role(RoleArn=arn, RoleSessionName="pipeline")["Credentials"]
    session = session_of("hub-automation")
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    who = session.client("sts", **keys).get_caller_identity()
    assert who["Arn"] == PROD.session_arn("piksel-automation", "pipeline")
    assert session.client("iam", **keys).list_account_aliases()["AccountAliases"] == [PROD.alias]


@pytest.mark.parametrize(
    ("profile", "arn", "duration", "code"),
    [
        ("dev-automation", PROD.role_arn("piksel-automation"), 3600, "AccessDenied"),
        ("hub-piksel", PROD.role_arn("piksel-automation"), 3600, "AccessDenied"),
        ("hub-automation", PROD.role_arn("no-such-role"), 3600, "AccessDenied"),
        ("hub-automation", "arn:aws:iam::1:role/x", 3600, "ValidationError"),
        ("hub-automation", PROD.role_arn("piksel-automation"), 7200, "ValidationError"),
    ],
)
def test_refused_roles(session_of: SessionOf, profile: str, arn: str, duration: int, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        session_of(profile).client("sts", retries=0).assume_role(
            RoleArn=arn, RoleSessionName="try", DurationSeconds=duration
        )
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == (403 if code == "AccessDenied" else 400)


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """STS inside this process, with an issuer whose key is ours and a role that trusts it."""
    monkeypatch.setattr(
        web_identity, "keys_of", lambda issuer: [KEY.as_dict(private=False)] if issuer == ISSUER else []
    )
    app = server.make_app(kubernetes=False)
    server.empty_accounts()
    iam = app.client(DEV, "iam")
    iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40])
    statement = policy(
        {"Federated": PROVIDER_ARN},
        action="sts:AssumeRoleWithWebIdentity",
        StringEquals={f"{PROVIDER}:sub": SUBJECT, f"{PROVIDER}:aud": "sts.amazonaws.com"},
    )
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName="ebs", AssumeRolePolicyDocument=json.dumps(document))
    yield app.client(DEV, "sts")
    server.empty_accounts()


def token(key: RSAKey = KEY, **changes: Any) -> str:
    """A service account's token, as the API server signs it."""
    claims = {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": ["sts.amazonaws.com"],
        "exp": int(time.time()) + 600,
        **changes,
    }
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


def assume(sts: Any, web_token: str, role: str = "ebs") -> Any:
    """AssumeRoleWithWebIdentity."""
    return sts.assume_role_with_web_identity(
        RoleArn=DEV.role_arn(role), RoleSessionName="pod", WebIdentityToken=web_token
    )


def test_a_web_identity_gets_a_session(sts: Any) -> None:
    answer = assume(sts, token())
    assert answer["AssumedRoleUser"]["Arn"] == DEV.session_arn("ebs", "pod")
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["Provider"] == PROVIDER_ARN
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")


@pytest.mark.parametrize(
    ("web_token", "role", "code"),
    [
        (lambda: token(OTHER_KEY), "ebs", "InvalidIdentityToken"),
        (lambda: token(iss=ISSUER[:-1] + "0"), "ebs", "InvalidIdentityToken"),
        (lambda: token(aud=["other"]), "ebs", "InvalidIdentityToken"),
        (lambda: token(exp=int(time.time()) - 1), "ebs", "ExpiredTokenException"),
        (lambda: token(sub="system:serviceaccount:default:x"), "ebs", "AccessDenied"),
        (token, "nobody", "AccessDenied"),
        (lambda: "not-a-token", "ebs", "InvalidIdentityToken"),
        (lambda: token()[:-4] + "AAAA", "ebs", "InvalidIdentityToken"),
        (lambda: jwt.encode({"alg": "none"}, {"iss": ISSUER}, KEY, algorithms=["none"]), "ebs", "InvalidIdentityToken"),
    ],
    ids=["key", "issuer", "audience", "expired", "subject", "role", "garbage", "signature", "alg-none"],
)
def test_a_wrong_web_identity_is_refused(sts: Any, web_token: Callable[[], str], role: str, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        assume(sts, web_token(), role)
    assert refused.value.response["Error"]["Code"] == code


def test_a_provider_of_another_account_does_not_count(sts: Any) -> None:
    with pytest.raises(ClientError, match="No OpenIDConnect provider found in your account"):
        sts.assume_role_with_web_identity(RoleArn=HUB.role_arn("ebs"), RoleSessionName="pod", WebIdentityToken=token())


def test_every_session_has_long_secrets() -> None:
    for session in credentials.make_sessions():
        assert len(session.secret_access_key) == 40
        assert len(session.session_token) > 100
        assert session.access_key_id.startswith("ASIA")
        assert len(session.access_key_id) == 20
