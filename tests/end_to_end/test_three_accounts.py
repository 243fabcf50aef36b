"""Three converged accounts: isolated from each other, of one architecture, and built up to where Flux takes over."""

from __future__ import annotations

import collections
import contextlib
import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from botocore.exceptions import ClientError

from end_to_end.conftest import ACCOUNTS, CLUSTERS
from end_to_end.harness import Play, Run
from end_to_end.identity_rights import HUB
from piksel_sandbox.client import Sandbox

# Data are promoted by reading them: the one thing of another spoke that anything may reach.
PROMOTED = {"prod": {"arn:aws:s3:::piksel-staging-public-data", "arn:aws:s3:::piksel-staging-public-data/*"}}

# What the architecture has a tool make, as (API, kind); the rest of it is the repository's.
FOUNDATION = {
    ("aws", "eks_cluster"),
    ("aws", "iam_oidc_provider"),
    ("aws", "iam_role"),
    ("aws", "iam_policy"),
    ("aws", "eks_addon"),
    ("aws", "eks_fargate_profile"),
    ("aws", "kms_key"),
    ("aws", "rds_instance"),
    ("aws", "s3_bucket"),
    ("aws", "secret"),
    ("aws", "sqs_queue"),
    ("aws", "eventbridge_rule"),
    ("kubernetes", "helm_release"),
    ("kubernetes", "Namespace"),
    ("kubernetes", "Secret"),
    ("kubernetes", "Service"),
    ("kubernetes", "ServiceAccount"),
    ("kubernetes", "StorageClass"),
    ("kubernetes", "EC2NodeClass"),
    ("kubernetes", "NodePool"),
    ("kubernetes", "GitRepository"),
    ("kubernetes", "Kustomization"),
}


class Converged(NamedTuple):
    """A run from empty, and all calls that were made meanwhile."""

    run: Run
    calls: list[dict]


@pytest.fixture(scope="module")
def three(sandbox: Sandbox, play: Play) -> dict[str, Converged]:
    """All three accounts, converged one after another as one promotes."""
    sandbox.clear_faults()
    sandbox.reset()
    found = {}
    for environment in ACCOUNTS:
        sandbox.clear_calls()
        run = play("site.yml", [environment]).ok()
        found[environment] = Converged(run, sandbox.calls())
    return found


def documents(aws: Callable, environment: str) -> Iterator[tuple[str, str]]:
    """(object, text) of every policy in an account that lets somebody do something."""
    iam, s3, kms = aws("iam", environment), aws("s3", environment), aws("kms", environment)
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            yield f"trust of {role['RoleName']}", json.dumps(role["AssumeRolePolicyDocument"])
            for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                answer = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)
                yield f"policy {name} of {role['RoleName']}", json.dumps(answer["PolicyDocument"])
    for page in iam.get_paginator("list_policies").paginate(Scope="Local"):
        for policy in page["Policies"]:
            version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
            yield f"policy {policy['PolicyName']}", json.dumps(version["PolicyVersion"]["Document"])
    for bucket in s3.list_buckets()["Buckets"]:
        # Buckets of others, in the fixture, have none.
        with contextlib.suppress(ClientError):
            yield f"bucket {bucket['Name']}", s3.get_bucket_policy(Bucket=bucket["Name"])["Policy"]
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            yield f"key {key['KeyId']}", kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]


def names_of(environment: str) -> list[str]:
    """What gives another spoke away in a policy: its account and the names of its buckets and secrets."""
    return [ACCOUNTS[environment], CLUSTERS[environment], f"piksel-{environment}-"]


@pytest.mark.requirement("ACC-01", "ACC-03", "SECU-01", "S3-10")
@pytest.mark.parametrize("environment", ACCOUNTS)
def test_no_policy_names_another_spoke(environment: str, three: dict, aws: Callable) -> None:
    found = dict(documents(aws, environment))
    kinds = {name.partition(" ")[0] for name in found}
    assert kinds == {"trust", "policy", "bucket", "key"}
    reached = set()
    for name, text in found.items():
        for other in set(ACCOUNTS) - {environment}:
            for given_away in names_of(other):
                hits = re.findall(rf'"([^"]*{re.escape(given_away)}[^"]*)"', text)
                assert set(hits) <= PROMOTED.get(environment, set()), f"{name} names {hits}"
                reached.update(hits)
    assert reached == PROMOTED.get(environment, set())


