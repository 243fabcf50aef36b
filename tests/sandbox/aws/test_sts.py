"""Every operation of STS answers in the shape of botocore's model."""

from __future__ import annotations

import json
import time
from xml.etree import ElementTree

import pytest
from botocore import xform_name
from joserfc import jwt
from joserfc.jwk import RSAKey
from moto.core.utils import get_service_model

from piksel_sandbox.aws.sts import web_identity
from piksel_sandbox.aws.sts.responses import SandboxTokenResponse
from sandbox.aws.support import ACCOUNT, Account, unknown_elements

MODEL = get_service_model("sts")
SERVED = {name for name in MODEL.operation_names if hasattr(SandboxTokenResponse, xform_name(name))}
ISSUER = "https://oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
SUBJECT = "system:serviceaccount:kube-system:ebs-csi-controller-sa"
# Of no use to the platform: root sessions, tokens for others, what explains refusals; nor is sign-in by SAML (moto's).
NOT_SERVED = {"AssumeRoot", "DecodeAuthorizationMessage", "GetDelegatedAccessToken", "GetWebIdentityToken"}


def test_what_is_served_is_all_but_the_named() -> None:
    assert set(MODEL.operation_names) - SERVED == NOT_SERVED


def web_role(account: Account) -> str:
    """ARN of a role that the service account may assume, by a provider of the account."""
    provider = ISSUER.removeprefix("https://")
    arn = account.iam.create_open_id_connect_provider(
        Url=ISSUER, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
    )["OpenIDConnectProviderArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{provider}:sub": SUBJECT}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return account.iam.create_role(RoleName="pod", AssumeRolePolicyDocument=trust)["Role"]["Arn"]


def test_every_answer_has_its_shape(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    key = RSAKey.generate_key(2048, {"kid": "one"})
    monkeypatch.setattr(web_identity, "keys_of", lambda _issuer: [key.as_dict(private=False)])
    claims = {"iss": ISSUER, "sub": SUBJECT, "aud": ["sts.amazonaws.com"], "exp": int(time.time()) + 600}
    token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)

    session = account.session(account.role("admin"))
    sts = session.sts
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/me@example.org"
    sts.get_access_key_info(AccessKeyId=session.credentials["aws_access_key_id"])
    answer = sts.assume_role_with_web_identity(RoleArn=web_role(account), RoleSessionName="pod", WebIdentityToken=token)
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    sts.assume_role(RoleArn=account.role("second"), RoleSessionName="again")
    sts.get_session_token()
    sts.get_federation_token(Name="someone")
    assert session.answers.problems == []
    assert session.answers.operations == SERVED - {"AssumeRoleWithSAML"}


def test_the_check_of_shapes_finds_unknown_elements() -> None:
    shape = MODEL.operation_model("AssumeRole").output_shape
    answer = ElementTree.fromstring("<R><Credentials><AccessKeyId/><Secret/></Credentials><Extra/></R>")
    assert list(unknown_elements(shape, answer, "")) == [".Credentials.Secret: unknown", ".Extra: unknown"]
