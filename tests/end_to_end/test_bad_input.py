"""Bad input ends before any write, with one clear message that names file, line and key, or the object."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from end_to_end.bad_inventory import BadInventory
from end_to_end.harness import Play, Run, at_version


@pytest.fixture
def bad(tmp_path: Path) -> BadInventory:
    """A copy of dev's inventory to spoil."""
    return BadInventory(tmp_path)


def refused(run: Run, sandbox, *words: str) -> None:
    """The run failed, said each of the words, and wrote nothing.

    Raises:
        AssertionError: one of that is not so.
    """
    assert run.rc != 0, run.output
    said = re.sub(r"\s+", " ", run.output)
    for word in words:
        assert word in said, f"{word!r} is not in\n{run.output[-4000:]}"
    assert sandbox.calls(writes=True) == []


@pytest.fixture
def record(empty):
    """The sandbox with nothing in its accounts and nothing recorded."""
    return empty


# file to spoil, text, replacement, words that the message must hold beside file and line
SPOILT = {
    "wrong type": ("network.yml", "piksel_vpc_zones: 2", "piksel_vpc_zones: many", ("piksel_vpc_zones", "int")),
    "unknown environment word": (
        "account.yml",
        "piksel_environment: dev",
        "piksel_environment: develop",
        ("piksel_environment", "develop", "staging"),
    ),
    "network of the hub": (
        "network.yml",
        "10.1.0.0/16",
        "10.0.128.0/17",
        ("piksel_vpc_cidr", "10.0.0.0/16", "overlap"),
    ),
    "no network address": ("network.yml", "10.1.0.0/16", "10.1.0.0/64", ("piksel_vpc_cidr", "10.1.0.0/64")),
    "account id of eleven digits": ("account.yml", "236122835646", "23612283564", ("piksel_account_id", "23612283564")),
    "class of no database": (
        "database.yml",
        "db.t3.small",
        "t3.small",
        ("piksel_database_instance_class", "t3.small"),
    ),
    "version as a number": ("cluster.yml", '"1.34"', "1.30", ("piksel_kubernetes_version",)),
}


@pytest.mark.requirement("GEN-11")
@pytest.mark.parametrize("case", SPOILT)
def test_spoilt_inventory(case, bad, record, play: Play) -> None:
    """What the inventory gets wrong is refused before the first AWS call, by file, line and key."""
    file, old, new, words = SPOILT[case]
    line = bad.replace(file, old, new)
    run = play("site.yml", [str(bad.path)])
    refused(run, record, f"{file}:{line}", *words)
    assert record.calls() == []


def test_unknown_key_names_its_nearest(bad, record, play: Play) -> None:
    """A misspelt key is refused, and the right one is offered."""
    line = bad.append("cluster.yml", "piksel_kubernets_version: '1.35'")
    run = play("site.yml", [str(bad.path)])
    refused(run, record, f"cluster.yml:{line}", "piksel_kubernets_version", "piksel_kubernetes_version")
    assert record.calls() == []


def test_all_findings_at_once(bad, record, play: Play) -> None:
    """Three mistakes are told in one message."""
    bad.append("cluster.yml", "piksel_kubernets_version: '1.35'")
    bad.replace("network.yml", "piksel_vpc_zones: 2", "piksel_vpc_zones: many")
    bad.replace("account.yml", "piksel_environment: dev", "piksel_environment: develop")
    refused(play("site.yml", [str(bad.path)]), record, "piksel_kubernets_version", "piksel_vpc_zones", "develop")


def test_overlapping_networks_of_two_environments(bad, record, play: Play) -> None:
    """Two accounts of one run whose networks overlap are both named."""
    bad.replace("network.yml", "10.1.0.0/16", "10.2.0.0/17")
    run = play("site.yml", [str(bad.path), "staging"], "--check")
    refused(run, record, "10.2.0.0/17", "10.2.0.0/16", "overlap")


def test_a_missing_operator_variable_names_file_and_key(bad, record, play: Play) -> None:
    """What the run cannot do without is asked for by file and key."""
    bad.replace("account.yml", "piksel_account_id:", "# piksel_account_id:")
    refused(play("site.yml", [str(bad.path)]), record, "piksel_account_id", "group_vars/dev/")


@pytest.mark.requirement("GEN-08")
def test_credentials_of_another_account(record, play: Play) -> None:
    """The guard compares the caller's account with the environment's."""
    run = play("site.yml", ["dev"], "-e", "piksel_aws_profile=prod-piksel")
    refused(run, record, "522783511350", "236122835646", "prod-piksel")


