"""Bad input about node classes, node pools and charts: one clear message each, before any write of the run."""

from __future__ import annotations

import json

import pytest

from end_to_end.harness import Play
from end_to_end.test_bad_input import refused

POOLS, CLASSES = "piksel_node_pools", "piksel_node_classes"
DEFAULT = {"name": "default", "volume_size_gib": 120}


def pools(**more: object) -> dict:
    """A catalogue of one class and one pool, which has these fields too."""
    pool = {"name": "default", "node_class": "default", "instance_categories": ["c"], **more}
    return {CLASSES: {"default": DEFAULT}, POOLS: {"default": pool}}


# What the catalogues get wrong: variables, words that the message must hold. No call is made.
CATALOGUES = {
    "unknown field": (pools(expireAfter="168h"), (f"{POOLS}.default", "expireAfter")),
    "limit of nothing": (
        pools(limits={"gpu": 30}),
        (f"{POOLS}.default.limits.gpu", "gpu limits nothing: no node has it", "nvidia.com/gpu"),
    ),
    "unknown class": (pools(node_class="none"), (f"{POOLS}.default.node_class", "no node class has the key none")),
    "image for another version": (
        {CLASSES: {"default": {**DEFAULT, "ami_name": "amazon-eks-node-al2023-x86_64-nvidia-1.33-v20260403"}}},
        (f"{CLASSES}.default.ami_name", "is not for Kubernetes 1.34"),
    ),
}


@pytest.mark.requirement("GEN-11", "KARP-30", "KARP-32", "KARP-35")
@pytest.mark.parametrize("case", CATALOGUES)
def test_what_a_catalogue_gets_wrong(case: str, empty, play: Play) -> None:
    """Refused before the first AWS call, by key."""
    variables, words = CATALOGUES[case]
    run = play("site.yml", ["dev"], "-e", json.dumps(variables))
    refused(run, empty, *words)
    assert empty.calls() == []


@pytest.mark.requirement("KARP-11")
def test_a_moving_image_is_refused_where_people_rely_on_nodes(empty, play: Play) -> None:
    """Staging and prod pin theirs; dev may follow."""
    run = play("site.yml", ["staging"], "-e", "piksel_ami_alias=al2023@latest")
    refused(run, empty, "al2023@latest names no fixed image", "Pin a version")
    assert empty.calls() == []


@pytest.mark.requirement("GEN-11", "KARP-34")
def test_what_only_aws_and_a_registry_know(empty, play: Play) -> None:
    """A family that does not exist and charts that cannot be had, all at once; a quota of GPUs is only told."""
    variables = {**pools(instance_categories=[], instance_families=["m5", "m6"]), "piksel_charts": "/nowhere"}
    run = play("site.yml", ["dev"], "-e", json.dumps(variables))
    refused(
        run,
        empty,
        "3 findings",
        "node pool default",
        "EC2 has no instances m6.*",
        "helm_release karpenter/karpenter-crd",
        "helm_release karpenter/karpenter, chart /nowhere/karpenter-1.14.1",
        "cannot be fetched",
    )


@pytest.mark.requirement("KARP-34")
def test_a_small_quota_of_gpus_is_told_and_stops_nothing(empty, play: Play) -> None:
    """Pods would only wait."""
    plan = play.check(["dev"]).ok()
    assert "quota ec2/L-DB2E81BA" in plan.output
    assert "it is 8, and 120 are needed. Ask AWS for more by Service Quotas." in plan.output
