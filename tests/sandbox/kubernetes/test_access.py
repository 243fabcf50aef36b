"""EKS tokens, access entries and access policies against a real API server."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml

from piksel_sandbox.kubernetes import identity
from piksel_sandbox.kubernetes.access_policies import allowing_policy
from piksel_sandbox.kubernetes.identity import Principal
from sandbox.kubernetes.support import ACCOUNT, POLICY, Cluster, Model, make_role, session_arn, wait_for

SSO_PATH = "/aws-reserved/sso.amazonaws.com/ap-southeast-3/"
NAMESPACES = "/api/v1/namespaces"
DEFAULT_CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.mark.requirement("EKS-10", "ACC-05")
def test_an_administrator_with_a_path_may_do_everything(cluster: Cluster, model: Model) -> None:
    """The session's ARN hides the role's path; the entry has it."""
    model.add_entry(make_role("Admin", SSO_PATH), "AmazonEKSClusterAdminPolicy")
    assert cluster.as_caller(session_arn("Admin"), "GET", NAMESPACES)[0] == 200
    assert cluster.as_caller(session_arn("Admin"), "GET", "/metrics")[0] == 200
    status, answer = cluster.as_caller(
        session_arn("Admin"), "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
    )  # fmt: skip
    user = answer["status"]["userInfo"]
    assert status == 201
    assert user["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/someone-example.org"
    assert user["uid"] == f"aws-iam-authenticator:{ACCOUNT}:AROATEST"
    assert user["extra"]["arn"] == [session_arn("Admin")]
    assert user["extra"]["canonicalArn"] == [f"arn:aws:iam::{ACCOUNT}:role{SSO_PATH}Admin"]
    assert user["extra"]["accessKeyId"] == ["ASIATEST"]


def test_without_an_entry_the_answer_is_401(cluster: Cluster, model: Model) -> None:
    """Also with the entry of another role, or one that lacks the path; and for no token at all."""
    make_role("Stranger", "/team/")
    model.add_entry(f"arn:aws:iam::{ACCOUNT}:role/Stranger", "AmazonEKSClusterAdminPolicy")
    assert cluster.as_caller(session_arn("Stranger"), "GET", NAMESPACES)[0] == 401
    assert cluster.as_caller(session_arn("Missing"), "GET", NAMESPACES)[0] == 401


def test_a_token_for_another_cluster_is_refused(cluster: Cluster, model: Model) -> None:
    """Its signature does not cover this cluster's name."""
    model.add_entry(make_role("Elsewhere"), "AmazonEKSClusterAdminPolicy")
    assert cluster.as_caller(session_arn("Elsewhere"), "GET", NAMESPACES, cluster="another")[0] == 401


def test_an_entry_without_policy_may_do_nothing(cluster: Cluster, model: Model) -> None:
    """Known, so 403."""
    model.add_entry(make_role("Bare"))
    status, answer = cluster.as_caller(session_arn("Bare"), "GET", NAMESPACES)
    assert status == 403
    assert "Admin" not in answer["message"]


def test_a_scope_ends_at_its_namespaces(cluster: Cluster, model: Model) -> None:
    """Wildcards count; a cluster-wide list is outside."""
    model.add_entry(make_role("Scoped"), "AmazonEKSEditPolicy", namespaces=("scoped-*",))
    cluster.make_namespace("scoped-a")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}

    def status(method: str, path: str, content: Any = None) -> int:
        return cluster.as_caller(session_arn("Scoped"), method, path, content)[0]

    assert status("POST", "/api/v1/namespaces/scoped-a/configmaps", body) == 201
    assert status("GET", "/api/v1/namespaces/scoped-a") == 200
    assert status("POST", DEFAULT_CONFIG_MAPS, body) == 403
    assert status("GET", DEFAULT_CONFIG_MAPS) == 403
    assert status("GET", "/api/v1/configmaps") == 403
    assert status("GET", NAMESPACES) == 403
    assert status("GET", "/api/v1/nodes") == 403


def test_a_removed_entry_is_refused_soon(cluster: Cluster, model: Model) -> None:
    """Within 4 s, although the API server itself remembers a good token for 10 s; then the token is unknown."""
    model.add_entry(make_role("Leaver"), "AmazonEKSClusterAdminPolicy")
    assert cluster.as_caller(session_arn("Leaver"), "GET", NAMESPACES)[0] == 200
    model.entry_list.clear()
    began = time.monotonic()
    assert wait_for(lambda: cluster.as_caller(session_arn("Leaver"), "GET", NAMESPACES)[0] in (401, 403), 12)
    assert time.monotonic() - began < 4
    assert wait_for(lambda: cluster.as_caller(session_arn("Leaver"), "GET", NAMESPACES)[0] == 401, 15)


def test_groups_meet_rbac(cluster: Cluster, model: Model) -> None:
    """An entry's Kubernetes groups are subjects of bindings; system:masters is one that EKS would refuse earlier."""
    model.add_entry(make_role("Grouped"), kubernetesGroups=["readers"], username="reader:{{SessionName}}")
    cluster.admin.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "readers"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "readers"}],
        }
    )
    assert cluster.as_caller(session_arn("Grouped"), "GET", DEFAULT_CONFIG_MAPS)[0] == 200
    assert cluster.as_caller(session_arn("Grouped"), "GET", "/api/v1/secrets")[0] == 403


def test_impersonation_leaves_policies_behind(cluster: Cluster, model: Model) -> None:
    """Whom one impersonates has RBAC only."""
    model.add_entry(make_role("Actor"), "AmazonEKSClusterAdminPolicy")
    status, _ = cluster.as_caller(session_arn("Actor"), "GET", NAMESPACES, **{"Impersonate-User": "nobody"})
    assert status == 403