@pytest.mark.requirement("ACC-02", "ACC-03", "SECU-01")
@pytest.mark.parametrize("environment", ACCOUNTS)
def test_a_run_touches_its_own_account_and_reads_the_hub(environment: str, three: dict, aws: Callable) -> None:
    rows = three[environment].calls
    assert {row["account"] for row in rows} <= {ACCOUNTS[environment], HUB}
    assert {row["account"] for row in rows if row["write"]} == {ACCOUNTS[environment]}
    # What the hub serves is named by the policies of those who use it: images here, zones by the role of ExternalDNS.
    using = " ".join(text for _name, text in documents(aws, environment))
    assert f":{HUB}:repository/" in using
    clusters = aws("eks", environment).list_clusters()["clusters"]
    assert clusters == [CLUSTERS[environment]]


@pytest.mark.requirement("SECU-03")
@pytest.mark.parametrize("environment", ACCOUNTS)
def test_compute_stands_in_private_subnets(environment: str, three: dict, aws: Callable) -> None:
    """No subnet of the cluster, of a profile or of a node group has a way to an internet gateway."""
    eks, ec2, name = aws("eks", environment), aws("ec2", environment), CLUSTERS[environment]
    used = set(eks.describe_cluster(name=name)["cluster"]["resourcesVpcConfig"]["subnetIds"])
    profiles = eks.list_fargate_profiles(clusterName=name)["fargateProfileNames"]
    groups = eks.list_nodegroups(clusterName=name)["nodegroups"]
    assert profiles
    assert groups
    for profile in profiles:
        used.update(
            eks.describe_fargate_profile(clusterName=name, fargateProfileName=profile)["fargateProfile"]["subnets"]
        )
    for group in groups:
        used.update(eks.describe_nodegroup(clusterName=name, nodegroupName=group)["nodegroup"]["subnets"])
    assert len(used) >= 2
    for subnet in used:
        tables = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
        (table,) = tables["RouteTables"]
        assert not [route for route in table["Routes"] if route.get("GatewayId", "").startswith("igw-")], subnet
    described = ec2.describe_subnets(SubnetIds=sorted(used))["Subnets"]
    assert not [subnet["SubnetId"] for subnet in described if subnet["MapPublicIpOnLaunch"]]


@pytest.mark.requirement("GEN-01", "GEN-03")
def test_one_architecture_is_made_whole_in_each_account(three: dict) -> None:
    """What the architecture has made by a tool, the run makes, in every account."""
    for environment, (run, _calls) in three.items():
        made = {(item["api"], item["kind"]) for item in run.done if item["action"] == "create"}
        assert made >= FOUNDATION, environment


@pytest.mark.requirement("GEN-04")
@pytest.mark.parametrize("environment", ACCOUNTS)
def test_applications_come_from_the_repository(environment: str, three: dict, kubectl: Callable) -> None:
    """The run makes no workload but Flux's own; whatever else runs comes from EKS, a release of the run, or Flux."""
    applied = [item for item in three[environment].run.done if item["api"] == "kubernetes"]
    releases = {item["object"].partition("/")[2] for item in applied if item["kind"] == "helm_release"}
    written = collections.defaultdict(set)
    for item in workloads(kubectl, CLUSTERS[environment]):
        name = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
        # Flux's own is applied by the run, and by Flux too, where the repository holds it.
        writers = {one["manager"] for one in item["metadata"]["managedFields"] if "subresource" not in one}
        for writer in writers:
            written[writer].add(name)
        if "helm" in writers:
            assert item["metadata"]["annotations"]["meta.helm.sh/release-name"] in releases
    assert set(written) <= {"eks", "helm", "piksel-platform", "kustomize-controller"}
    assert "kube-system/coredns" in written["eks"]
    assert {name.partition("/")[0] for name in written["piksel-platform"]} == {"flux-system"}
    assert "jupyterhub/tutorials" in written["kustomize-controller"]


def workloads(kubectl: Callable, context: str) -> list[dict]:
    """What runs pods in a cluster, or lets people reach them, with who wrote it."""
    kinds = "deployments,daemonsets,statefulsets,jobs,cronjobs,ingresses"
    answer = kubectl("get", kinds, "--all-namespaces", "--show-managed-fields", "-o", "json", context=context)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)["items"]
