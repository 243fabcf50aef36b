"""The cluster role's entry points: start it early, do other things, wait for it late."""

from __future__ import annotations

from pathlib import Path

import pytest

from end_to_end.harness import Play

PLAYBOOK = """\
- hosts: spokes
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: piksel.platform.vpc_lookup
    - ansible.builtin.include_role:
        name: piksel.platform.eks_cluster
        tasks_from: start
      vars:
        eks_cluster_subnet_ids: "{{ vpc_lookup_result.private_subnet_ids }}"
    - ansible.builtin.debug:
        msg: meanwhile
    - ansible.builtin.include_role:
        name: piksel.platform.eks_cluster
        tasks_from: wait
    - ansible.builtin.assert:
        that:
          - eks_cluster_result.arn is search(':cluster/piksel-dev$')
          - eks_cluster_result.endpoint is match(endpoint | default(''))
"""


@pytest.mark.requirement("EKS-01", "GEN-12")
def test_start_and_wait_make_together_what_main_makes(empty, play: Play, tmp_path: Path, aws) -> None:
    """The plan lists each object once, the run makes it, the second run is silent."""
    path = tmp_path / "early.yml"
    path.write_text(PLAYBOOK)
    plan = play(str(path), ["dev"], "--check").ok()
    assert empty.calls(writes=True) == []
    assert sorted(item["kind"] for item in plan.done) == [
        "ec2_tags",
        "eks_cluster",
        "iam_role",
        "kms_key",
        "kubeconfig_context",
        "log_group",
    ]

    run = play(str(path), ["dev"]).ok()
    assert run.names() == plan.names()
    assert aws("eks").describe_cluster(name="piksel-dev")["cluster"]["status"] == "ACTIVE"

    again = play(str(path), ["dev"]).ok()
    assert again.done == []
    assert again.changed == 0

    # A cluster that is replaced: the plan hands on nothing of the one that goes.
    before = aws("eks").describe_cluster(name="piksel-dev")["cluster"]["endpoint"]
    consent = ("-e", "eks_cluster_service_cidr=10.100.0.0/16")
    consent += ("-e", '{"eks_cluster_consent": ["replace:eks_cluster/eks_cluster.cluster"]}')
    plan = play(str(path), ["dev"], "--check", *consent, "-e", "endpoint='.known after apply'").ok()
    assert (plan.done[0]["action"], plan.done[0]["kind"]) == ("replace", "eks_cluster")
    run = play(str(path), ["dev"], *consent, "-e", "endpoint=https://").ok()
    assert run.names() == plan.names()
    assert aws("eks").describe_cluster(name="piksel-dev")["cluster"]["endpoint"] != before
