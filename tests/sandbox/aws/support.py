"""What the tests of the AWS side share: a stand-in for control planes, an account with a network, a check of shapes."""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from moto.core.utils import get_service_model

REGION = "ap-southeast-3"
ACCOUNT = "123456789012"
# Services with an XML protocol that the sandbox completes.
XML_SERVICES = ("iam", "rds", "s3", "sts")
# Services that botocore's events spell otherwise than its models.
NAME_OF_EVENT = {
    "eventbridge": "events",
    "resource-groups-tagging-api": "resourcegroupstaggingapi",
    "secrets-manager": "secretsmanager",
}
ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@dataclass(frozen=True)
class Ref:
    """The reference to a cluster, as the Kubernetes side has it."""

    account_id: str
    region: str
    name: str
    uid: str


@dataclass
class Planes:
    """Control planes whose state, health and failures a test sets."""

    states: str = "READY"
    reason: str | None = None
    health: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    outcomes: dict[str, list[dict[str, Any]] | None] = field(default_factory=dict)
    is_fake: bool = True
    self_managed: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def start(
        self, ref: Any, version: str, issuer: str, service_cidr: str | None, self_managed: list[dict[str, Any]]
    ) -> None:
        self.calls.append(("start", ref.name, version, issuer, service_cidr))
        self.self_managed = self_managed

    def state(self, ref: Any) -> str:
        return self.states

    def failure(self, ref: Any) -> str | None:
        return self.reason

    def endpoint(self, ref: Any) -> str:
        return "https://127.0.0.1:6443"

    def certificate_authority(self, ref: Any) -> str:
        return "Y2E="

    def upgrade(self, ref: Any, version: str) -> None:
        self.calls.append(("upgrade", ref.name, version))

    def stop(self, ref: Any) -> None:
        self.calls.append(("stop", ref.name))

    def changed(self, ref: Any) -> None:
        self.calls.append(("changed", ref.name))

    def preserve_addon(self, ref: Any, addon_name: str) -> None:
        self.calls.append(("preserve", ref.name, addon_name))

    def addon_health(self, ref: Any, addon_name: str) -> list[dict[str, Any]]:
        return self.health.get(addon_name, [])

    def addon_outcome(self, ref: Any, addon_name: str, change_id: str) -> list[dict[str, Any]] | None:
        return self.outcomes.get(addon_name, [])


class Account:
    """An account of the emulator: clients, a VPC with private and public subnets, roles."""

    def __init__(self, url: str, key: str = "AKIAIOSFODNN7EXAMPLE", secret: str = "s" * 40, token: str | None = None):
        self.url = url
        self.credentials = {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}
        self.answers = Answers()
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        if service not in self._clients:
            config = Config(retries={"max_attempts": 1}, read_timeout=30)
            client = boto3.client(service, region_name=REGION, endpoint_url=self.url, config=config, **self.credentials)
            client.meta.events.register(f"response-received.{service}", self.answers.check)
            if service in XML_SERVICES:
                client.meta.events.register(f"after-call.{service}", self.answers.check_parsed)
            self._clients[service] = client
        return self._clients[service]

    def role(self, name: str, service: str = "eks.amazonaws.com", path: str = "/", account: str = ACCOUNT) -> str:
        """ARN of a new role that a service and the account may assume."""
        principal = {"Service": service, "AWS": f"arn:aws:iam::{account}:root"}
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
        }
        made = self.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))
        return made["Role"]["Arn"]

    def session(self, role_arn: str) -> Account:
        """The same account as a session of a role that trusts it."""
        self.iam.create_user(UserName="someone")
        key = self.iam.create_access_key(UserName="someone")["AccessKey"]
        user = Account(self.url, key["AccessKeyId"], key["SecretAccessKey"])
        made = user.sts.assume_role(RoleArn=role_arn, RoleSessionName="me@example.org")["Credentials"]
        return Account(self.url, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    def network(self, cidr: str = "10.1.0.0/16") -> tuple[str, list[str], list[str]]:
        """A new VPC: its id, its private subnets in zones a, b, c and a public one in zone a."""
        vpc = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        prefix = cidr.rsplit(".", 2)[0]
        subnets = [self._subnet(vpc, f"{prefix}.{index}.0/24", zone) for index, zone in enumerate("abca")]
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        table = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[3])
        return vpc, subnets[:3], subnets[3:]

    def _subnet(self, vpc: str, cidr: str, zone: str) -> str:
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
        return made["Subnet"]["SubnetId"]

    def cluster(self, name: str = "piksel-dev", wait: bool = True, **settings: Any) -> dict[str, Any]:
        """A new cluster with entries as its way in, ACTIVE unless `wait` is false."""
        if "resourcesVpcConfig" not in settings:
            settings["resourcesVpcConfig"] = {"subnetIds": self.network()[1]}
        role = settings.pop("roleArn", None) or self.role(f"{name}-cluster")
        access = {"authenticationMode": "API_AND_CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": False}
        request = {"version": "1.34", "accessConfig": access, **settings}
        made = self.eks.create_cluster(name=name, roleArn=role, **request)["cluster"]
        return self.until(name, "ACTIVE") if wait else made

    def until(self, name: str, status: str) -> dict[str, Any]:
        """The cluster once it has the status."""
        return eventually(
            lambda: self.eks.describe_cluster(name=name)["cluster"], lambda found: found["status"] == status
        )


