"""A converged account: stages alone are silent, what changed behind our back is seen and repaired exactly."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from end_to_end.harness import ROOT, Play, at_version

CLUSTER = "piksel-dev"
STAGES = sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_alone_is_silent(stage: str, converged, play: Play) -> None:
    """A stage reads back what the stages before it made."""
    converged.clear_calls()
    run = play(f"playbooks/{stage}").ok()
    assert run.changed == 0
    assert converged.calls(writes=True) == []


def test_version_jumps_are_refused(converged, play: Play) -> None:
    """Two minors up and a downgrade end before any write, with both versions named."""
    converged.clear_calls()
    for wanted, word in (("1.36", "one minor"), ("1.33", "downgrade")):
        run = play("site.yml", ["dev"], *at_version(wanted))
        assert run.rc != 0
        assert wanted in run.output
        assert "1.34" in run.output
        assert word in run.output
    assert converged.calls(writes=True) == []


def role_name(aws) -> str:
    """Name of the cluster's role."""
    return aws("eks").describe_cluster(name=CLUSTER)["cluster"]["roleArn"].rpartition("/")[2]


def key_id(aws) -> str:
    """Id of the key that encrypts the cluster's secrets."""
    return aws("eks").describe_cluster(name=CLUSTER)["cluster"]["encryptionConfig"][0]["provider"]["keyArn"]


def administrator(aws) -> str:
    """ARN of the role whose session the tests use."""
    roles = aws("iam").list_roles(PathPrefix="/aws-reserved/sso.amazonaws.com/")["Roles"]
    return roles[0]["Arn"]


def until_active(eks) -> None:
    """Wait for the end of an update that a test started itself."""
    eks.get_waiter("cluster_active").wait(name=CLUSTER, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def cluster_config(**change) -> Callable:
    """A mutation that updates one part of the cluster's configuration past the platform."""

    def mutate(aws) -> None:
        eks = aws("eks")
        eks.update_cluster_config(name=CLUSTER, **change)
        until_active(eks)

    return mutate


def role_trust(aws) -> None:
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    )
    aws("iam").update_assume_role_policy(RoleName=role_name(aws), PolicyDocument=document)


