"""The plan of Kubernetes objects, kind by kind, against the API server's own dry run."""

from __future__ import annotations

import base64
import copy
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from ansible_collections.piksel.platform.plugins.module_utils import clients as aws_clients
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_client, kubernetes_objects
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_compare import FIELD_MANAGER
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_manifests import validated

from end_to_end.conftest import REGION
from end_to_end.harness import Play, Run
from end_to_end.kubernetes_kinds import KINDS

CLUSTER = "piksel-dev"
SCOPE = "kinds"
SAME = ("operations", "held", "resources", "diff", "changed")
CHANGES = [(kind, name) for kind, entry in KINDS.items() for name in entry.changes]
APPLICATIONS = {"piksel_grafana_enabled": True, "piksel_oauth_domain": None}
WANTED = {name: entry.manifest for name, entry in KINDS.items()}


@pytest.fixture(scope="module")
def everything(converged, play: Play) -> Run:
    """The plan of an account that is still empty, of the same architecture as dev and with dev's applications."""
    return play.check(["staging"], "site.yml", "-e", json.dumps(APPLICATIONS)).ok()


@pytest.fixture(scope="module")
def clients(converged, env: dict[str, str]) -> Iterator[aws_clients.Clients]:
    """The operator's clients of a converged dev, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ENDPOINT_URL"):
            patch.setenv(name, env[name])
        yield aws_clients.Clients(profile="dev-piksel", region=REGION, endpoint_url=env["AWS_ENDPOINT_URL"])


@pytest.fixture(scope="module")
def run(clients: aws_clients.Clients) -> Callable:
    """Runs the module's code: ``run(objects, check=False)``."""

    def call(objects: dict, check: bool = False, **more) -> dict:
        params = {
            "cluster_name": CLUSTER,
            "scope": SCOPE,
            "objects": objects,
            "orphan_kinds": [],
            "consent": [],
            **more,
        }
        return kubernetes_objects.run(json.loads(json.dumps(params)), check, clients)

    return call


@pytest.fixture(scope="module")
def cluster(clients: aws_clients.Clients) -> kubernetes_client.Cluster:
    """A client of the cluster."""
    return kubernetes_client.connect(clients, CLUSTER, check_mode=False)


@pytest.fixture(scope="module")
def patch(cluster: kubernetes_client.Cluster, clients: aws_clients.Clients, tmp_path_factory) -> Callable:
    """``patch(path, body)``: a merge patch by somebody else; kubectl would sign a token for each of them."""
    authority = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.write_bytes(base64.b64decode(cluster.authority))
    session = requests.Session()
    # REQUESTS_CA_BUNDLE of the machine would win over what is said here.
    session.trust_env = False
    session.verify = str(authority)
    session.headers["Authorization"] = f"Bearer {kubernetes_client.token(clients, CLUSTER)}"
    session.headers["Content-Type"] = "application/merge-patch+json"

    def call(path: str, body: dict) -> None:
        answer = session.patch(f"{cluster.endpoint}{path}?fieldManager=somebody", data=json.dumps(body), timeout=30)
        assert answer.ok, answer.text

    return call


@pytest.fixture(scope="module")
def made(run: Callable) -> None:
    """An object of each kind, as the platform applies it."""
    planned = run(WANTED, check=True)
    assert len(planned["operations"]) == len(WANTED)
    assert run(WANTED)["operations"] == planned["operations"]


def bare(live: dict) -> dict:
    """A live object without what every write changes, and without what controllers write meanwhile."""
    result = {name: value for name, value in copy.deepcopy(live).items() if name != "status"}
    result["metadata"].get("annotations", {}).pop("deployment.kubernetes.io/revision", None)
    for name in ("managedFields", "resourceVersion", "generation"):
        result["metadata"].pop(name, None)
    return result


def at(value: dict, path: str) -> object:
    """The value at a plain dotted path, None where there is none."""
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


@pytest.fixture(scope="module")
def path_of(cluster: kubernetes_client.Cluster) -> Callable:
    """The API path of a kind's object."""

    def call(kind: str) -> str:
        wanted = KINDS[kind].manifest
        plural = cluster.kinds(wanted["apiVersion"], again=True)[wanted["kind"]]["name"]
        place = wanted["metadata"].get("namespace"), wanted["metadata"]["name"]
        return kubernetes_objects.object_path(wanted["apiVersion"], plural, *place)

    return call


@pytest.fixture
def dry_run(cluster: kubernetes_client.Cluster, path_of: Callable) -> Callable:
    """``dry_run(kind)``: the live object, and what the server says an apply of the manifest would make of it."""

    def call(kind: str) -> tuple[dict, dict]:
        (entry,) = validated({kind: KINDS[kind].manifest}, SCOPE)
        live = bare(cluster.get(path_of(kind), kind))
        return live, bare(cluster.apply(path_of(kind), kind, entry.manifest, FIELD_MANAGER, dry_run=True))

    return call


