# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of Kubernetes objects on a server that is a dictionary."""

from __future__ import annotations

import copy
import json
import re
import types

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_objects as objects
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.kubernetes_errors import UnknownCallerError

CORE = {"Namespace": ("namespaces", False), "ConfigMap": ("configmaps", True)}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.x.test"},
    "spec": {
        "group": "x.test",
        "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things"},
        "versions": [{"name": "v1"}],
    },
}


def served(kinds: dict) -> dict:
    return {kind: {"name": name, "kind": kind, "namespaced": spread} for kind, (name, spread) in kinds.items()}


class Server:
    """Keeps objects by API path; an apply makes its fields ours."""

    def __init__(self) -> None:
        self.objects: dict[str, dict] = {}
        self.calls: list[tuple[str, str]] = []
        self.going: list[str] = []
        self.served = {
            "v1": served(CORE),
            "apiextensions.k8s.io/v1": served({"CustomResourceDefinition": ("customresourcedefinitions", False)}),
        }

    def kinds(self, api_version: str, *, again: bool = False) -> dict:
        del again
        return self.served.get(api_version, {})

    def get(self, path: str, _what: str) -> dict | None:
        self.calls.append(("get", path))
        live = self.objects.get(path)
        if path in self.going:
            # What is being deleted is gone at the next look.
            self.going.remove(path)
            del self.objects[path]
        return copy.deepcopy(live)

    def items(self, path: str, _what: str, **query) -> list[dict]:
        self.calls.append(("list", path))
        root, plural = path.rsplit("/", 1)
        pattern = re.compile(rf"{re.escape(root)}(/namespaces/[^/]+)?/{plural}/[^/]+")
        found = [live for place, live in self.objects.items() if pattern.fullmatch(place)]
        label = query["labelSelector"]
        bare = [{name: value for name, value in live.items() if name not in {"kind", "apiVersion"}} for live in found]
        return copy.deepcopy([live for live in bare if label in live["metadata"].get("labels", {})])

    def apply(self, path: str, _what: str, manifest: dict, manager: str) -> dict:
        self.calls.append(("apply", path))
        live = self.objects.setdefault(path, {"metadata": {}})
        merge(live, manifest)
        entry = {"manager": manager, "operation": "Apply", "apiVersion": manifest["apiVersion"]}
        live["metadata"]["managedFields"] = [{**entry, "fieldsV1": fields(manifest)}]
        if manifest["kind"] == "CustomResourceDefinition":
            self.served["x.test/v1"] = served({"Thing": ("things", True)})
        return copy.deepcopy(live)

    def delete(self, path: str, _what: str) -> None:
        self.calls.append(("delete", path))
        del self.objects[path]

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] in {"apply", "delete"}]


def merge(into: dict, more: dict) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            merge(into.setdefault(name, {}), value)
        else:
            into[name] = value


def fields(value: object) -> dict:
    return {f"f:{name}": fields(item) for name, item in value.items()} if isinstance(value, dict) else {}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, server: Server):
    """Runs the module on the server; ``cluster=False`` is an account without cluster."""
    clients = types.SimpleNamespace(account_id="123456789012", known_account_id=None, region="ap-southeast-3")

    def call(wanted: object, check: bool = False, cluster: bool = True, scope: str = "s", **more) -> dict:
        monkeypatch.setattr(objects, "connect", lambda *_arguments: server if cluster else None)
        params = {"cluster_name": "c", "scope": scope, "objects": wanted, "orphan_kinds": [], "consent": [], **more}
        return objects.run(json.loads(json.dumps(params)), check, clients)

    return call


def namespace(name: str, **labels) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def settings(name: str, inside: str, **data) -> dict:
    metadata = {"name": name, "namespace": inside}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def thing(name: str, inside: str) -> dict:
    metadata = {"name": name, "namespace": inside}
    return {"apiVersion": "x.test/v1", "kind": "Thing", "metadata": metadata, "spec": {"size": 1}}


