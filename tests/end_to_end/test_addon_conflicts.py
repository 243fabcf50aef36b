"""Fields that somebody changed in the objects of an add-on: what a run leaves, what it puts back, and what it tells."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from end_to_end.conftest import CLUSTERS
from end_to_end.harness import Play

CLUSTER = CLUSTERS["dev"]
OLDER = {"vpc-cni": "v1.20.4-eksbuild.2", "coredns": "v1.13.1-eksbuild.1", "kube-proxy": "v1.34.0-eksbuild.2"}
EDITS = {
    "vpc-cni": ("amazon-vpc-cni", {"enable-windows-ipam": "true"}),
    "coredns": ("coredns", {"Corefile": ".:53 { log }"}),
    "kube-proxy": ("kube-proxy-config", {"config": "mode: ipvs\n"}),
}


@pytest.fixture
def edited(converged, aws: Callable, kubectl: Callable):
    """Each add-on is older than wanted, and somebody edited a ConfigMap of it; afterwards all is as EKS has it."""
    eks = aws("eks")
    for name, (config_map, data) in EDITS.items():
        patch = json.dumps({"data": data})
        done = kubectl("--namespace", "kube-system", "patch", "configmap", config_map, "--patch", patch)
        assert done.returncode == 0, done.stderr
        update(eks, name, OLDER[name], "PRESERVE")
    yield eks
    for name, addon in {name: look(eks, name) for name in EDITS}.items():
        update(eks, name, addon["addonVersion"], "OVERWRITE")


def look(eks, name: str) -> dict:
    """An add-on as EKS shows it."""
    return eks.describe_addon(clusterName=CLUSTER, addonName=name)["addon"]


def update(eks, name: str, version: str, policy: str) -> None:
    """An update by somebody, and its end."""
    eks.update_addon(clusterName=CLUSTER, addonName=name, addonVersion=version, resolveConflicts=policy)
    limit = time.monotonic() + 20
    while look(eks, name)["status"] == "UPDATING" and time.monotonic() < limit:
        time.sleep(0.1)
    assert look(eks, name)["addonVersion"] == version


def is_kept(kubectl_json: Callable, name: str) -> bool:
    """Whether somebody's edit still stands."""
    config_map, data = EDITS[name]
    return kubectl_json("configmap", config_map, "--namespace", "kube-system")["data"] == data


@pytest.mark.requirement("EKS-23", "EKS-24")
def test_an_update_keeps_edits_where_the_catalogue_does_not_overwrite(
    edited, play: Play, kubectl_json: Callable
) -> None:
    """PRESERVE, the default, keeps what differs; CoreDNS has OVERWRITE; NONE ends the run and names the field."""
    assert all(is_kept(kubectl_json, name) for name in EDITS)
    wanted = {name: {"version": version} for name, version in OLDER.items() if name != "coredns"}
    wanted["kube-proxy"] = {"version": "v1.34.6-eksbuild.2", "resolve_conflicts": "NONE"}
    told = play("playbooks/addons_before_compute.yml", ["dev"], "-e", json.dumps({"piksel_addons": wanted}))
    assert told.rc != 0
    assert "ConfigurationConflict: Conflicts found when trying to apply" in told.output
    assert "ConfigMap kube-proxy-config - .data.config" in told.output
    assert look(edited, "kube-proxy")["status"] == "UPDATE_FAILED"
    assert look(edited, "kube-proxy")["addonVersion"] == OLDER["kube-proxy"]

    run = play().ok()
    assert {item["object"] for item in run.done} == set(EDITS)
    assert {name: is_kept(kubectl_json, name) for name in EDITS} == {
        "vpc-cni": True,
        "kube-proxy": True,
        "coredns": False,
    }
    assert all(look(edited, name)["status"] == "ACTIVE" for name in EDITS)
    assert play().ok().changed == 0
