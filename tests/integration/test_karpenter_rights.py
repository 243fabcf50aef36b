"""What Karpenter's controller may do in prod, with the tags of its own things and without, and what it must not."""

from __future__ import annotations

import json

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import identities
from ansible_collections.piksel.platform.plugins.plugin_utils.iam_actions import DATA

from iam_evaluator import allows, names
from integration.test_inventories import read

ACCOUNT, REGION, CLUSTER = "522783511350", "ap-southeast-3", "piksel-production"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:Karpenter-{CLUSTER}"
NODE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Karpenter-{CLUSTER}"
PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/{CLUSTER}_1"
PARAMETER = f"arn:aws:ssm:{REGION}::parameter/aws/service/eks/optimized-ami/1.36/x/image_id"
EKS_CLUSTER = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
# "*" stands for actions that name no resource.
ANY = "*"


def ec2(kind: str, account: str = ACCOUNT) -> str:
    """The ARN of something of EC2."""
    return f"arn:aws:ec2:{REGION}:{account}:{kind}/one"


SOURCES = (*(ec2("image", ""), ec2("snapshot", ""), ec2("capacity-reservation"), ec2("security-group"), ec2("subnet")),)
LAUNCHED = tuple(
    ec2(kind)
    for kind in ("fleet", "instance", "launch-template", "network-interface", "spot-instances-request", "volume")
)
OTHERS = (
    *(f"arn:aws:iam::{ACCOUNT}:role/piksel-automation", f"arn:aws:iam::{ACCOUNT}:role/Karpenter-{CLUSTER}-more"),
    *(f"arn:aws:sqs:{REGION}:{ACCOUNT}:other", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/secret"),
    f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/other",
    f"arn:aws:iam::{ACCOUNT}:policy/KarpenterControllerNodes-{CLUSTER}",
)
RESOURCES = (ANY, *SOURCES, *LAUNCHED, QUEUE, NODE_ROLE, PROFILE, PARAMETER, EKS_CLUSTER, *OTHERS)
DESCRIBE = (
    *("AvailabilityZones", "CapacityReservations", "Images", "InstanceStatus", "InstanceTypeOfferings"),
    *("InstanceTypes", "Instances", "LaunchTemplates", "PlacementGroups", "SecurityGroups", "SpotPriceHistory"),
    "Subnets",
)

HERE = {"aws:RequestedRegion": REGION}
OWNER = f"kubernetes.io/cluster/{CLUSTER}"
REQUESTED = {
    f"aws:RequestTag/{OWNER}": "owned",
    "aws:RequestTag/eks:eks-cluster-name": CLUSTER,
    "aws:RequestTag/karpenter.sh/nodepool": "default",
    "aws:RequestTag/karpenter.k8s.aws/ec2nodeclass": "default",
    "aws:RequestTag/topology.kubernetes.io/region": REGION,
}
OWNED = {
    f"aws:ResourceTag/{OWNER}": "owned",
    "aws:ResourceTag/karpenter.sh/nodepool": "default",
    "aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass": "default",
    "aws:ResourceTag/topology.kubernetes.io/region": REGION,
}
NAMING = {"aws:TagKeys": "Name"}
LAUNCHING = {"ec2:CreateAction": "RunInstances"}
TO_EC2 = {"iam:PassedToService": "ec2.amazonaws.com"}
Rights = set[tuple[str, str]]


def on(resources: tuple[str, ...], *actions: str) -> Rights:
    """Every action on every resource."""
    return {(action, resource) for action in actions for resource in resources}


ALWAYS = (
    on(SOURCES, "ec2:CreateFleet", "ec2:RunInstances")
    | on((QUEUE,), "sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage")
    | on((PARAMETER,), "ssm:GetParameter")
    | on((PROFILE,), "iam:GetInstanceProfile")
    | on((EKS_CLUSTER,), "eks:DescribeCluster")
    | on(RESOURCES, "iam:ListInstanceProfiles", "pricing:GetProducts")
)
LOOKING = on(RESOURCES, *(f"ec2:Describe{what}" for what in DESCRIBE))
MAKING = on(LAUNCHED, "ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate")
OWN_TEMPLATE = on((ec2("launch-template"),), "ec2:CreateFleet", "ec2:RunInstances")
ENDING = on((ec2("instance"), ec2("launch-template")), "ec2:TerminateInstances", "ec2:DeleteLaunchTemplate")
OWN_PROFILE = on(
    (PROFILE,), "iam:AddRoleToInstanceProfile", "iam:DeleteInstanceProfile", "iam:RemoveRoleFromInstanceProfile"
)
NEW_PROFILE = on((PROFILE,), "iam:CreateInstanceProfile")


@pytest.fixture(scope="module")
def documents() -> list[dict]:
    """The policies of the identity, as prod renders them."""
    (*_rest, values) = read(("prod",), ["irsa_policies", "irsa_identities"], ["playbooks/irsa.yml"])[0]
    policies = values["irsa_identities"]["karpenter"]["policies"]
    return [identities.document(values["irsa_policies"][key]["statements"]) for key in policies]


def allowed(documents: list[dict], context: dict[str, str]) -> Rights:
    """Every action that IAM knows, on every resource above, that the policies allow in this context."""
    keys = {name.replace("/", "___").replace(":", "__"): value for name, value in context.items()}
    known = json.loads(DATA.read_text())["actions"]
    actions = [f"{service}:{name}" for service, all_of_it in known.items() for name in all_of_it]
    return {
        (action, resource)
        for action in actions
        if names(documents, action)
        for resource in RESOURCES
        if allows(documents, action, resource, **keys)
    }


@pytest.mark.requirement("IAM-12", "KARP-03", "KARP-04")
@pytest.mark.parametrize(
    ("context", "rights"),
    [
        ({}, ALWAYS),
        ({"aws:RequestedRegion": "us-east-1"}, ALWAYS),
        (HERE, ALWAYS | LOOKING),
        (REQUESTED, ALWAYS | MAKING | NEW_PROFILE),
        ({**REQUESTED, f"aws:RequestTag/{OWNER}": "shared"}, ALWAYS),
        (
            {**REQUESTED, "aws:RequestTag/eks:eks-cluster-name": "other"},
            ALWAYS,
        ),
        ({**REQUESTED, **LAUNCHING}, ALWAYS | MAKING | NEW_PROFILE | on(LAUNCHED, "ec2:CreateTags")),
        ({**REQUESTED, "ec2:CreateAction": "CreateVolume"}, ALWAYS | MAKING | NEW_PROFILE),
        ({**OWNED, "aws:TagKeys": "Owner"}, ALWAYS | OWN_TEMPLATE | ENDING | OWN_PROFILE),
        (
            {**OWNED, **NAMING},
            ALWAYS | OWN_TEMPLATE | ENDING | OWN_PROFILE | on((ec2("instance"),), "ec2:CreateTags"),
        ),
        (
            {**OWNED, **NAMING, "aws:RequestTag/eks:eks-cluster-name": "other"},
            ALWAYS | OWN_TEMPLATE | ENDING | OWN_PROFILE,
        ),
        ({**OWNED, f"aws:ResourceTag/{OWNER}": "shared", **NAMING}, ALWAYS),
        (
            {**OWNED, **REQUESTED, "aws:TagKeys": "Owner"},
            ALWAYS
            | OWN_TEMPLATE
            | ENDING
            | OWN_PROFILE
            | MAKING
            | NEW_PROFILE
            | on((PROFILE,), "iam:TagInstanceProfile"),
        ),
        (TO_EC2, ALWAYS | on((NODE_ROLE,), "iam:PassRole")),
        ({"iam:PassedToService": "lambda.amazonaws.com"}, ALWAYS),
    ],
)
def test_the_controller_may_do_this_and_nothing_else(
    context: dict[str, str], rights: Rights, documents: list[dict]
) -> None:
    assert allowed(documents, context) == rights
