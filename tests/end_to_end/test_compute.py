"""Where pods run: CoreDNS on Fargate at once, in our order only; what changes behind our back is repaired exactly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from end_to_end.harness import Play, stage_of

CLUSTER = "piksel-dev"
ON_FARGATE_ALONE = ("-e", '{"piksel_system_node_groups_enabled": false}')
CORE = ("kube-system", "karpenter", "flux", "external-dns")


def addon(aws: Callable, name: str) -> dict:
    """The add-on as EKS describes it."""
    return aws("eks").describe_addon(clusterName=CLUSTER, addonName=name)["addon"]


def placed(kubectl_json: Callable, *selector: str) -> list[str]:
    """The nodes of the pods of kube-system that a label selects; "" for one that has none."""
    pods = kubectl_json("pods", "--namespace", "kube-system", "--selector", *selector)["items"]
    return [pod["spec"].get("nodeName", "") for pod in pods]


@pytest.mark.requirement("EKS-21", "EKS-25", "FARG-01", "FARG-08", "CONF-02")
def test_coredns_is_degraded_in_the_wrong_order_and_active_in_ours(
    empty, play: Play, aws: Callable, kubectl_json: Callable
) -> None:
    """Fargate takes pods when they are created: the add-on comes after the profile, or it waits in vain."""
    for stage in ("eks_cluster", "irsa", "addons_before_compute"):
        play(f"playbooks/{stage}.yml", ["dev"], *ON_FARGATE_ALONE).ok()
    wrong = play("playbooks/addons_after_compute.yml", ["dev"], *ON_FARGATE_ALONE, "-e", "eks_addons_wait_timeout=4")
    assert wrong.rc != 0
    assert "still DEGRADED (InsufficientNumberOfReplicas: " in wrong.output
    assert addon(aws, "coredns")["status"] == "DEGRADED"
    assert set(placed(kubectl_json, "k8s-app=kube-dns")) == {""}
    for stage in ("namespaces", "fargate_profiles"):
        play(f"playbooks/{stage}.yml", ["dev"], *ON_FARGATE_ALONE).ok()
    told = play("playbooks/addons_after_compute.yml", ["dev"], *ON_FARGATE_ALONE).ok()
    assert "eks_addon coredns of cluster piksel-dev: its state is DEGRADED: InsufficientNumberOfReplicas" in told.output

    empty.reset()
    play("site.yml", ["dev"], *ON_FARGATE_ALONE).ok()
    assert addon(aws, "coredns")["status"] == "ACTIVE"
    nodes = placed(kubectl_json, "k8s-app=kube-dns")
    assert len(nodes) == 4
    assert all(node.startswith("fargate-ip-") for node in nodes)
    assert aws("eks").list_nodegroups(clusterName=CLUSTER)["nodegroups"] == []


@pytest.mark.requirement("FARG-05", "EKS-21", "EKS-30", "ADDN-08", "CONF-02")
def test_a_namespace_moves_to_nodes_by_one_word(converged, play: Play, aws: Callable, kubectl_json: Callable) -> None:
    """The placement drives profile, configuration, selector and tolerations; the profile goes with consent only."""
    nodes = json.dumps(
        {
            "piksel_placement": {
                "kube_system": "nodes",
                "karpenter": "fargate",
                "flux_system": "fargate",
                "external_dns": "fargate",
            }
        }
    )
    plan = play("site.yml", ["dev"], "--check", "-e", nodes).ok()
    assert {(item["kind"], item["object"]) for item in plan.done} == {
        ("eks_addon", "coredns"),
        ("eks_addon", "aws-ebs-csi-driver"),
    }
    held = [item["consent"] for item in plan.operations if item["held"]]
    assert held == ["delete:eks_fargate_profile/fargate_profiles.kube_system"]
    run = play("site.yml", ["dev"], "-e", nodes, "-e", json.dumps({"piksel_consent": held})).ok()
    assert ("delete", "eks_fargate_profile") in {(item["action"], item["kind"]) for item in run.done}
    assert addon(aws, "coredns")["status"] == "ACTIVE"
    for label in ("k8s-app=kube-dns", "app=ebs-csi-controller"):
        assert all(node.startswith("ip-") for node in placed(kubectl_json, label)), label
    (pod, *_more) = kubectl_json("pods", "--namespace", "kube-system", "--selector", "k8s-app=kube-dns")["items"]
    assert pod["spec"]["nodeSelector"] == {"karpenter.sh/controller": "true"}
    assert play("site.yml", ["dev"], "-e", nodes).ok().changed == 0
    play().ok()
    until(lambda: addon(aws, "coredns")["status"] == "ACTIVE")


def until(look: Callable[[], bool]) -> None:
    """Wait for something that takes seconds."""
    for _ in range(200):
        if look():
            return
        time.sleep(0.1)
    raise AssertionError("never came true")


def addon_downgraded(aws: Callable, kubectl: Callable) -> None:
    eks, which = aws("eks"), {"clusterName": CLUSTER, "addonName": "coredns"}
    eks.update_addon(**which, addonVersion="v1.13.1-eksbuild.1")
    until(lambda: eks.describe_addon(**which)["addon"]["status"] in ("ACTIVE", "DEGRADED"))


def profile_deleted(aws: Callable, kubectl: Callable) -> None:
    eks = aws("eks")
    eks.delete_fargate_profile(clusterName=CLUSTER, fargateProfileName="karpenter")
    until(lambda: "karpenter" not in eks.list_fargate_profiles(clusterName=CLUSTER)["fargateProfileNames"])


def taint_removed(aws: Callable, kubectl: Callable) -> None:
    eks, which = aws("eks"), {"clusterName": CLUSTER, "nodegroupName": "system-v1"}
    taint = {"key": "CriticalAddonsOnly", "value": "true", "effect": "NO_SCHEDULE"}
    eks.update_nodegroup_config(**which, taints={"removeTaints": [taint]})
    until(lambda: eks.describe_nodegroup(**which)["nodegroup"]["status"] == "ACTIVE")


def metadata_opened(aws: Callable, kubectl: Callable) -> None:
    ec2, which = aws("ec2"), {"LaunchTemplateName": "piksel-dev-system"}
    (version,) = ec2.describe_launch_template_versions(**which, Versions=["$Default"])["LaunchTemplateVersions"]
    data = {**version["LaunchTemplateData"], "MetadataOptions": {"HttpTokens": "optional"}}
    made = ec2.create_launch_template_version(**which, LaunchTemplateData=data)["LaunchTemplateVersion"]
    ec2.modify_launch_template(**which, DefaultVersion=str(made["VersionNumber"]))


def pods_role_trust(aws: Callable, kubectl: Callable) -> None:
    iam = aws("iam")
    trust = iam.get_role(RoleName="piksel-dev-fargate-pods")["Role"]["AssumeRolePolicyDocument"]
    del trust["Statement"][0]["Condition"]
    iam.update_assume_role_policy(RoleName="piksel-dev-fargate-pods", PolicyDocument=json.dumps(trust))


def annotate(name: str, value: str) -> Callable:
    """A change of the mark of a default storage class."""

    def change(aws: Callable, kubectl: Callable) -> None:
        annotation = f"storageclass.kubernetes.io/is-default-class={value}"
        assert kubectl("annotate", "storageclass", name, annotation, "--overwrite").returncode == 0

    return change


DEFAULT_CLASS = "metadata.annotations.storageclass.kubernetes.io/is-default-class"
# what was changed -> (mutation, kind, object, action, paths that the plan must show)
MUTATIONS = {
    "add-on downgraded": (addon_downgraded, "eks_addon", "coredns", "update", ["version"]),
    "profile deleted": (profile_deleted, "eks_fargate_profile", "karpenter", "create", None),
    "taint removed": (
        taint_removed,
        "eks_nodegroup",
        "system-v1",
        "update",
        ["taints.CriticalAddonsOnly:NO_SCHEDULE"],
    ),
    "metadata service opened": (metadata_opened, "launch_template", "piksel-dev-system", "update", ["http_tokens"]),
    "trust of the pods' role": (
        pods_role_trust,
        "iam_role",
        "piksel-dev-fargate-pods",
        "update",
        ["assume_role_policy"],
    ),
    "gp3 no default": (annotate("gp3", "false"), "StorageClass", "gp3", "update", [DEFAULT_CLASS]),
    "gp2 default again": (annotate("gp2", "true"), "StorageClass", "gp2", "update", [DEFAULT_CLASS]),
}


@pytest.mark.requirement("EKS-23", "EKS-31", "EKS-33", "FARG-06", "IAM-30", "STOR-02", "STOR-03")
@pytest.mark.parametrize("case", MUTATIONS)
def test_changed_behind_our_back(case: str, converged, play: Play, aws: Callable, kubectl: Callable) -> None:
    """The plan of the whole shows exactly what was changed, its stage repairs it, and then there is silence."""
    mutate, kind, name, action, paths = MUTATIONS[case]
    mutate(aws, kubectl)
    plan = play.check().ok()
    assert [(item["kind"], item["object"], item["action"]) for item in plan.done] == [(kind, name, action)]
    if paths is not None:
        assert [change["path"] for change in plan.done[0]["changes"]] == paths
    stage = stage_of(plan.done[0])
    assert play(stage).ok().names() == plan.names()
    assert play(stage).ok().operations == []


def test_after_all_that_the_whole_is_silent(converged, play: Play) -> None:
    silent = play().ok()
    assert (silent.changed, silent.operations) == (0, [])


@pytest.mark.requirement("STOR-03")
def test_a_class_of_others_is_neither_made_nor_marked(converged, play: Play, kubectl: Callable) -> None:
    """Where there is no gp2, none is made; where there is one, it stays theirs."""
    described = json.loads(kubectl("get", "storageclass", "gp2", "-o", "json").stdout)
    assert "labels" not in described["metadata"]
    assert kubectl("delete", "storageclass", "gp2").returncode == 0
    assert play("playbooks/storage_classes.yml").ok().changed == 0
    assert kubectl("get", "storageclass", "gp2").returncode != 0


@pytest.mark.requirement("FARG-01", "EKS-25")
@pytest.mark.parametrize("operation", ["eks:CreateFargateProfile", "eks:CreateAddon", "eks:CreateNodegroup"])
def test_a_part_that_fails_ends_the_run_within_seconds(operation: str, empty, play: Play, aws: Callable) -> None:
    """The run ends within 5 s of the failed state, with the service's reason."""
    reason = "Cannot do this today"
    empty.add_fault("fail", operation=operation, reason=reason)
    started = play.start()
    look = {
        "eks:CreateFargateProfile": ("fargate_profile", "fargateProfileNames"),
        "eks:CreateAddon": ("addon", "addons"),
        "eks:CreateNodegroup": ("nodegroup", "nodegroups"),
    }[operation]
    until_failed(aws("eks"), *look)
    failed = time.monotonic()
    run = started.finish()
    assert time.monotonic() - failed < 5
    assert run.rc != 0
    assert reason in run.output


def until_failed(eks, noun: str, names: str) -> None:
    """Wait until a part of the cluster is in state CREATE_FAILED."""
    options = {"fargate_profile": "fargateProfileName", "addon": "addonName", "nodegroup": "nodegroupName"}

    def look() -> bool:
        try:
            found = getattr(eks, f"list_{noun}s")(clusterName=CLUSTER)[names]
        except eks.exceptions.ResourceNotFoundException:
            return False
        for name in found:
            part = getattr(eks, f"describe_{noun}")(clusterName=CLUSTER, **{options[noun]: name})
            if any(value.get("status") == "CREATE_FAILED" for value in part.values()):
                return True
        return False

    for _ in range(4):
        try:
            until(look)
        except AssertionError:
            continue
        return
    raise AssertionError("nothing failed")
