"""Error answers in the shape of each AWS protocol, by moto's serializers."""

from __future__ import annotations

import warnings

from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel
from moto.core.serialize import get_serializer_class
from werkzeug import Response

from piksel_sandbox.aws_call import AwsCall

# Per kind of refusal: the code and status of each protocol or service ("" is every other).
# https://docs.aws.amazon.com/ STS/latest/APIReference/CommonErrors.html, AWSEC2/.../errors-overview.html,
# AmazonS3/latest/API/ErrorResponses.html, eks/latest/APIReference/CommonErrors.html
REFUSALS: dict[str, dict[str, tuple[str, int, str]]] = {
    "unknown": {
        "ec2": ("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
        "s3": ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
        "query": ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
        "rest-json": ("UnrecognizedClientException", 403, "The security token included in the request is invalid."),
        "": ("UnrecognizedClientException", 400, "The security token included in the request is invalid."),
    },
    "expired": {
        "ec2": ("RequestExpired", 400, "Request has expired."),
        "s3": ("ExpiredToken", 400, "The provided token has expired."),
        "query": ("ExpiredToken", 403, "The security token included in the request is expired"),
        "rest-json": ("ExpiredTokenException", 403, "The security token included in the request is expired"),
        "": ("ExpiredTokenException", 400, "The security token included in the request is expired"),
    },
    "missing": {
        "s3": ("AccessDenied", 403, "Access Denied"),
        "query": ("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
        "ec2": ("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
        "rest-json": ("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
        "": ("MissingAuthenticationTokenException", 400, "Missing Authentication Token"),
    },
    "signature": {
        "ec2": ("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
        "json": ("InvalidSignatureException", 400, "The request signature we calculated does not match."),
        "rest-json": ("InvalidSignatureException", 403, "The request signature we calculated does not match."),
        "": ("SignatureDoesNotMatch", 403, "The request signature we calculated does not match."),
    },
    "throttled": {
        "ec2": ("RequestLimitExceeded", 503, "Request limit exceeded."),
        "s3": ("SlowDown", 503, "Please reduce your request rate."),
        "query": ("Throttling", 400, "Rate exceeded"),
        "rest-json": ("ThrottlingException", 429, "Rate exceeded"),
        "": ("ThrottlingException", 400, "Rate exceeded"),
    },
    "unavailable": {
        "ec2": ("Unavailable", 503, "The service is unavailable. Please try again shortly."),
        "s3": ("ServiceUnavailable", 503, "Please reduce your request rate."),
        "": ("ServiceUnavailable", 503, "The service is unavailable. Please try again shortly."),
    },
    "internal": {
        "ec2": ("InternalError", 500, "An internal error has occurred"),
        "s3": ("InternalError", 500, "We encountered an internal error. Please try again."),
        "query": ("InternalFailure", 500, "The request processing has failed because of an unknown error."),
        "": ("InternalServerException", 500, "The request processing has failed because of an unknown error."),
    },
    "not implemented": {"": ("NotImplemented", 501, "The sandbox does not implement this operation.")},
}


class Refused(ServiceException):
    """An error of ours: moto looks for the codes of a class in the service that its module is named after."""


def refusal(call: AwsCall, kind: str, message: str = "", status: int | None = None) -> Response:
    """The answer to a refused call, `kind` being a key of REFUSALS; message and status replace the usual ones."""
    table = REFUSALS[kind]
    protocol = call.protocol if call.model is not None else "rest-json"
    code, usual_status, usual_message = table.get(call.service) or table.get(protocol) or table[""]
    return error(call, code, message or usual_message, status or usual_status)


def error(call: AwsCall, code: str, message: str, status: int) -> Response:
    """An error answer with any code, in the protocol of the call."""
    if call.model is None:
        return Response(f'{{"__type": "{code}", "message": "{message}"}}', status, content_type="application/json")
    serializer = get_serializer_class(call.model.service_name, call.protocol)
    operation = call.operation_model or OperationModel({}, call.model)
    with warnings.catch_warnings():
        # moto warns of codes that a service model does not list; the codes common to all services never are.
        warnings.simplefilter("ignore")
        answer = serializer(operation_model=operation).serialize(Refused(code, message))
    return Response(answer["body"], status, headers=dict(answer["headers"]))