def test_expired_credentials(record, play: Play) -> None:
    """An expired session is told as such, with what to do."""
    run = play("site.yml", ["dev"], "-e", "piksel_aws_profile=expired-piksel")
    refused(run, record, "expired", "expired-piksel")


def test_unknown_profile(record, play: Play) -> None:
    """A profile that is in no file is named."""
    refused(play("site.yml", ["dev"], "-e", "piksel_aws_profile=nobody"), record, "nobody")


def test_no_credentials(record, play: Play, tmp_path: Path) -> None:
    """A profile without credentials, or none at all, is told as such."""
    config = tmp_path / "config"
    config.write_text("[profile dev-piksel]\nregion = ap-southeast-3\n")
    (tmp_path / "credentials").write_text("")
    run = play(
        "site.yml", ["dev"], AWS_CONFIG_FILE=str(config), AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials")
    )
    refused(run, record, "credentials", "dev-piksel")


def test_sandbox_not_up(record, play: Play) -> None:
    """An endpoint that nobody listens on is named within seconds."""
    run = play("site.yml", ["dev"], AWS_ENDPOINT_URL="http://127.0.0.1:9")
    refused(run, record, "http://127.0.0.1:9")
    assert run.seconds < 30


@pytest.mark.requirement("NET-01", "NET-04")
def test_one_zone(record, play: Play, aws) -> None:
    """Private subnets in one zone only are refused; the message names them."""
    ec2 = aws("ec2")
    private = ec2.describe_subnets(Filters=[{"Name": "tag:SubnetType", "Values": ["Private"]}])["Subnets"]
    keep = private[0]["AvailabilityZone"]
    for subnet in private:
        if subnet["AvailabilityZone"] != keep:
            ec2.delete_tags(Resources=[subnet["SubnetId"]], Tags=[{"Key": "SubnetType"}])
    refused(play(), record, private[0]["SubnetId"], keep)


@pytest.mark.requirement("NET-05", "NET-06")
def test_several_findings_about_the_network(record, play: Play, aws) -> None:
    """Missing tags and a missing route are told together, by object; the switch adds the tags, and only them."""
    ec2 = aws("ec2")
    subnet = ec2.describe_subnets(Filters=[{"Name": "tag:SubnetType", "Values": ["Private"]}])["Subnets"][0]
    ec2.delete_tags(Resources=[subnet["SubnetId"]], Tags=[{"Key": "karpenter.sh/discovery"}])
    refused(play(), record, subnet["SubnetId"], "karpenter.sh/discovery", "vpc_lookup_add_missing_tags")

    run = play("playbooks/vpc_lookup.yml", ["dev"], "-e", '{"vpc_lookup_add_missing_tags": true}').ok()
    assert [(item["action"], item["kind"]) for item in run.done] == [("update", "ec2_tags")]
    tags = ec2.describe_subnets(SubnetIds=[subnet["SubnetId"]])["Subnets"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags}["karpenter.sh/discovery"] == "piksel-dev"


@pytest.mark.requirement("EKS-02")
def test_unknown_kubernetes_version(record, play: Play) -> None:
    """A version that EKS does not offer is refused with those it does."""
    refused(play("site.yml", ["dev"], *at_version("1.99")), record, "1.99", "1.36")


@pytest.mark.requirement("GEN-11", "NET-05")
@pytest.mark.parametrize("playbook", ["site.yml", "playbooks/vpc_lookup.yml", "playbooks/eks_cluster.yml"])
def test_findings_of_account_and_network_come_in_one_message(playbook: str, record, play: Play, aws) -> None:
    """An unknown version, a missing role and a missing tag are told by the same task."""
    ec2 = aws("ec2")
    subnet = ec2.describe_subnets(Filters=[{"Name": "tag:SubnetType", "Values": ["Private"]}])["Subnets"][0]
    ec2.delete_tags(Resources=[subnet["SubnetId"]], Tags=[{"Key": "karpenter.sh/discovery"}])
    run = play(playbook, ["dev"], *at_version("1.99"), "-e", "piksel_automation_role_name=nobody")
    refused(run, record, "3 findings", "Kubernetes 1.99 of cluster piksel-dev", "role nobody", subnet["SubnetId"])
    assert sum(counters["failed"] for counters in run.recap.values()) == 1