@pytest.mark.requirement("EKS-09")
def test_aws_auth_counts_in_the_modes_that_read_it(cluster: Cluster, model: Model) -> None:
    """aws-auth names roles without their path."""
    make_role("Mapped", "/team/")
    row = {"rolearn": f"arn:aws:iam::{ACCOUNT}:role/Mapped", "username": "mapped", "groups": ["system:masters"]}
    cluster.admin.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "aws-auth", "namespace": "kube-system"},
            "data": {"mapRoles": yaml.safe_dump([row])},
        }
    )
    assert cluster.as_caller(session_arn("Mapped"), "GET", NAMESPACES)[0] == 401
    model.mode = "API_AND_CONFIG_MAP"
    assert cluster.as_caller(session_arn("Mapped"), "GET", NAMESPACES)[0] == 200


def request(verb: str, resource: str, group: str = "", namespace: str = "app", subresource: str = "") -> dict[str, Any]:
    """Spec of a SubjectAccessReview."""
    attributes = {"verb": verb, "resource": resource, "group": group, "namespace": namespace}
    return {"resourceAttributes": attributes | ({"subresource": subresource} if subresource else {})}


@pytest.mark.parametrize(
    ("policy", "spec", "is_allowed"),
    [
        ("AmazonEKSViewPolicy", request("get", "pods"), True),
        ("AmazonEKSViewPolicy", request("get", "secrets"), False),
        ("AmazonEKSViewPolicy", request("create", "pods"), False),
        ("AmazonEKSViewPolicy", request("list", "deployments", "apps"), True),
        ("AmazonEKSViewPolicy", request("get", "pods", subresource="log"), True),
        ("AmazonEKSViewPolicy", request("get", "pods", subresource="exec"), False),
        ("AmazonEKSEditPolicy", request("create", "secrets"), True),
        ("AmazonEKSEditPolicy", request("patch", "deployments", "apps", subresource="scale"), True),
        ("AmazonEKSEditPolicy", request("create", "roles", "rbac.authorization.k8s.io"), False),
        ("AmazonEKSAdminPolicy", request("create", "roles", "rbac.authorization.k8s.io"), True),
        ("AmazonEKSAdminPolicy", request("create", "namespaces"), False),
        ("AmazonEKSAdminPolicy", request("get", "customs", "example.org"), False),
        ("AmazonEKSAdminViewPolicy", request("get", "customs", "example.org"), True),
        ("AmazonEKSAdminViewPolicy", request("list", "secrets"), True),
        ("AmazonEKSAdminViewPolicy", request("delete", "secrets"), False),
        ("AmazonEKSClusterAdminPolicy", request("escalate", "clusterroles", "rbac.authorization.k8s.io"), True),
        ("AmazonEKSClusterAdminPolicy", {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}, True),
        ("AmazonEKSAdminViewPolicy", {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}, False),
        ("NoSuchPolicy", request("get", "pods"), False),
    ],
)
def test_policy_rules(policy: str, spec: dict[str, Any], is_allowed: bool) -> None:
    """Each policy allows what its table says."""
    associated = [{"policyArn": POLICY + policy, "accessScope": {"type": "cluster", "namespaces": []}}]
    assert allowing_policy(associated, spec) == (policy if is_allowed else None)


@pytest.mark.parametrize(
    ("namespaces", "namespace", "is_allowed"),
    [
        (["app"], "app", True),
        (["app"], "apps", False),
        (["app-*"], "app-x", True),
        (["*"], "", False),
        ([], "app", False),
    ],
)
def test_policy_scopes(namespaces: list[str], namespace: str, is_allowed: bool) -> None:
    """A namespaced scope never covers what has no namespace."""
    scope = {"type": "namespace", "namespaces": namespaces}
    associated = [{"policyArn": f"{POLICY}AmazonEKSClusterAdminPolicy", "accessScope": scope}]
    assert bool(allowing_policy(associated, request("get", "pods", namespace=namespace))) == is_allowed


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        (
            "arn:aws:sts::1:assumed-role/R/s/t",
            Principal("arn:aws:iam::1:role/p/R", "1", "s/t"),
        ),
        ("arn:aws:iam::1:user/team/me", Principal("arn:aws:iam::1:user/team/me", "1")),
        ("arn:aws:iam::1:root", Principal("arn:aws:iam::1:root", "1")),
        ("arn:aws:sts::1:federated-user/me", None),
        ("nonsense", None),
    ],
)
def test_principals(caller: str, principal: Principal | None) -> None:
    """From GetCallerIdentity's ARN to the principal's own."""
    assert identity.principal_of(caller, lambda account, name: f"arn:aws:iam::{account}:role/p/{name}") == principal


def test_a_deleted_role_is_nobody() -> None:
    """Its entry, which may still stand, helps nobody."""
    assert identity.principal_of("arn:aws:sts::1:assumed-role/R/s", lambda account, name: None) is None


def test_default_user_names() -> None:
    """As CreateAccessEntry fills them in."""
    assert identity.default_username(Principal("arn:aws:iam::1:user/team/me", "1")) == "arn:aws:iam::1:user/team/me"
    role = Principal("arn:aws:iam::1:role/p/R", "1", "a@b")
    assert identity.default_username(role) == "arn:aws:sts::1:assumed-role/R/{{SessionName}}"
    assert identity.fill("{{AccountID}}:{{SessionName}}:{{SessionNameRaw}}", role) == "1:a-b:a@b"
