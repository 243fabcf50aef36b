"""Add-ons meet fields of others: the self-managed ones that a cluster comes with, and what somebody changed since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from piksel_sandbox.kubernetes import addon_conflicts, bootstrap, control_planes
from piksel_sandbox.kubernetes.client import object_path
from sandbox.kubernetes.support import ACCOUNT, REGION, Cluster, ClusterRef, Model, addon, wait_for, wait_settled

SELF_MANAGED = [
    {"addonName": name, "addonVersion": "v1.0.0-eksbuild.1"} for name in ("vpc-cni", "kube-proxy", "coredns")
]
APPS = "/apis/apps/v1/namespaces/kube-system"
DNS_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "coredns", "namespace": "kube-system"},
}
MINE = ".:53 { log }"
IMAGE = '.spec.template.spec.containers[name="coredns"].image'


@pytest.fixture(autouse=True)
def _empty_afterwards(cluster: Cluster, model: Model) -> Iterator[None]:
    """Every test ends with managed add-ons that took over all, and leaves with their objects."""
    yield
    model.addon_list = [addon(item["addonName"]) for item in SELF_MANAGED]
    assert carried_out(cluster, model) == [[], [], []]
    model.clear()
    control_planes.changed(cluster.ref)
    assert wait_for(lambda: not cluster.pods("kube-system") and not cluster.items(f"{APPS}/daemonsets"), 20)


def carried_out(cluster: Cluster, model: Model) -> list[list[dict[str, Any]] | None]:
    """The outcomes of the add-ons' changes, once all are known."""
    control_planes.changed(cluster.ref)

    def outcomes() -> list[list[dict[str, Any]] | None]:
        return [
            control_planes.addon_outcome(cluster.ref, row["addonName"], row["change"]["id"]) for row in model.addon_list
        ]

    wait_for(lambda: None not in outcomes())
    return outcomes()


def put(cluster: Cluster, model: Model, policy: str, version: str = "v1.0.0-eksbuild.1", **values: Any) -> Any:
    """Creates or updates the managed CoreDNS; its outcome."""
    model.addon_list = [{**addon("coredns", policy, **values), "addonVersion": version}]
    return carried_out(cluster, model)[0]


def edit_corefile(cluster: Cluster, text: str = MINE) -> None:
    """Changes the Corefile as `kubectl edit` does."""
    cluster.admin.request(
        "PATCH", object_path(DNS_MAP), {"data": {"Corefile": text}}, "application/merge-patch+json",
        fieldManager="kubectl-edit",
    )  # fmt: skip


def corefile(cluster: Cluster) -> str:
    """The Corefile."""
    return str((cluster.admin.get(object_path(DNS_MAP)) or {})["data"]["Corefile"])


def deployment(cluster: Cluster) -> dict[str, Any]:
    """CoreDNS's Deployment."""
    return cluster.admin.get(f"{APPS}/deployments/coredns") or {}


