# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import reconcile as core
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.errors import (
    AnswerLostError,
    FindingsError,
    PlatformError,
)
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource


class Access:
    """Clients that reach nothing."""

    account_id = known_account_id = "123456789012"
    region = "ap-southeast-3"
    profile = None


class Cloud:
    """A service that keeps objects by name and counts its writes."""

    def __init__(self, **objects):
        self.objects = objects
        self.writes = []
        self.lock = threading.Lock()


class ExistsError(Exception):
    """What a service answers to a second create."""

    def __init__(self):
        super().__init__()
        self.response = {"Error": {"Code": "AlreadyExists"}}


class Thing(Resource):
    """A kind with one attribute of each sort."""

    kind = "thing"
    exists_codes = ("AlreadyExists",)
    attributes = (Attribute("size"), Attribute("shape", immutable=True), Attribute("tags", form="map"))
    broken = None

    def __init__(self, cloud, key, wave=0, **wanted):
        super().__init__(Access(), "scope", key, f"name-{key}", wanted)
        self.cloud = cloud
        self.wave = wave
        self.lost = []

    def read(self):
        return self.cloud.objects.get(self.name)

    def create(self):
        if self.lost:
            raise self.lost.pop(0)(self)
        return self.made()

    def made(self):
        """The create call alone: it knows no tags."""
        if self.name in self.cloud.objects:
            raise ExistsError
        self.write("create")
        self.cloud.objects[self.name] = {"size": self.wanted.get("size"), "shape": self.wanted.get("shape")}
        return self.cloud.objects[self.name]

    def update(self, found, changes):
        self.write("update")
        for change in changes:
            if change.path.startswith("tags."):
                found.setdefault("tags", {})[change.path[5:]] = change.after
            else:
                found[change.path] = change.after

    def delete(self, found):
        self.write("delete")
        self.cloud.objects.pop(self.name, None)

    def unusable(self, found):
        return "it is broken" if found.get("shape") == "broken" else None

    def write(self, what):
        """One write call."""
        if self.broken:
            raise PlatformError(self.broken, subject=self.subject)
        with self.cloud.lock:
            self.cloud.writes.append((what, self.key))


def run(*things, check=False, **more):
    """Reconcile; returns the result and its operations as (action, key, paths)."""
    result = core.reconcile(list(things), check, **more)
    done = [
        (item["action"], item["key"].removeprefix("scope."), [change["path"] for change in item["changes"]])
        for item in result["operations"]
    ]
    return result, done


def answer_lost_before(_thing):
    """The create never reached the service."""
    return AnswerLostError("thing:Create")


def answer_lost_after(thing):
    """The create reached the service."""
    thing.made()
    return AnswerLostError("thing:Create")


