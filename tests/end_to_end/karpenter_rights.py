"""What IAM would be asked about each call that Karpenter's controller made, and what it must never allow.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from piksel_sandbox.client import Sandbox
from piksel_sandbox.sessions import Session

ACCOUNT, REGION, CLUSTER = "236122835646", "ap-southeast-3", "piksel-dev"
ROLE = f"KarpenterController-{CLUSTER}"
NODE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Karpenter-{CLUSTER}"
ANY = "*"
LAUNCHED = ("fleet", "instance", "launch-template", "network-interface", "volume")
SOURCES = {"image": "", "security-group": ACCOUNT, "subnet": ACCOUNT}
HERE = {"aws__RequestedRegion": REGION}
TO_EC2 = {"iam__PassedToService": "ec2.amazonaws.com"}
# Services whose action is the operation, on the one object that the call names.
NAMED = {
    "eks": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}",
    "sqs": f"arn:aws:sqs:{REGION}:{ACCOUNT}:Karpenter-{CLUSTER}",
    "ssm": f"arn:aws:ssm:{REGION}::parameter/aws/service/eks/optimized-ami/1.34/x/image_id",
}


@dataclass(frozen=True)
class Demand:
    """A question to IAM; `context` as `iam_evaluator.allows` takes it."""

    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict, compare=False)


def arn(kind: str, account: str = ACCOUNT) -> str:
    """The ARN of something of EC2."""
    return f"arn:aws:ec2:{REGION}:{account}:{kind}/one"


def of_tags(which: str, tags: dict[str, str]) -> dict[str, str]:
    """Tags as condition keys, aws:RequestTag or aws:ResourceTag."""
    return {f"aws__{which}___{key.replace(':', '__').replace('/', '___')}": value for key, value in tags.items()}


def documents(session: Session, role: str) -> list[dict[str, Any]]:
    """The policies of a role, as they are in the account."""
    iam = session.client("iam")
    found = []
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        answer = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
        found.append(answer["PolicyVersion"]["Document"])
    return found


class Calls:
    """The operations of the controller, with the tags that its things really got."""

    def __init__(self, session: Session, sandbox: Sandbox) -> None:
        rows = [row for row in sandbox.calls(everybody=True) if f":assumed-role/{ROLE}/" in row.get("caller", "")]
        self.operations = {row["operation"]: row["service"] for row in rows if row["api"] == "aws"}
        launched = session.client("ec2").describe_instances(
            Filters=[{"Name": "tag-key", "Values": ["karpenter.sh/nodepool"]}]
        )
        instance = launched["Reservations"][0]["Instances"][0]
        self.tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"] if not tag["Key"].startswith("aws:")}
        iam = session.client("iam")
        (profile, *_rest) = [
            one
            for one in iam.list_instance_profiles()["InstanceProfiles"]
            if one["Path"].startswith(f"/karpenter/{REGION}/{CLUSTER}/")
        ]
        self.profile = profile["Arn"]
        tags = iam.get_instance_profile(InstanceProfileName=profile["InstanceProfileName"])["InstanceProfile"]["Tags"]
        self.profile_tags = {tag["Key"]: tag["Value"] for tag in tags}

    def demands(self) -> Iterator[Demand]:
        """What IAM is asked for all of them."""
        for operation, service in self.operations.items():
            if service in NAMED:
                yield Demand(f"{service}:{operation}", NAMED[service])
            elif service == "ec2":
                yield from self._ec2(operation)
            else:
                assert service == "iam", f"nothing is known of {service}:{operation}"
                yield from self._iam(operation)

    def _ec2(self, operation: str) -> Iterator[Demand]:
        action = f"ec2:{operation}"
        if operation.startswith("Describe"):
            yield Demand(action, ANY, HERE)
        elif operation in ("CreateFleet", "RunInstances"):
            yield from (Demand(action, arn(kind, account)) for kind, account in SOURCES.items())
            yield from (Demand(action, arn(kind), of_tags("RequestTag", self.tags)) for kind in LAUNCHED)
            yield Demand(action, arn("launch-template"), of_tags("ResourceTag", self.tags))
            yield Demand("iam:PassRole", NODE_ROLE, TO_EC2)
        elif operation == "CreateLaunchTemplate":
            yield Demand(action, arn("launch-template"), of_tags("RequestTag", self.tags))
        elif operation == "CreateTags":
            yield Demand(action, arn("instance"), of_tags("ResourceTag", self.tags) | {"aws__TagKeys": "Name"})
        else:
            kind = {"TerminateInstances": "instance", "DeleteLaunchTemplate": "launch-template"}[operation]
            yield Demand(action, arn(kind), of_tags("ResourceTag", self.tags))

    def _iam(self, operation: str) -> Iterator[Demand]:
        action = f"iam:{operation}"
        if operation in ("GetInstanceProfile", "ListInstanceProfiles"):
            yield Demand(action, self.profile)
        elif operation in ("CreateInstanceProfile", "TagInstanceProfile"):
            both = of_tags("RequestTag", self.profile_tags) | of_tags("ResourceTag", self.profile_tags)
            yield Demand(action, self.profile, both)
        else:
            yield Demand(action, self.profile, of_tags("ResourceTag", self.profile_tags))
            yield Demand("iam:PassRole", NODE_ROLE, TO_EC2)


# What would let a controller that is taken over reach beyond its own nodes.
DANGEROUS = (
    *(Demand(f"ec2:{name}", arn("instance")) for name in ("TerminateInstances", "RunInstances", "CreateFleet")),
    *(Demand(f"ec2:{name}", ANY, HERE) for name in ("CreateVpc", "AuthorizeSecurityGroupIngress", "DeleteSubnet")),
    Demand("ec2:CreateTags", arn("instance"), {"aws__TagKeys": "Name"}),
    Demand("ec2:DeleteLaunchTemplate", arn("launch-template")),
    *(
        Demand(f"iam:{name}", f"arn:aws:iam::{ACCOUNT}:role/{role}", TO_EC2)
        for name in ("PassRole", "AttachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy", "DeleteRole")
        for role in ("piksel-automation", ROLE, f"Karpenter-{CLUSTER}-more")
    ),
    Demand("iam:PassRole", NODE_ROLE, {"iam__PassedToService": "lambda.amazonaws.com"}),
    Demand("iam:AddRoleToInstanceProfile", f"arn:aws:iam::{ACCOUNT}:instance-profile/other"),
    *(Demand(f"iam:{name}", ANY) for name in ("CreateRole", "CreateUser", "CreateAccessKey", "CreatePolicyVersion")),
    *(Demand(f"eks:{name}", NAMED["eks"]) for name in ("CreateAccessEntry", "DeleteCluster", "UpdateClusterConfig")),
    *(Demand(f"sqs:{name}", NAMED["sqs"]) for name in ("SetQueueAttributes", "DeleteQueue", "SendMessage")),
    Demand("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/secret"),
    Demand("ssm:PutParameter", NAMED["ssm"]),
    Demand("secretsmanager:GetSecretValue", ANY),
    Demand("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/piksel-automation"),
    Demand("s3:GetObject", "arn:aws:s3:::piksel-dev-public-data/key"),
    Demand("rds:DeleteDBInstance", ANY),
    Demand("kms:Decrypt", ANY),
)