def image(cluster: Cluster) -> str:
    """The tag of CoreDNS's image."""
    return str(deployment(cluster)["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2])


def managers(cluster: Cluster) -> set[str]:
    """Who has fields of CoreDNS's Deployment, but for the controllers."""
    entries = deployment(cluster)["metadata"]["managedFields"]
    return {entry["manager"] for entry in entries if entry.get("subresource") != "status"} - {"kube-controller-manager"}


@pytest.fixture
def bootstrapped(cluster: Cluster) -> Cluster:
    """The cluster as EKS hands it over."""
    bootstrap.install_self_managed(cluster.admin, cluster.ref, SELF_MANAGED)
    return cluster


def test_a_new_cluster_comes_with_self_managed_addons(cluster: Cluster, model: Model) -> None:
    """They are there at READY; pods wait for compute, and daemons have none without nodes."""
    ref = ClusterRef(ACCOUNT, REGION, "bootstrapped", "0123456789abcdef")
    issuer = f"https://oidc.eks.{REGION}.amazonaws.com/id/BOOTSTRAPPED"
    control_planes.start(ref, "1.36", issuer, None, SELF_MANAGED)
    try:
        assert wait_settled(ref) == "READY", control_planes.failure(ref)
        fresh = Cluster(ref, cluster.folder.parent / ref.slug)
        assert {item["metadata"]["name"] for item in fresh.items(f"{APPS}/daemonsets")} == {"aws-node", "kube-proxy"}
        assert {item["metadata"]["name"] for item in fresh.items(f"{APPS}/deployments")} == {"coredns"}
        assert fresh.admin.get("/api/v1/namespaces/kube-system/services/kube-dns")
        assert image(fresh) == "v1.0.0-eksbuild.1"
        assert wait_for(lambda: len(fresh.pods("kube-system")) == 2)
        assert {pod["status"]["phase"] for pod in fresh.pods("kube-system").values()} == {"Pending"}
    finally:
        control_planes.stop(ref)
        bootstrap.install_self_managed(cluster.admin, cluster.ref, SELF_MANAGED)


def test_one_that_does_not_differ_is_adopted_without_a_conflict(bootstrapped: Cluster, model: Model) -> None:
    """NONE suffices, and from then on EKS alone manages it."""
    assert put(bootstrapped, model, "NONE") == []
    assert managers(bootstrapped) == {"eks"}
    assert put(bootstrapped, model, "NONE", "v2.0.0-eksbuild.1", replicaCount=3) == []
    assert (image(bootstrapped), deployment(bootstrapped)["spec"]["replicas"]) == ("v2.0.0-eksbuild.1", 3)


@pytest.mark.requirement("EKS-23")
def test_a_creation_that_respects_conflicts_tells_every_field(bootstrapped: Cluster, model: Model) -> None:
    """Another version than the self-managed one, and somebody's change; nothing is written."""
    edit_corefile(bootstrapped)
    (issue,) = put(bootstrapped, model, "NONE", "v2.0.0-eksbuild.1")
    assert (issue["code"], issue["resourceIds"]) == ("ConfigurationConflict", [])
    assert issue["message"].splitlines() == [
        "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts:",
        "ConfigMap coredns - .data.Corefile",
        f"Deployment.apps coredns - {IMAGE}",
    ]
    assert (image(bootstrapped), corefile(bootstrapped)) == ("v1.0.0-eksbuild.1", MINE)
    assert managers(bootstrapped) == {bootstrap.SELF_MANAGED}


@pytest.mark.requirement("EKS-23")
def test_a_creation_that_overwrites_takes_over(bootstrapped: Cluster, model: Model) -> None:
    """The same as above, and all is as EKS has it; deleted again, the objects go."""
    edit_corefile(bootstrapped)
    assert put(bootstrapped, model, "OVERWRITE", "v2.0.0-eksbuild.1") == []
    assert (image(bootstrapped), corefile(bootstrapped) == MINE) == ("v2.0.0-eksbuild.1", False)
    assert managers(bootstrapped) == {"eks"}
    model.clear()
    control_planes.changed(bootstrapped.ref)
    assert wait_for(lambda: not bootstrapped.items(f"{APPS}/deployments"))


@pytest.mark.parametrize(
    ("policy", "conflicts", "kept"), [("NONE", 1, True), ("PRESERVE", 0, True), ("OVERWRITE", 0, False)]
)
@pytest.mark.requirement("EKS-24")
def test_an_update_resolves_conflicts_as_it_is_told(
    cluster: Cluster, model: Model, policy: str, conflicts: int, kept: bool
) -> None:
    """NONE changes nothing at all, PRESERVE all but the edited field, OVERWRITE puts it back."""
    assert put(cluster, model, "NONE") == []
    edit_corefile(cluster)
    issues = put(cluster, model, policy, "v2.0.0-eksbuild.1")
    assert [issue["message"].splitlines()[1:] for issue in issues] == [
        ["ConfigMap coredns - .data.Corefile"]
    ] * conflicts
    assert (corefile(cluster) == MINE) is kept
    assert image(cluster) == ("v1.0.0-eksbuild.1" if conflicts else "v2.0.0-eksbuild.1")


def test_what_was_preserved_stays_preserved(cluster: Cluster, model: Model) -> None:
    """A number of pods that somebody scaled to, through two updates; without a new value there is no conflict."""
    assert put(cluster, model, "NONE") == []
    path = f"{APPS}/deployments/coredns/scale"
    cluster.admin.request(
        "PATCH", path, {"spec": {"replicas": 5}}, "application/merge-patch+json", fieldManager="kubectl"
    )
    for version in ("v2.0.0-eksbuild.1", "v3.0.0-eksbuild.1"):
        assert put(cluster, model, "PRESERVE", version) == []
        assert (image(cluster), deployment(cluster)["spec"]["replicas"]) == (version, 5)
    assert put(cluster, model, "NONE", replicaCount=5) == []
    (issue,) = put(cluster, model, "NONE", replicaCount=4)
    assert issue["message"].endswith("Deployment.apps coredns - .spec.replicas")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"resources": {"requests": {"cpu": "much"}}}, "quantities must match"),
        ({"replicaCount": -1}, "must be greater than or equal to 0"),
    ],
)
def test_an_object_that_kubernetes_refuses_ends_the_change(
    cluster: Cluster, model: Model, values: dict[str, Any], words: str
) -> None:
    """Configuration that fits the schema of the add-on but not that of the object."""
    (issue,) = put(cluster, model, "OVERWRITE", **values)
    assert issue["code"] == "AdmissionRequestDenied"
    assert words in issue["message"]


def test_a_manifest_without_fields_says_the_rest() -> None:
    """Paths of server-side apply: names with dots, items by key or value, and what is not there."""
    manifest = {
        "metadata": {"annotations": {"a": "1", "a.b/c": "2", "a.b": "3"}, "finalizers": ["x", "y"]},
        "spec": {
            "containers": [
                {"name": "one", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 53, "name": "dns"}]}
            ]
        },
    }
    kept = addon_conflicts.without(
        manifest,
        (
            ".metadata.annotations.a.b/c",
            '.metadata.finalizers[="x"]',
            '.spec.containers[name="one"].env[name="A"].value',
            '.spec.containers[name="one"].ports[containerPort=53,protocol="TCP"]',
            '.spec.containers[name="two"].image',
            ".spec.replicas",
        ),
    )
    assert kept == {
        "metadata": {"annotations": {"a": "1", "a.b": "3"}, "finalizers": ["y"]},
        "spec": {"containers": [{"name": "one", "env": [{"name": "A"}], "ports": []}]},
    }
    assert manifest["metadata"]["finalizers"] == ["x", "y"]
