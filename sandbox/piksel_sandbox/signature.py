"""Signature Version 4 of a request, checked with botocore's own signer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import re
from urllib.parse import parse_qs, parse_qsl

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from piksel_sandbox.aws_call import AwsCall

PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")


class _Given:
    """Signs the headers that the client says it signed, not those that botocore would choose."""

    given_headers: list[str]

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name in self.given_headers:
            for value in request.headers.get_all(name, []):
                headers[name] = value
        return headers


class _Signer(_Given, SigV4Auth):
    pass


class _S3Signer(_Given, S3SigV4Auth):
    pass


def is_signed_by(call: AwsCall, secret: str) -> bool:
    """True when the call's signature was made with this secret; a presigned URL is judged by its query."""
    query = call.environ.get("QUERY_STRING", "")
    if call.presigned:
        fields = {name: values[0] for name, values in parse_qs(query).items()}
        credential, signed, signature, date = (
            fields.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature", "Date")
        )
    else:
        parts = dict(PART.findall(call.environ.get("HTTP_AUTHORIZATION", "")))
        credential, signed, signature = (parts.get(name, "") for name in ("Credential", "SignedHeaders", "Signature"))
        date = call.environ.get("HTTP_X_AMZ_DATE", "")
    scope = credential.split("/")
    if len(scope) != 5 or not (signed and signature and date):
        return False
    signer = (_S3Signer if call.service == "s3" else _Signer)(Credentials("", secret), scope[3], scope[2])
    signer.given_headers = signed.split(";")
    return hmac.compare_digest(_signature(signer, call, query, date), signature)


def _signature(signer: SigV4Auth, call: AwsCall, query: str, date: str) -> str:
    environ = call.environ
    request = AWSRequest(
        method=environ["REQUEST_METHOD"],
        url=f"http://{environ.get('HTTP_HOST', '')}{call.request.raw_path}",
        params=[pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "X-Amz-Signature"],
        data=call.body,
    )
    for name in signer.given_headers:
        key = name.upper().replace("-", "_")
        value = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}")
        if value is not None:
            request.headers[name] = value
    if call.presigned and call.service == "s3":
        request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    elif (declared := environ.get("HTTP_X_AMZ_CONTENT_SHA256")) and "X-Amz-Content-SHA256" not in request.headers:
        request.headers["X-Amz-Content-SHA256"] = declared
    request.context["timestamp"] = date
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