def done(result: dict) -> list[tuple[str, str]]:
    return [(operation["action"], operation["object"]) for operation in result["operations"]]


WHOLE = [thing("t", "a"), settings("c", "a", x="1"), DEFINITION, namespace("a")]


def test_without_a_cluster_everything_is_a_create(run, server: Server) -> None:
    result = run(WHOLE, check=True, cluster=False)
    assert done(result) == [("create", "a"), ("create", "things.x.test"), ("create", "a/c"), ("create", "a/t")]
    assert server.calls == []
    first = result["operations"][0]
    assert (first["api"], first["kind"], first["key"], first["cluster"]) == (
        "kubernetes",
        "Namespace",
        "s.namespace.a",
        "c",
    )


def test_check_mode_plans_what_the_run_does(run, server: Server) -> None:
    planned = run(WHOLE, check=True)
    assert server.writes == []
    assert run(WHOLE)["operations"] == planned["operations"]


def test_foundations_come_first_and_the_second_run_is_silent(run, server: Server) -> None:
    run(WHOLE)
    assert [path for verb, path in server.writes] == [
        "/api/v1/namespaces/a",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.x.test",
        "/api/v1/namespaces/a/configmaps/c",
        "/apis/x.test/v1/namespaces/a/things/t",
    ]
    server.calls.clear()
    result = run(WHOLE)
    assert (result["changed"], result["operations"], result["held"]) == (False, [], [])
    # One list a kind is all that a silent run needs.
    assert {verb for verb, path in server.calls} == {"list"}


def test_only_what_differs_is_applied(run, server: Server) -> None:
    run({"one": namespace("a", x="1"), "two": namespace("b", x="1")})
    server.objects["/api/v1/namespaces/b"]["metadata"]["labels"].update(x="2", theirs="kept")
    server.calls.clear()
    result = run({"one": namespace("a", x="1"), "two": namespace("b", x="1")})
    (operation,) = result["operations"]
    assert operation["key"] == "s.two"
    assert operation["changes"] == [{"path": "metadata.labels.x", "before": "2", "after": "1"}]
    assert server.writes == [("apply", "/api/v1/namespaces/b")]
    assert server.objects["/api/v1/namespaces/b"]["metadata"]["labels"]["theirs"] == "kept"


def test_what_is_there_already_is_adopted_by_its_label(run, server: Server) -> None:
    server.objects["/api/v1/namespaces/a"] = {**namespace("a", x="1"), "status": {"phase": "Active"}}
    (operation,) = run({"one": namespace("a", x="1")})["operations"]
    assert operation["action"] == "update"
    assert [change["path"] for change in operation["changes"]] == ["metadata.labels.piksel-platform/key"]


def test_what_is_no_longer_wanted_is_held(run, server: Server) -> None:
    run([namespace("a"), settings("c", "a"), settings("d", "a")])
    server.calls.clear()
    result = run([namespace("a"), settings("d", "a")])
    (held,) = result["held"]
    assert (held["action"], held["object"], held["consent"]) == ("delete", "a/c", "delete:ConfigMap/s.configmap.a.c")
    assert not result["changed"]
    assert server.writes == []
    result = run([namespace("a"), settings("d", "a")], consent=[held["consent"]])
    assert done(result) == [("delete", "a/c")]
    assert server.writes == [("delete", "/api/v1/namespaces/a/configmaps/c")]
    assert set(result["resources"]) == {"namespace.a", "configmap.a.d"}


def test_other_scopes_are_not_touched(run) -> None:
    run([namespace("a")], scope="one")
    assert run([namespace("b")], scope="two")["held"] == []