@pytest.mark.requirement("GEN-10")
def test_a_second_run_is_silent_and_fast(made: None, converged, run: Callable) -> None:
    """No operation, no write; and some thirty objects are compared in less than half a second."""
    converged.clear_calls()
    spans = []
    for _ in range(3):
        began = time.monotonic()
        result = run(WANTED)
        spans.append(time.monotonic() - began)
        assert (result["operations"], result["held"]) == ([], [])
    assert converged.calls(writes=True) == []
    assert min(spans) < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_what_the_server_says_too(kind: str, made: None, dry_run: Callable) -> None:
    """Where the plan finds nothing, an apply would change nothing."""
    live, applied = dry_run(kind)
    assert live == applied


@pytest.mark.requirement("GEN-10")
@pytest.mark.parametrize(("kind", "name"), CHANGES)
def test_changed_behind_our_back(
    kind: str, name: str, made: None, run: Callable, dry_run: Callable, patch: Callable, path_of: Callable
) -> None:
    """The plan shows exactly the paths that were changed, agrees with the server, and the run repairs them."""
    change = KINDS[kind].changes[name]
    patch(path_of(kind), change.patch)

    planned = run(WANTED, check=True)
    shown = [item["path"] for operation in planned["operations"] for item in operation["changes"]]
    live, applied = dry_run(kind)
    assert shown == list(change.paths)
    assert (live != applied) == bool(change.paths)
    for path in change.paths:
        if "[" not in path and "(" not in path and kind != "ResourceQuota":
            assert at(live, path) != at(applied, path)

    assert run(WANTED)["operations"] == planned["operations"]
    live, applied = dry_run(kind)
    assert live == applied
    assert run(WANTED, check=True)["operations"] == []


