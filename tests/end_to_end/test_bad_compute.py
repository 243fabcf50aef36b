"""Bad input about add-ons, Fargate profiles and node groups: one clear message each, before any write of the run."""

from __future__ import annotations

import json

import pytest

from end_to_end.bad_inventory import BadInventory
from end_to_end.harness import Play
from end_to_end.test_bad_input import refused

KUBE_SYSTEM = {"name": "kube-system", "selectors": [{"namespace": "kube-system"}]}
PROFILES = "piksel_fargate_profiles"


def profiles(**entries: dict) -> dict:
    """A catalogue of profiles."""
    return {PROFILES: {"kube_system": KUBE_SYSTEM, **entries}}


def selectors(count: int) -> list[dict]:
    """So many selectors."""
    return [{"namespace": f"n{number}"} for number in range(count)]


# What the catalogues get wrong: variables, words that the message must hold. No call is made.
CATALOGUES = {
    "six selectors": (
        profiles(more={"name": "more", "selectors": selectors(6)}),
        (f"{PROFILES}.more.selectors", "6 selectors, a profile takes 5"),
    ),
    "six labels": (
        profiles(more={"name": "more", "selectors": [{"namespace": "a", "labels": dict.fromkeys("abcdef", "x")}]}),
        (f"{PROFILES}.more.selectors", "6 labels for a, a selector takes 5"),
    ),
    "no selector": (
        profiles(more={"name": "more", "selectors": []}),
        (f"{PROFILES}.more.selectors", "a profile needs a selector"),
    ),
    "two profiles of one name": (
        profiles(more=KUBE_SYSTEM),
        (f"{PROFILES}.more.name", "the name is kube-system, as that of kube_system is already"),
    ),
    "unknown placement": (
        {
            "piksel_placement": {
                **dict.fromkeys(("karpenter", "flux_system", "external_dns"), "nodes"),
                "kube_system": "moon",
            }
        },
        ("piksel_placement", "moon", "fargate, nodes"),
    ),
    "sizes that do not go up": (
        {"piksel_node_groups": {"a": {"name": "a", "instance_types": ["t3.large"], "min_size": 5}}},
        ("piksel_node_groups.a", "its sizes do not go up: min_size 5"),
    ),
}


@pytest.mark.requirement("GEN-11", "FARG-05")
@pytest.mark.parametrize("case", CATALOGUES)
def test_what_a_catalogue_gets_wrong(case: str, empty, play: Play) -> None:
    """Refused before the first AWS call, by key."""
    variables, words = CATALOGUES[case]
    run = play("site.yml", ["dev"], "-e", json.dumps(variables))
    refused(run, empty, *words)
    assert "findings" not in run.output
    assert empty.calls() == []


@pytest.mark.requirement("GEN-11", "EKS-20")
def test_an_unknown_version_of_an_addon(empty, play: Play, tmp_path) -> None:
    """EKS is asked before anything is made; the message names versions that fit."""
    bad = BadInventory(tmp_path)
    bad.replace("cluster.yml", "v1.13.2-eksbuild.4", "v1.14.3-eksbuild.3")
    run = play("site.yml", [str(bad.path)])
    words = ("add-on coredns", "EKS does not offer version v1.14.3-eksbuild.3 of it for Kubernetes 1.34")
    refused(run, empty, *words, "It offers v1.13.2-eksbuild.4")


@pytest.mark.requirement("GEN-11", "EKS-20")
def test_an_unknown_addon_and_a_key_that_the_schema_lacks(empty, play: Play) -> None:
    """Both are told together, in an empty account."""
    addons = {"coredns": {"configuration_values": {"computType": "Fargate"}}, "kube-proxi": {}}
    run = play("site.yml", ["dev"], "-e", json.dumps({"piksel_addons": addons}))
    refused(
        run,
        empty,
        "2 findings",
        "configuration of add-on coredns",
        "computType is unknown, did you mean computeType",
        "add-on kube-proxi",
        "EKS offers no such add-on for Kubernetes 1.34",
    )


@pytest.mark.requirement("GEN-11", "FARG-08")
def test_a_public_subnet_in_a_profile(empty, play: Play) -> None:
    """Fargate takes private subnets only."""
    public = empty.status()["networks"]["dev"]["public"][0]
    entry = {**KUBE_SYSTEM, "name": "more", "subnet_ids": [public]}
    run = play("site.yml", ["dev"], "-e", json.dumps(profiles(more=entry)))
    refused(run, empty, f"subnet {public}", "a Fargate profile names it, and it is public")