def eventually(look: Callable[[], Any], is_done: Callable[[Any], bool], seconds: float = 5.0) -> Any:
    """What `look` sees once `is_done`; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if is_done(seen):
            return seen
        assert time.monotonic() < end, f"still not so: {seen}"
        time.sleep(0.01)


def refused(code: str, text: str) -> Any:
    """Expect a ClientError of this code whose message contains the text."""
    return pytest.raises(ClientError, match=rf"\({code}\).*{re.escape(text)}")


class Answers:
    """Checks the raw JSON of every successful answer against botocore's output shape."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.operations: set[str] = set()

    def check(self, response_dict: Any, event_name: str, **_: Any) -> None:
        """Handler of botocore's event response-received.<service>.<operation>."""
        _, service, operation = event_name.split(".")
        model = get_service_model(NAME_OF_EVENT.get(service, service))
        if response_dict is None or response_dict["status_code"] >= 300 or "json" not in model.protocol:
            return
        self._note(service, operation)
        shape = model.operation_model(operation).output_shape
        raw = json.loads(response_dict["body"] or b"{}")
        if shape is not None:
            self.problems += [f"{operation}{text}" for text in problems(shape, raw, "")]

    def _note(self, service: str, operation: str) -> None:
        if service in ("eks", "sts"):
            self.operations.add(operation)

    def check_parsed(self, parsed: Any, model: Any, http_response: Any, **_: Any) -> None:
        """Handler of botocore's event after-call: answers in XML are checked as botocore read them."""
        if http_response.status_code >= 300 or "json" in model.service_model.protocol or model.output_shape is None:
            return
        self._note(model.service_model.service_name, model.name)
        if model.service_model.protocol == "query":
            (result,) = (part for part in ElementTree.fromstring(http_response.content) if not _tag(part, "Metadata"))
            self.problems += [f"{model.name}{text}" for text in unknown_elements(model.output_shape, result, "")]
        found = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        self.problems += [f"{model.name}{text}" for text in problems(model.output_shape, found, "", wire=False)]


def _tag(element: Element, ending: str = "") -> str:
    """The name of an element without its namespace, "" when it has not this ending."""
    name = element.tag.rpartition("}")[2]
    return name if name.endswith(ending) else ""


def unknown_elements(shape: Any, element: Element, path: str) -> Iterator[str]:
    """Elements of an answer in the query protocol that botocore's `shape` has no name for; botocore passes over them.

    https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
    """
    if shape.type_name == "list":
        items = [element] if shape.serialization.get("flattened") else list(element)
        for item in items:
            yield from unknown_elements(shape.member, item, f"{path}[]")
    elif shape.type_name == "structure":
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for child in element:
            if _tag(child) in members:
                yield from unknown_elements(members[_tag(child)], child, f"{path}.{_tag(child)}")
            else:
                yield f"{path}.{_tag(child)}: unknown"


PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "timestamp": (int, float, datetime.datetime),
    "blob": (bytes, StreamingBody),
    "double": (int, float),
    "float": (int, float),
}


def problems(shape: Any, value: Any, path: str, *, wire: bool = True) -> Iterator[str]:
    """What in `value` does not fit botocore's `shape`: members, types, enums; None stands for absent.

    `wire`: members bear the names of the wire, as in parsed JSON, not botocore's own.
    """
    if shape.name == "policyDocumentType" and isinstance(value, dict):
        # IAM sends text, which botocore has read already.
        return
    if not isinstance(value, PYTHON_TYPES[shape.type_name]) or (
        isinstance(value, bool) and shape.type_name != "boolean"
    ):
        yield f"{path}: {value!r} is no {shape.type_name}"
        return
    if shape.type_name == "structure":
        names = {
            member.serialization.get("name", name) if wire else name: member for name, member in shape.members.items()
        }
        yield from (f"{path}.{name}: unknown" for name in value if name not in names)
        yield from (f"{path}.{name}: missing" for name in shape.required_members if value.get(name) is None)
        for name, item in value.items():
            if name in names and item is not None:
                yield from problems(names[name], item, f"{path}.{name}", wire=wire)
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from problems(shape.member, item, f"{path}[{index}]", wire=wire)
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from problems(shape.value, item, f"{path}.{key}", wire=wire)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"