def test_as_a_module_it_is_the_same(made: None, play: Play, tmp_path: Path) -> None:
    """Inside the controller and as an ordinary module the same comes out, for objects and for the kubeconfig."""
    connection = {"profile": "dev-piksel", "region": REGION, "cluster_name": CLUSTER}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "never-made"}}
    tasks = []
    for name, options in {
        "k8s_objects": {**connection, "scope": "as_module", "objects": [namespace]},
        "eks_kubeconfig": {**connection, "path": str(tmp_path / "config")},
    }.items():
        call = {f"piksel.platform.{name}": options, "check_mode": True, "diff": True}
        tasks += [
            {**call, "register": "inside"},
            # A task's environment cannot reach the controller's process, so this one runs as a module.
            {**call, "register": "outside", "environment": {"PIKSEL_TEST": "1"}},
            {"ansible.builtin.assert": {"that": [f"inside.{part} == outside.{part}" for part in SAME]}},
            {"ansible.builtin.assert": {"that": ["inside is changed"]}},
        ]
    book = tmp_path / "book.yml"
    book.write_text(json.dumps([{"hosts": "spokes", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    play(str(book)).ok()


def test_a_namespace_goes_only_with_the_longer_word(made: None, run: Callable, kubectl: Callable) -> None:
    """What is no longer wanted is held; the word for a namespace says that its contents go too, and then they do."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "leaving"}}
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "inside", "namespace": "leaving"}}
    run({"old": namespace, "inside": settings}, scope="leaving")
    more = {"scope": "leaving", "orphan_kinds": [{"api_version": "v1", "kind": "Namespace"}]}
    (held,) = run({}, consent=["delete:Namespace/leaving.old"], **more)["held"]
    assert held["consent"] == "delete:Namespace/leaving.old/with-contents-of/leaving"
    assert kubectl("get", "configmap", "inside", "-n", "leaving").returncode == 0
    assert [item["action"] for item in run({}, consent=[held["consent"]], **more)["operations"]] == ["delete"]
    assert "NotFound" in kubectl("get", "namespace", "leaving").stderr


def test_a_check_knows_that_a_namespace_on_its_way_out_takes_its_contents_along(
    made: None, run: Callable, kubectl: Callable, patch: Callable
) -> None:
    """A run waits for the end of it and makes both anew, so a check of the contents alone plans them."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "going"}}
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "inside", "namespace": "going"}}
    run({"old": namespace, "inside": settings}, scope="going")
    inside = {"inside": settings}
    assert run(inside, check=True, scope="going")["operations"] == []
    patch("/api/v1/namespaces/going/configmaps/inside", {"metadata": {"finalizers": ["example.org/held"]}})
    kubectl("delete", "namespace", "going", "--wait=false")
    planned = run(inside, check=True, scope="going")["operations"]
    assert [(item["action"], item["kind"]) for item in planned] == [("create", "ConfigMap")]
    patch("/api/v1/namespaces/going/configmaps/inside", {"metadata": {"finalizers": None}})


def kinds(plan: Run, api: str) -> set[str]:
    """The kinds of what a plan holds, by API."""
    return {item["kind"] for item in plan.done if item["api"] == api}


def test_a_caller_that_is_not_let_in_yet(made: None, everything: Run, play: Play, aws: Callable) -> None:
    """As after a run that died between cluster and access: a check plans on and says so, a run repairs it."""
    administrator = aws("iam").list_roles(PathPrefix="/aws-reserved/sso.amazonaws.com/")["Roles"][0]["Arn"]
    aws("eks").delete_access_entry(clusterName=CLUSTER, principalArn=administrator)
    alone = play("playbooks/namespaces.yml")
    assert alone.rc != 0
    assert "has no access entry" in alone.output
    plan = play.check().ok()
    assert kinds(plan, "aws") == {"eks_access_entry"}
    assert kinds(plan, "kubernetes") == kinds(everything, "kubernetes")
    assert "planned as if there were none" in plan.output
    assert [item["kind"] for item in play().ok().done] == ["eks_access_entry"]


def test_a_caller_whose_policy_is_missing(made: None, everything: Run, play: Play, aws: Callable) -> None:
    """As after a run that died between entry and policy: a check plans on at once and says what it could not read."""
    administrator = aws("iam").list_roles(PathPrefix="/aws-reserved/sso.amazonaws.com/")["Roles"][0]["Arn"]
    which = {"clusterName": CLUSTER, "principalArn": administrator}
    (policy,) = aws("eks").list_associated_access_policies(**which)["associatedAccessPolicies"]
    aws("eks").disassociate_access_policy(**which, policyArn=policy["policyArn"])
    plan = play.check().ok()
    assert kinds(plan, "aws") == {"eks_access_entry"}
    assert kinds(plan, "kubernetes") == kinds(everything, "kubernetes")
    assert "Could not be read, may exist" in plan.output
    # A run would wait a minute for access that somebody may just have given.
    assert plan.seconds < everything.seconds + kubernetes_client.ACCESS_SETTLES_WITHIN / 2
    assert [item["kind"] for item in play().ok().done] == ["eks_access_entry"]


def test_a_cluster_made_anew_takes_everything_in_it_along(
    made: None, everything: Run, play: Play, aws: Callable
) -> None:
    """The plan of a replacement shows what the new cluster has to get, and who trusts its issuer."""
    consent = '{"piksel_consent": ["replace:eks_cluster/eks_cluster.cluster"]}'
    extra = ["-e", consent, "-e", "eks_cluster_service_cidr=10.99.0.0/16"]
    refused = play.check(("dev",), "site.yml", *extra)
    assert refused.rc != 0
    for part in remove_compute(aws("eks")):
        assert f"EKS will not delete it: it has the {part}. Delete that first" in refused.output
    plan = play.check(("dev",), "site.yml", *extra).ok()
    trusts = [item for item in plan.done if item["kind"] == "iam_role"]
    found = Counter(
        (item["action"], item["kind"]) for item in plan.done if item["kind"] not in ("ec2_tags", "iam_role")
    )
    new = Counter(("create", item["kind"]) for item in everything.done if belongs_to_cluster(item))
    new.update([("replace", "eks_cluster"), ("update", "kubeconfig_context")])
    assert (found - new, new - found) == (Counter(), Counter())
    assert trusts
    assert {(item["action"], item["key"].partition(".")[0]) for item in trusts} == {("update", "irsa")}
    assert {item["cluster"] for item in plan.done if item["api"] == "kubernetes"} == {CLUSTER}


def remove_compute(eks) -> Iterator[str]:
    """Delete what EKS keeps a cluster for, and give the name of each."""
    for group in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]:
        yield f"node group {group}"
        eks.delete_nodegroup(clusterName=CLUSTER, nodegroupName=group)
        eks.get_waiter("nodegroup_deleted").wait(clusterName=CLUSTER, nodegroupName=group, WaiterConfig={"Delay": 1})
    for profile in eks.list_fargate_profiles(clusterName=CLUSTER)["fargateProfileNames"]:
        yield f"Fargate profile {profile}"
        which = {"clusterName": CLUSTER, "fargateProfileName": profile}
        eks.delete_fargate_profile(**which)
        eks.get_waiter("fargate_profile_deleted").wait(**which, WaiterConfig={"Delay": 1})


def belongs_to_cluster(item: dict) -> bool:
    """Whether an object goes with its cluster, or is out of sight without it: what is in it, its parts, the provider of
    its issuer, who may reach the database and what is in that."""
    # Dev has no role in the hub's zones.
    if item["key"].startswith("external_dns."):
        return False
    parts = item["kind"].startswith("eks_") and item["kind"] != "eks_cluster"
    return (
        item["api"] in ("kubernetes", "postgresql")
        or parts
        or item["kind"] in ("iam_oidc_provider", "security_group_rule")
    )


def test_what_left_the_manifest_leaves_the_object(made: None, run: Callable, kubectl_json) -> None:
    """A field that we no longer set is planned as a removal, and removed; a foreign one stays."""
    before = copy.deepcopy(WANTED["ConfigMap"])
    before["metadata"]["name"] = "shrinking"
    after = copy.deepcopy(before)
    del after["data"]["text"]
    run({"map": before}, scope="shrinking")
    planned = run({"map": after}, check=True, scope="shrinking")
    assert [item["path"] for item in planned["operations"][0]["changes"]] == ["data.text"]
    assert run({"map": after}, scope="shrinking")["operations"] == planned["operations"]
    data = kubectl_json("configmap", "shrinking", "-n", before["metadata"]["namespace"])["data"]
    assert data == {"cpu": "1000m", "empty": ""}
    assert run({"map": after}, check=True, scope="shrinking")["operations"] == []
