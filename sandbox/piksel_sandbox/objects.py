"""The object that an AWS call is about, as the recorder names it: a name, an ARN, an id, never a value.

By the botocore model: labels of the path, then required members that identify something, parents first, joined by "/"
(`piksel-dev/coredns`, `bucket/key`, `role/policy ARN`). What a service names itself takes its id from the answer. The
tables hold what the rule gets wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.core.utils import get_service_model

IDENTIFIER = re.compile(r"(Name|Identifier|Id|Arn|ARN|Alias|Bucket|Key|Url|Uri|Queue|Rule|Host)$", re.IGNORECASE)
IDENTIFIER_LIST = re.compile(r"(Resources|ResourceArns|ResourceARNList|ResourceIds|ResourceIdList)$", re.IGNORECASE)
# References to something else, and what must never be shown.
NOT_THE_OBJECT = re.compile(
    r"token|secret(string|binary|access)|password|RoleSessionName|ExternalId|KmsKeyId|TargetKeyId|SSEKMSKeyId|(pod|execution|service|node).*RoleArn"
    r"|ClientId|VersionId|AWSAccountId|ExpectedBucketOwner|copySource|^roleArn$",
    re.IGNORECASE,
)
MEMBERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("sts", "AssumeRole"): ("RoleArn",),
    ("sts", "AssumeRoleWithWebIdentity"): ("RoleArn",),
    ("sts", "GetCallerIdentity"): (),
    ("kms", "PutKeyPolicy"): ("KeyId",),
    ("logs", "AssociateKmsKey"): ("logGroupName", "resourceIdentifier"),
    ("ec2", "AuthorizeSecurityGroupIngress"): ("GroupId", "GroupName"),
    ("ec2", "AuthorizeSecurityGroupEgress"): ("GroupId",),
    ("ec2", "RevokeSecurityGroupIngress"): ("GroupId", "GroupName"),
    ("ec2", "RevokeSecurityGroupEgress"): ("GroupId",),
    ("ec2", "CreateRoute"): ("RouteTableId", "DestinationCidrBlock"),
    ("ec2", "AssociateRouteTable"): ("RouteTableId", "SubnetId"),
    ("eks", "CreatePodIdentityAssociation"): ("clusterName", "namespace", "serviceAccount"),
    ("iam", "CreateAccessKey"): ("UserName",),
    ("secretsmanager", "CreateSecret"): ("Name",),
    ("s3", "ListBuckets"): (),
}
ID_IN_ANSWER: dict[tuple[str, str], re.Pattern[bytes]] = {
    ("kms", "CreateKey"): re.compile(rb'"KeyId":\s*"([^"]+)"'),
    ("ec2", "AllocateAddress"): re.compile(rb"<allocationId>([^<]+)<"),
    ("ec2", "RunInstances"): re.compile(rb"<instanceId>([^<]+)<"),
    ("ec2", "CreateFlowLogs"): re.compile(rb"<flowLogIdSet>\s*<item>([^<]+)<"),
    ("ec2", "CreateSecurityGroup"): re.compile(rb"<groupId>([^<]+)<"),
    ("ec2", "CreateFleet"): re.compile(rb"<fleetId>([^<]+)<"),
    ("eks", "CreatePodIdentityAssociation"): re.compile(rb'"associationId":\s*"([^"]+)"'),
}


@cache
def identifying_members(service: str, operation: str) -> tuple[str, ...]:
    """Names of the input members that name the object, parents first; () when the operation names none."""
    if (service, operation) in MEMBERS:
        return MEMBERS[service, operation]
    model = get_service_model(service).operation_model(operation)
    shape = model.input_shape
    if shape is None:
        return ()
    labels = [
        name for name, member in shape.members.items()
        if member.serialization.get("location") == "uri" and member.type_name == "string"
    ]  # fmt: skip
    uri = model.http.get("requestUri", "")
    labels.sort(key=lambda name: uri.find(shape.members[name].serialization.get("name", name)))
    named = [name for name in shape.members if name not in labels and _identifies(shape.members[name], name)]
    required = [name for name in named if name in shape.required_members]
    return tuple(labels + required) or tuple(named[:1])


def _identifies(shape: Any, name: str) -> bool:
    if shape.metadata.get("sensitive") or NOT_THE_OBJECT.search(name):
        return False
    if shape.type_name == "string":
        return bool(IDENTIFIER.search(name))
    return shape.type_name == "list" and shape.member.type_name == "string" and bool(IDENTIFIER_LIST.search(name))


def object_of(service: str, operation: str, parameters: Mapping[str, Any], answer: bytes = b"") -> str:
    """The object's name from the parameters of a call and, for what the service names itself, from its answer."""
    if not operation:
        return ""
    if made := _id_in_answer(service, operation, answer):
        return made
    parts = []
    for name in identifying_members(service, operation):
        value = parameters.get(name)
        if isinstance(value, list):
            value = ",".join(str(item) for item in value)
        if value:
            parts.append(str(value))
    return "/".join(parts)


def _id_in_answer(service: str, operation: str, answer: bytes) -> str:
    pattern = ID_IN_ANSWER.get((service, operation))
    if pattern is None and service == "ec2" and operation.startswith("Create"):
        noun = operation.removeprefix("Create")
        pattern = re.compile(f"<{noun[0].lower()}{noun[1:]}Id>([^<]+)<".encode())
    found = pattern.search(answer) if pattern else None
    return found.group(1).decode() if found else ""