def answer_repeated(thing):
    """The create reached the service, the client repeated it by itself."""
    thing.made()
    return ExistsError()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Pauses are not what is tested."""
    monkeypatch.setattr(core.time, "sleep", lambda seconds: None)


@pytest.mark.requirement("GEN-10")
def test_the_plan_is_what_the_run_does_and_the_next_run_is_silent():
    cloud = Cloud(**{"name-b": {"size": 1, "shape": "x"}})

    def things():
        return [Thing(cloud, "a", size=1, tags={"k": "v"}), Thing(cloud, "b", size=2), Thing(cloud, "c", size=3)]

    planned = run(*things(), check=True)
    assert cloud.writes == []
    done = run(*things())
    assert planned[1] == done[1]
    assert done[1] == [("create", "a", ["size", "tags.k"]), ("update", "b", ["size"]), ("create", "c", ["size"])]
    assert cloud.objects["name-a"]["tags"] == {"k": "v"}
    written = list(cloud.writes)
    result, again = run(*things())
    assert again == []
    assert not result["changed"]
    assert cloud.writes == written


def test_operations_have_the_shape_of_the_contract():
    result, _done = run(Thing(Cloud(), "a", size=1), check=True)
    assert result["changed"]
    assert result["operations"] == [
        {
            "action": "create",
            "api": "aws",
            "kind": "thing",
            "key": "scope.a",
            "object": "name-a",
            "account": "123456789012",
            "region": "ap-southeast-3",
            "changes": [{"path": "size", "before": None, "after": 1}],
        }
    ]
    assert result["diff"][0]["after"] == "size: 1\n"
    assert result["resources"] == {"a": {"name": "name-a"}}


def test_a_replacement_is_held_and_what_can_be_changed_is_changed():
    cloud = Cloud(**{"name-a": {"size": 1, "shape": "round"}})
    result, done = run(Thing(cloud, "a", size=2, shape="square"))
    assert done == [("update", "a", ["size"])]
    (held,) = result["held"]
    assert (held["action"], held["consent"]) == ("replace", "replace:thing/scope.a")
    assert held["changes"] == [{"path": "shape", "before": "round", "after": "square"}]
    assert cloud.objects["name-a"] == {"size": 2, "shape": "round"}


def test_held_alone_is_no_change():
    result, done = run(Thing(Cloud(**{"name-a": {"shape": "round"}}), "a", shape="square"))
    assert (result["changed"], done, len(result["held"])) == (False, [], 1)


def test_a_replacement_with_consent_deletes_and_creates():
    cloud = Cloud(**{"name-a": {"size": 1, "shape": "round"}})
    result, done = run(Thing(cloud, "a", size=2, shape="square"), consent=["replace:thing/scope.a"])
    assert done == [("replace", "a", ["size", "shape"])]
    assert cloud.writes == [("delete", "a"), ("create", "a")]
    assert result["held"] == []


def test_what_cannot_serve_as_it_is_ends_the_run_before_any_write():
    cloud = Cloud(**{"name-a": {"shape": "broken"}})
    things = [Thing(cloud, "a", shape="square"), Thing(cloud, "b", size=1)]
    assert len(run(*things, check=True)[0]["held"]) == 1
    with pytest.raises(PlatformError, match=r"it is broken.*consent replace:thing/scope\.a"):
        run(*things)
    assert cloud.writes == []


def test_orphans_go_only_with_consent():
    cloud = Cloud(**{"name-old": {"size": 1}})

    def orphans():
        return [Thing(cloud, "old")]

    result, done = run(Thing(cloud, "a", size=1), orphans=orphans)
    assert done == [("create", "a", ["size"])]
    assert result["held"][0]["consent"] == "delete:thing/scope.old"
    assert "old" not in result["resources"]
    _result, done = run(Thing(cloud, "a", size=1), orphans=orphans, consent=["delete:thing/scope.old"])
    assert [action for action, _key, _paths in done] == ["delete"]
    assert "name-old" not in cloud.objects


@pytest.mark.parametrize("loss", [answer_lost_before, answer_lost_after, answer_repeated])
def test_a_create_whose_answer_was_lost_is_not_doubled(loss):
    cloud = Cloud()
    thing = Thing(cloud, "a", size=1, tags={"k": "v"})
    thing.lost = [loss]
    run(thing)
    assert cloud.writes.count(("create", "a")) == 1
    assert cloud.objects["name-a"]["tags"] == {"k": "v"}


def made_by_another(**found):
    """Somebody else made it between our plan and our create."""

    def loss(thing):
        thing.cloud.objects[thing.name] = found
        return ExistsError()

    return loss


class Guarded(Thing):
    """A kind whose size is changed with consent only."""

    def restrictions(self, changes):
        return [one for one in changes if one.path != "size"], [one for one in changes if one.path == "size"]


def test_what_somebody_made_meanwhile_is_changed_with_consent_only():
    for consent, size in (([], 1), (["restrict:thing/scope.a"], 2)):
        cloud = Cloud()
        thing = Guarded(cloud, "a", size=2, tags={"k": "v"})
        thing.lost = [made_by_another(size=1)]
        result, _done = run(thing, consent=consent)
        assert cloud.objects["name-a"] == {"size": size, "tags": {"k": "v"}}
        assert [held["consent"] for held in result["held"]] == ([] if consent else ["restrict:thing/scope.a"])


def test_what_somebody_made_meanwhile_is_replaced_by_another_run_only():
    cloud = Cloud()
    thing = Thing(cloud, "a", size=2, shape="square")
    thing.lost = [made_by_another(size=1, shape="round")]
    result, _done = run(thing)
    assert cloud.objects["name-a"] == {"size": 2, "shape": "round"}
    assert [held["consent"] for held in result["held"]] == ["replace:thing/scope.a"]
    thing.lost, cloud.objects = [made_by_another(shape="round")], {}
    with pytest.raises(PlatformError, match="somebody made one meanwhile"):
        run(thing, consent=["replace:thing/scope.a"])
    assert "delete" not in [what for what, _key in cloud.writes]


def test_a_create_that_is_lost_for_ever_ends():
    thing = Thing(Cloud(), "a", size=1)
    thing.lost = [answer_lost_before] * 100
    with pytest.raises(PlatformError, match="could not be created"):
        run(thing)


def test_one_failure_leaves_the_others_their_chance_and_tells_what_was_done():
    cloud = Cloud()
    bad = Thing(cloud, "bad", size=1)
    bad.broken = "no room"
    with pytest.raises(core.ReconcileError, match="thing name-bad: no room") as caught:
        run(bad, Thing(cloud, "good", size=1))
    assert [item["key"] for item in caught.value.result["operations"]] == ["scope.good"]
    assert caught.value.result["changed"]


def test_failures_are_told_together():
    cloud = Cloud()
    things = [Thing(cloud, key, size=1) for key in "ab"]
    for thing in things:
        thing.broken = "no room"
    with pytest.raises(core.ReconcileError, match="2 findings"):
        run(*things)


def test_waves_follow_one_another_and_deletes_go_the_other_way():
    cloud = Cloud()
    run(*[Thing(cloud, str(wave), wave=wave, size=1) for wave in (2, 0, 1)])
    assert cloud.writes == [("create", "0"), ("create", "1"), ("create", "2")]
    cloud.writes.clear()
    gone = [Thing(cloud, str(wave), wave=wave) for wave in (0, 1, 2)]
    run(orphans=lambda: gone, consent=[thing.consent_word("delete") for thing in gone])
    assert cloud.writes == [("delete", "2"), ("delete", "1"), ("delete", "0")]


def test_a_failed_wave_ends_the_run():
    cloud = Cloud()
    bad = Thing(cloud, "bad", wave=0, size=1)
    bad.broken = "no room"
    with pytest.raises(core.ReconcileError):
        run(bad, Thing(cloud, "later", wave=1, size=1))
    assert cloud.writes == []


def test_two_entries_for_one_object_are_refused():
    cloud = Cloud()
    twin = Thing(cloud, "b", size=2)
    twin.name = "name-a"
    with pytest.raises(PlatformError, match=r"both scope\.a and scope\.b mean this object"):
        run(Thing(cloud, "a", size=1), twin)


def test_refusals_of_all_objects_are_told_before_any_write():
    class Refused(Thing):
        def refusals(self, found, changes):
            return [PlatformError("not like this", subject=self.subject)]

    cloud = Cloud()
    with pytest.raises(FindingsError, match="2 findings"):
        run(Refused(cloud, "a", size=1), Refused(cloud, "b", size=1), Thing(cloud, "c", size=1))
    assert cloud.writes == []


def test_parallel_keeps_order_and_bounds_its_threads():
    seen, lock = set(), threading.Lock()

    def call(item):
        with lock:
            seen.add(threading.get_ident())
        return item * 2

    assert core.parallel(call, range(50)) == [item * 2 for item in range(50)]
    assert len(seen) <= core.CONCURRENCY
