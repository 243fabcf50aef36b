"""Buckets in a run of the platform: names and rules that are refused before any write, and a bucket that was opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from end_to_end.bad_inventory import BadInventory
from end_to_end.harness import ROOT, Play
from end_to_end.test_bad_input import refused

REGION = {"LocationConstraint": "ap-southeast-3"}
TERRIA, PUBLIC = "piksel-dev-terria", "piksel-dev-public-data"
BUCKETS = "group_vars/all/buckets.yml"


@pytest.fixture
def bad(tmp_path: Path) -> BadInventory:
    """A copy of dev's inventory to spoil."""
    return BadInventory(tmp_path)


@pytest.fixture
def shared(bad: BadInventory) -> Path:
    """The file with the catalogue of buckets of that copy, which has the architecture copied too."""
    folder = bad.path / "group_vars" / "all"
    folder.unlink()
    folder.mkdir()
    for path in (ROOT / "group_vars/all").glob("*.yml"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return folder / "buckets.yml"


def spoil(path: Path, old: str, new: str) -> int:
    """Replace a text in a file; returns the number of the line on which the last line of the new text stands."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1 + new.rstrip("\n").count("\n")


@pytest.mark.requirement("S3-13")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Piksel_Terria", "lowercase letters, digits, dots and hyphens"),
        ("192.168.5.4", "must not look like an IP address"),
        (PUBLIC, f"{PUBLIC} is the name of public_data already"),
    ],
)
def test_a_name_that_cannot_be(name: str, words: str, bad, empty, play: Play) -> None:
    """Refused before the first call, where the name is written."""
    line = bad.replace("buckets.yml", "overrides: {}", f"overrides:\n  terria: {name}") + 1
    run = play("site.yml", [str(bad.path)])
    refused(run, empty, f"dev/buckets.yml:{line}: piksel_bucket_name_overrides.terria.name", words)
    assert empty.calls() == []
    assert "findings:" not in run.output


@pytest.mark.requirement("S3-04")
def test_a_rule_that_would_delete_public_data(bad, shared: Path, empty, play: Play) -> None:
    """The rule that was withdrawn once is refused before the first call, by file and line."""
    line = spoil(shared, "      intelligent-tiering:\n", "      intelligent-tiering:\n        expiration_days: 365\n")
    run = play("site.yml", [str(bad.path)])
    label = "piksel_buckets.public_data.lifecycle_rules.intelligent-tiering.expiration_days"
    refused(run, empty, f"buckets.yml:{line}: {label}: this rule would delete public data of {PUBLIC}")
    assert empty.calls() == []


@pytest.mark.requirement("S3-13")
@pytest.mark.parametrize("playbook", ["site.yml", "playbooks/s3.yml"])
def test_a_name_that_another_account_has(playbook: str, empty, play: Play, aws) -> None:
    """Told before any write of the run, together with a bucket that lies in another region."""
    aws("s3", "staging").create_bucket(Bucket=TERRIA, CreateBucketConfiguration=REGION)
    run = play(playbook)
    refused(run, empty, f"s3_bucket {TERRIA}", "another account's", "choose another one")
    assert "findings:" not in run.output


@pytest.mark.requirement("GEN-10", "S3-01", "S3-02", "S3-03")
def test_an_opened_bucket_is_closed_again(converged, play: Play, aws) -> None:
    """Block gone and policy public: the plan shows just that, the run mends it, and then there is silence."""
    s3 = aws("s3")
    policy = json.loads(s3.get_bucket_policy(Bucket=TERRIA)["Policy"])
    read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{TERRIA}/*"}
    s3.delete_public_access_block(Bucket=TERRIA)
    s3.put_bucket_policy(Bucket=TERRIA, Policy=json.dumps({**policy, "Statement": [*policy["Statement"], read]}))
    plan = play.check(["dev"], "playbooks/s3.yml").ok()
    flags = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    ((object_name, action, paths),) = [
        (item["object"], item["action"], [change["path"] for change in item["changes"]]) for item in plan.done
    ]
    assert (object_name, action) == (TERRIA, "update")
    assert paths == [*(f"public_access_block.{flag}" for flag in flags), "policy"]
    assert play("playbooks/s3.yml").ok().names() == plan.names()
    assert s3.get_bucket_policy_status(Bucket=TERRIA)["PolicyStatus"]["IsPublic"] is False
    assert play.check(["dev"], "playbooks/s3.yml").ok().done == []


@pytest.mark.requirement("S3-08")
def test_a_bucket_that_left_the_catalogue_stays_with_its_data(converged, play: Play, aws, tmp_path: Path) -> None:
    """Held without the word; with it, a full bucket ends the run and keeps what it holds."""
    s3 = aws("s3")
    s3.put_object(Bucket=TERRIA, Key="map.json", Body=b"{}")
    less = tmp_path / "less.json"
    less.write_text(json.dumps({"s3_buckets": {"public_data": {"name": PUBLIC}}}))
    plan = play.check(["dev"], "playbooks/s3.yml", "-e", f"@{less}").ok()
    words = [item["consent"] for item in plan.operations if item.get("held") and item["action"] == "delete"]
    assert "delete:s3_bucket/s3.terria" in words
    consent = json.dumps({"piksel_consent": ["delete:s3_bucket/s3.terria"]})
    run = play("playbooks/s3.yml", ["dev"], "-e", f"@{less}", "-e", consent)
    assert run.rc != 0
    assert "never empties a bucket" in run.output
    assert s3.get_object(Bucket=TERRIA, Key="map.json")["Body"].read() == b"{}"
    s3.delete_object(Bucket=TERRIA, Key="map.json")
    play("playbooks/s3.yml").ok()


@pytest.mark.requirement("GEN-12")
def test_the_result_names_the_buckets(converged, play: Play, tmp_path: Path) -> None:
    """Names, ARNs and region are what the role publishes, in a check from nothing too."""
    book = tmp_path / "book.yml"
    wanted = {
        "names": {"terria": TERRIA},
        "arns": {"terria": f"arn:aws:s3:::{TERRIA}"},
        "region": "ap-southeast-3",
    }
    role = {"name": "piksel.platform.s3"}
    bucket = {"terria": {"name": TERRIA, "lifecycle_rules": {"expire": {"expiration_days": 60}}}}
    tasks = [
        {"ansible.builtin.include_role": role, "vars": {"s3_buckets": bucket}},
        {"ansible.builtin.assert": {"that": f"s3_result == {wanted}"}},
    ]
    book.write_text(json.dumps([{"hosts": "spokes", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    play(str(book), ["dev"], "--check").ok()
