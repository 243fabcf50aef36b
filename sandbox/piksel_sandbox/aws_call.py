"""One AWS request, understood once: service, operation, parameters and who asks, by moto's own routers and parsers."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import get_service_model

from piksel_sandbox.identities import Identity, identify

logger = logging.getLogger(__name__)
ENVIRON_KEY = "piksel.aws_call"

# Signing names that are not the name of the botocore model; everything else is its own name.
MODEL_OF_SIGNING_NAME = {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "email": "sesv2",
    "elasticfilesystem": "efs",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
    "servicequotas": "service-quotas",
    "aps": "amp",
    "es": "opensearch",
    "access-analyzer": "accessanalyzer",
    "ram": "ram",
}
CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


def read_body(environ: dict[str, Any]) -> bytes:
    """Reads the request body and puts it back, so that later layers can read it again."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
        body = stream.read()
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    return body


@dataclass
class AwsCall:
    """`service` is the botocore model's name, `operation` its operation name or "" when none matches."""

    environ: dict[str, Any]
    body: bytes
    service: str
    region: str
    access_key: str | None
    credential: str
    presigned: bool
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def of(cls, environ: dict[str, Any]) -> AwsCall:
        """The call of a WSGI environ; made at the first asking and kept in the environ."""
        if ENVIRON_KEY not in environ:
            environ[ENVIRON_KEY] = cls._parse(environ)
        return environ[ENVIRON_KEY]

    @classmethod
    def _parse(cls, environ: dict[str, Any]) -> AwsCall:
        body = read_body(environ)
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        query = parse_qs(environ.get("QUERY_STRING", ""))
        presigned = not authorization and "X-Amz-Credential" in query
        if presigned:
            authorization = f"Credential={query['X-Amz-Credential'][0]}"
        match = CREDENTIAL.search(authorization)
        if match:
            access_key, region, signing_name = match.groups()
            credential = match.group(0).removeprefix("Credential=")
        else:
            access_key, region, credential = None, "us-east-1", ""
            signing_name = "sts" if b"Action=AssumeRoleWith" in body else "s3"
        service = MODEL_OF_SIGNING_NAME.get(signing_name.lower(), signing_name.lower())
        if service == "s3" and environ.get("PATH_INFO", "").startswith("/v20180820/"):
            service = "s3control"
        if service == "elbv2" and b"Version=2012-06-01" in body:
            service = "elb"
        return cls(environ, body, service, region, access_key, credential, presigned)

    @property
    def request(self) -> Request:
        """A fresh moto request of this call, whose body can be read."""
        return Request({**self.environ, "wsgi.input": BytesIO(self.body)})

    @cached_property
    def model(self) -> ServiceModel | None:
        """The service's botocore model, None for a service that botocore does not know."""
        try:
            return get_service_model(self.service)
        except UnknownServiceError:
            return None

    @cached_property
    def _match(self) -> tuple[OperationModel | None, dict[str, Any]]:
        if self.model is None:
            return None, {}
        try:
            return get_service_router(self.service).match(self.request)
        except (NotFound, NotImplementedError):
            return None, {}

    @property
    def operation_model(self) -> OperationModel | None:
        """The operation's botocore model, None when the request matches no operation."""
        return self._match[0]

    @property
    def operation(self) -> str:
        """The operation's name, "" when the request matches no operation."""
        return self._match[0].name if self._match[0] else ""

    @property
    def protocol(self) -> str:
        """The wire protocol: query, ec2, json, rest-json, rest-xml, smithy-rpc-v2-cbor."""
        try:
            return determine_request_protocol(self.model, self.environ.get("CONTENT_TYPE"))
        except NotImplementedError:
            return str(self.model.protocol)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The request's parameters by their botocore names; {} for what cannot be parsed (moto answers that itself)."""
        operation, labels = self._match
        if operation is None:
            return {}
        request = self.request
        try:
            return PROTOCOL_PARSERS[self.protocol](operation).parse(
                {
                    "method": request.method,
                    "values": request.values,
                    "headers": request.headers,
                    "body": request.data,
                    "url_path": request.path,
                    "url_params": labels,
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            logger.warning("%s:%s: parameters not understood", self.service, operation.name, exc_info=True)
            return dict(labels)

    @property
    def identity(self) -> Identity | None:
        """Who owns the access key, whether or not the credentials are valid now; None when nobody does."""
        return identify(self.access_key)

    @property
    def session_token(self) -> str | None:
        """The session token that came with the call."""
        if self.presigned:
            return parse_qs(self.environ.get("QUERY_STRING", "")).get("X-Amz-Security-Token", [None])[0]
        return self.environ.get("HTTP_X_AMZ_SECURITY_TOKEN")

    @property
    def is_write(self) -> bool:
        """Every call but Get, List, Describe, Head and AssumeRole is a write; so is one that matches no operation."""
        return not self.operation.startswith(("Get", "List", "Describe", "Head", "AssumeRole"))