def test_deleting_a_namespace_needs_the_longer_word(run, server: Server) -> None:
    run({"old": namespace("a"), "new": namespace("b")})
    result = run({"new": namespace("b")}, consent=["delete:Namespace/s.old"])
    (held,) = result["held"]
    assert held["consent"] == "delete:Namespace/s.old/with-contents-of/a"
    assert "/api/v1/namespaces/a" in server.objects
    run({"new": namespace("b")}, consent=[held["consent"]])
    assert "/api/v1/namespaces/a" not in server.objects


def test_namespaces_of_kubernetes_are_never_deleted(run) -> None:
    run({"system": namespace("kube-system"), "new": namespace("b")})
    assert run({"new": namespace("b")})["held"] == []


def test_orphans_of_further_kinds_are_found_when_asked(run) -> None:
    run([namespace("a"), settings("c", "a")])
    assert run([namespace("a")])["held"] == []
    kinds = [{"api_version": "v1", "kind": "ConfigMap"}, {"api_version": "gone.test/v1", "kind": "Gone"}]
    assert [held["object"] for held in run([namespace("a")], orphan_kinds=kinds)["held"]] == ["a/c"]


def test_what_is_being_deleted_is_waited_for_and_made_anew(run, server: Server) -> None:
    path = "/api/v1/namespaces/a"
    server.objects[path] = {"metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    server.going.append(path)
    assert done(run([namespace("a")], check=True)) == [("create", "a")]
    assert path not in server.objects
    server.objects[path] = {"metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    server.going.append(path)
    assert done(run([namespace("a")])) == [("create", "a")]
    assert "deletionTimestamp" not in server.objects[path]["metadata"]


def test_an_immutable_change_is_held_as_a_replacement(run, server: Server) -> None:
    server.served["rbac.authorization.k8s.io/v1"] = served({"RoleBinding": ("rolebindings", True)})

    def binding(role: str) -> dict:
        metadata = {"name": "r", "namespace": "a"}
        role_ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
        return {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": role_ref,
        }

    run({"r": binding("one")})
    (held,) = run({"r": binding("two")})["held"]
    assert (held["action"], held["changes"][0]["path"]) == ("replace", "roleRef.name")
    server.calls.clear()
    assert done(run({"r": binding("two")}, consent=[held["consent"]])) == [("replace", "a/r")]
    assert [verb for verb, path in server.writes] == ["delete", "apply"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([settings("c", "")], "needs metadata.namespace"),
        ([{**namespace("a"), "metadata": {"name": "a", "namespace": "b"}}], "belongs to no namespace"),
        ([DEFINITION, {**thing("t", ""), "metadata": {"name": "t"}}], "needs metadata.namespace"),
        ([thing("t", "a")], "serves no Thing of x.test/v1"),
    ],
)
def test_what_no_server_would_take_ends_before_any_write(run, server: Server, wanted: list, words: str) -> None:
    for manifest in wanted:
        if not manifest["metadata"].get("namespace", "x"):
            del manifest["metadata"]["namespace"]
    with pytest.raises(PlatformError, match=words):
        run([namespace("z"), *wanted])
    assert server.writes == []


def test_check_mode_plans_before_the_caller_is_let_in(run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_query: object) -> None:
        raise UnknownCallerError("the cluster does not know someone")

    monkeypatch.setattr(server, "kinds", refuse)
    result = run(WHOLE, check=True)
    assert len(done(result)) == len(WHOLE)
    assert "does not know someone" in result["notices"][0]
    assert "Could not be read, may exist" in result["notices"][0]
    with pytest.raises(UnknownCallerError):
        run(WHOLE)


def test_check_mode_takes_a_kind_that_a_chart_may_bring(run) -> None:
    assert done(run([thing("t", "a")], check=True)) == [("create", "a/t")]


def test_paths() -> None:
    assert objects.object_path("v1", "namespaces", None, "a") == "/api/v1/namespaces/a"
    path = objects.object_path("rbac.authorization.k8s.io/v1", "roles", "n", "system:a b")
    assert path == "/apis/rbac.authorization.k8s.io/v1/namespaces/n/roles/system:a%20b"
