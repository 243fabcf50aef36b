# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Flux's controllers say, and for how long."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import flux_ready


def condition(status, *, generation=1, reason="BuildFailed", message="no such file"):
    return {"type": "Ready", "status": status, "reason": reason, "message": message, "observedGeneration": generation}


def item(*conditions):
    return {"metadata": {"generation": 1}, "status": {"conditions": list(conditions), "lastAppliedRevision": "main@x"}}


@pytest.mark.parametrize(
    ("found", "judgement"),
    [
        (None, ("not there", False)),
        ({"metadata": {"generation": 1}}, ("not seen by its controller yet", False)),
        (item(condition("False", generation=0)), ("not seen by its controller yet", False)),
        (item(condition("True")), ("Ready", False)),
        (item(condition("Unknown", reason="Progressing")), ("Progressing: no such file", False)),
        (item(condition("False")), ("BuildFailed: no such file", True)),
    ],
)
def test_an_object_is_judged_by_its_condition_of_this_generation(found, judgement):
    assert flux_ready.judged(found) == judgement


class Cluster:
    """Answers with what stands in ``objects``, by plural."""

    name = "example"

    def __init__(self):
        self.objects = {}

    def get(self, path, _what):
        return self.objects.get(path.split("/")[-2])


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def clock():
    now = [0.0]

    def read():
        return now[0]

    read.now = now
    return read


@pytest.mark.requirement("FLUX-24")
def test_both_must_be_ready(cluster, clock):
    look = flux_ready.Look(cluster, "flux-system", "flux-system", 60, clock)
    assert not look().done
    cluster.objects["gitrepositories"] = item(condition("True"))
    assert look().state == "waiting for Kustomization flux-system/flux-system (not there)"
    cluster.objects["kustomizations"] = item(condition("True"))
    assert (look().done, look().value, look.now()) == (True, "main@x", (True, "main@x"))


def test_an_error_ends_the_wait_when_it_lasts_though_its_controller_tries_again(cluster, clock):
    look = flux_ready.Look(cluster, "flux-system", "flux-system", 60, clock)
    cluster.objects["gitrepositories"] = item(condition("False"))
    assert look().failure is None
    clock.now[0] = 59.0
    cluster.objects["gitrepositories"] = item(condition("Unknown", reason="Progressing"))
    assert look().failure is None
    clock.now[0] = 61.0
    cluster.objects["gitrepositories"] = item(condition("False"))
    assert look().failure == "GitRepository flux-system/flux-system: BuildFailed: no such file"
