"""A converged account's identities: what changed behind our back is seen exactly and repaired exactly; choices."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from end_to_end.harness import Play, stage_of

ACCOUNT = "236122835646"
ROLE, POLICY = "svc-odc-data-reader", f"arn:aws:iam::{ACCOUNT}:policy/svc-odc-data-reader-read-policy"
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
EVERYBODY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
)


def provider(aws) -> str:
    """The ARN of the cluster's provider."""
    (one,) = aws("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return one["Arn"]


# what was changed -> (how, kind, path of the only change)
MUTATIONS: dict[str, tuple[Callable, str, str]] = {
    "role trust": (
        lambda iam, _aws: iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=EVERYBODY),
        "iam_role",
        "assume_role_policy",
    ),
    "policy version by hand": (
        lambda iam, _aws: iam.create_policy_version(PolicyArn=POLICY, PolicyDocument=EVERYTHING, SetAsDefault=True),
        "iam_policy",
        "document",
    ),
    "policy taken away": (
        lambda iam, _aws: iam.detach_role_policy(RoleName=ROLE, PolicyArn=POLICY),
        "iam_role",
        "managed_policies",
    ),
    "policy added": (
        lambda iam, _aws: iam.attach_role_policy(
            RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        "iam_role",
        "managed_policies",
    ),
    "audience added": (
        lambda iam, aws: iam.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=provider(aws), ClientID="theirs"
        ),
        "iam_oidc_provider",
        "audiences",
    ),
}


@pytest.mark.requirement("GEN-10", "IAM-02", "IAM-03")
@pytest.mark.parametrize("case", MUTATIONS)
def test_changed_behind_our_back(case: str, converged, play: Play, aws) -> None:
    mutate, kind, path = MUTATIONS[case]
    mutate(aws("iam"), aws)
    plan = play.check().ok()
    assert [(item["kind"], item["action"]) for item in plan.done] == [(kind, "update")]
    assert [change["path"] for change in plan.done[0]["changes"]] == [path]
    stage = stage_of(plan.done[0])
    assert play(stage).ok().names() == plan.names()
    assert play.check(["dev"], stage).ok().done == []


@pytest.mark.requirement("IAM-04", "IAM-32")
def test_an_annotation_changed_behind_our_back(converged, play: Play, kubectl, kubectl_json) -> None:
    wrong = "eks.amazonaws.com/role-arn=arn:aws:iam::111122223333:role/theirs"
    assert kubectl("annotate", "serviceaccount", "terria-sa", "-n", "terria", "--overwrite", wrong).returncode == 0
    assert kubectl("annotate", "serviceaccount", "terria-sa", "-n", "terria", "theirs=stays").returncode == 0
    plan = play.check(["dev"], "playbooks/workloads.yml").ok()
    assert [(item["object"], item["action"]) for item in plan.done] == [("terria/terria-sa", "update")]
    assert [one["path"] for one in plan.done[0]["changes"]] == ["metadata.annotations.eks.amazonaws.com/role-arn"]
    assert play("playbooks/workloads.yml").ok().names() == plan.names()
    annotations = kubectl_json("serviceaccount", "terria-sa", "-n", "terria")["metadata"]["annotations"]
    assert annotations == {
        "eks.amazonaws.com/role-arn": f"arn:aws:iam::{ACCOUNT}:role/iam-role-for-terria-sa",
        "theirs": "stays",
    }


@pytest.mark.requirement("IAM-05", "ENV-36", "CONF-03")
def test_pod_identity_for_one_role_and_back(converged, play: Play, aws, kubectl_json) -> None:
    """Trust, association and annotation go together; back to IRSA the association waits for its word."""
    choice = ("-e", json.dumps({"piksel_identity_overrides": {"terria": {"backend": "pod_identity"}}}))
    plan = play.check(["dev"], "site.yml", *choice).ok()
    run = play("site.yml", ["dev"], *choice).ok()
    assert run.names() == plan.names()
    assert sorted((item["action"], item["kind"], item["key"]) for item in run.done) == [
        ("create", "eks_pod_identity_association", "irsa.terria.terria-sa"),
        ("update", "ServiceAccount", "irsa.terria.terria-sa"),
        ("update", "iam_role", "irsa.terria"),
    ]
    eks = aws("eks")
    (found,) = eks.list_pod_identity_associations(clusterName="piksel-dev")["associations"]
    assert (found["namespace"], found["serviceAccount"]) == ("terria", "terria-sa")
    metadata = kubectl_json("serviceaccount", "terria-sa", "-n", "terria")["metadata"]
    assert "eks.amazonaws.com/role-arn" not in metadata.get("annotations", {})
    assert play("site.yml", ["dev"], *choice).ok().done == []

    word = "delete:eks_pod_identity_association/irsa.terria.terria-sa"
    back = play().ok()
    assert [item["consent"] for item in back.operations if item.get("held")] == [word]
    gone = play("site.yml", ["dev"], "-e", json.dumps({"piksel_consent": [word]})).ok()
    assert [(item["action"], item["kind"]) for item in gone.done] == [("delete", "eks_pod_identity_association")]
    assert play().ok().operations == []


@pytest.mark.requirement("IAM-06", "CONF-16")
def test_a_switched_off_identity_waits_to_go_and_its_names_can_be_changed(converged, play: Play) -> None:
    off = {"piksel_grafana_enabled": False, "piksel_policy_overrides": {"terria": {"name": "PikselTerriaPolicy"}}}
    plan = play.check(["dev"], "site.yml", "-e", json.dumps(off)).ok()
    assert sorted(item["consent"] for item in plan.operations if item.get("held")) == [
        "delete:Secret/secrets.grafana_admin.monitoring",
        "delete:Secret/secrets.grafana_oauth.monitoring",
        "delete:iam_policy/irsa.grafana",
        "delete:iam_policy/irsa.terria",
        "delete:iam_role/irsa.grafana",
        "delete:secret/secrets.grafana_admin_password",
        "delete:secret/secrets.grafana_oauth",
    ]
    assert sorted((item["action"], item["kind"], item["object"]) for item in plan.done) == [
        ("create", "iam_policy", "PikselTerriaPolicy"),
        ("update", "iam_role", "iam-role-for-terria-sa"),
    ]