def role_policy(aws) -> None:
    aws("iam").detach_role_policy(RoleName=role_name(aws), PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")


def role_extra_policy(aws) -> None:
    aws("iam").attach_role_policy(RoleName=role_name(aws), PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def role_tag(aws) -> None:
    aws("iam").tag_role(RoleName=role_name(aws), Tags=[{"Key": "Owner", "Value": "somebody"}])


def key_rotation(aws) -> None:
    aws("kms").disable_key_rotation(KeyId=key_id(aws))


def key_tag(aws) -> None:
    aws("kms").untag_resource(KeyId=key_id(aws), TagKeys=["Project"])


def log_retention(aws) -> None:
    aws("logs").put_retention_policy(logGroupName=f"/aws/eks/{CLUSTER}/cluster", retentionInDays=7)


def log_tag(aws) -> None:
    group = aws("logs").describe_log_groups(logGroupNamePrefix=f"/aws/eks/{CLUSTER}/")["logGroups"][0]
    aws("logs").untag_resource(resourceArn=group["arn"].removesuffix(":*"), tagKeys=["Environment"])


def cluster_tag(aws) -> None:
    eks = aws("eks")
    eks.untag_resource(resourceArn=eks.describe_cluster(name=CLUSTER)["cluster"]["arn"], tagKeys=["Owner"])


def security_group_tag(aws) -> None:
    group = aws("eks").describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    aws("ec2").delete_tags(Resources=[group], Tags=[{"Key": "karpenter.sh/discovery"}])


def access_policy(aws) -> None:
    eks, entry = aws("eks"), administrator(aws)
    policies = eks.list_associated_access_policies(clusterName=CLUSTER, principalArn=entry)["associatedAccessPolicies"]
    eks.associate_access_policy(
        clusterName=CLUSTER,
        principalArn="arn:aws:iam::236122835646:role/piksel-automation",
        policyArn=policies[0]["policyArn"],
        accessScope={"type": "namespace", "namespaces": ["terria"]},
    )


def access_gone(aws) -> None:
    aws("eks").delete_access_entry(clusterName=CLUSTER, principalArn="arn:aws:iam::236122835646:role/piksel-automation")


# what was changed -> (mutation, kind of the operation that repairs it, its action, words that its paths must hold)
MUTATIONS = {
    "role trust": (role_trust, "iam_role", "update", ["assume_role_policy"]),
    "role policy detached": (role_policy, "iam_role", "update", ["managed_policies"]),
    "role policy added": (role_extra_policy, "iam_role", "update", ["managed_policies"]),
    "role tag": (role_tag, "iam_role", "update", ["tags.Owner"]),
    "key rotation": (key_rotation, "kms_key", "update", ["rotation"]),
    "key tag": (key_tag, "kms_key", "update", ["tags.Project"]),
    "log retention": (log_retention, "log_group", "update", ["retention_in_days"]),
    "log tag": (log_tag, "log_group", "update", ["tags.Environment"]),
    "cluster tag": (cluster_tag, "eks_cluster", "update", ["tags.Owner"]),
    "cluster logging": (
        cluster_config(logging={"clusterLogging": [{"types": ["audit"], "enabled": False}]}),
        "eks_cluster",
        "update",
        ["logging"],
    ),
    "cluster endpoint": (
        cluster_config(resourcesVpcConfig={"publicAccessCidrs": ["203.0.113.0/24"]}),
        "eks_cluster",
        "update",
        ["public_access_cidrs"],
    ),
    "private endpoint": (
        cluster_config(resourcesVpcConfig={"endpointPrivateAccess": False}),
        "eks_cluster",
        "update",
        ["endpoint_private_access"],
    ),
    "support type": (
        cluster_config(upgradePolicy={"supportType": "EXTENDED"}),
        "eks_cluster",
        "update",
        ["upgrade_policy"],
    ),
    "deletion protection": (cluster_config(deletionProtection=True), "eks_cluster", "update", ["deletion_protection"]),
    "security group tag": (security_group_tag, "ec2_tags", "update", ["karpenter.sh/discovery"]),
    "access policy narrowed": (access_policy, "eks_access_entry", "update", ["policies"]),
    "access entry gone": (access_gone, "eks_access_entry", "create", ["principal_arn"]),
}


@pytest.mark.requirement("GEN-10", "EKS-07", "EKS-08", "EKS-12", "EKS-13")
@pytest.mark.parametrize("case", MUTATIONS)
def test_changed_behind_our_back(case: str, converged, play: Play, aws) -> None:
    """The plan shows exactly the attribute that was changed, the run repairs it, and then there is silence."""
    mutate, kind, action, words = MUTATIONS[case]
    mutate(aws)
    plan = play.check(["dev"], "playbooks/eks_cluster.yml").ok()
    assert [(item["kind"], item["action"]) for item in plan.done] == [(kind, action)]
    paths = [change["path"] for change in plan.done[0]["changes"]]
    if action == "update":
        assert len(paths) == 1, paths
    assert all(any(word in path for path in paths) for word in words), paths
    run = play("playbooks/eks_cluster.yml").ok()
    assert run.names() == plan.names()
    assert play.check(["dev"], "playbooks/eks_cluster.yml").ok().done == []


def test_foreign_tags_are_left_alone(converged, play: Play, aws) -> None:
    """A tag that somebody else put on our objects is neither planned away nor removed."""
    aws("iam").tag_role(RoleName=role_name(aws), Tags=[{"Key": "billing", "Value": "42"}])
    eks = aws("eks")
    arn = eks.describe_cluster(name=CLUSTER)["cluster"]["arn"]
    eks.tag_resource(resourceArn=arn, tags={"billing": "42"})
    converged.clear_calls()
    assert play("playbooks/eks_cluster.yml").ok().changed == 0
    assert converged.calls(writes=True) == []
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"]["billing"] == "42"


@pytest.mark.requirement("NS-03", "NS-13", "NS-30")
@pytest.mark.parametrize(
    ("change", "paths"),
    [
        (("label", "namespace", "terria", "project=other", "--overwrite"), ["metadata.labels.project"]),
        (("label", "namespace", "external-dns", "component-"), ["metadata.labels.component"]),
    ],
)
def test_namespace_changed_behind_our_back(change, paths, converged, play: Play, kubectl, kubectl_json) -> None:
    """A label that we set is seen by its path and set again; a foreign one stays."""
    name = change[2]
    assert kubectl("label", "namespace", name, "toolkit.fluxcd.io/tenant=x", "--overwrite").returncode == 0
    assert kubectl(*change).returncode == 0
    converged.clear_calls()
    plan = play.check(["dev"], "playbooks/namespaces.yml").ok()
    assert [(item["object"], item["action"]) for item in plan.done] == [(name, "update")]
    assert [item["path"] for item in plan.done[0]["changes"]] == paths
    assert converged.calls(writes=True) == []
    assert play("playbooks/namespaces.yml").ok().names() == plan.names()
    labels = kubectl_json("namespace", name)["metadata"]["labels"]
    assert labels["toolkit.fluxcd.io/tenant"] == "x"
    assert labels["project"] == "Piksel"
    assert play.check(["dev"], "playbooks/namespaces.yml").ok().done == []
