"""`make demo`: start the sandbox, converge dev with the same command as for AWS, and tell what now exists."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv/bin"
MARK = "piksel-platform/key"
REGION = "ap-southeast-3"
NEXT = """
Look around, in this shell:

  source .venv/bin/activate
  eval "$(piksel-sandbox env)"
  aws eks describe-cluster --name {cluster} --profile dev-piksel
  kubectl --context {cluster} get namespaces
  piksel-sandbox calls --writes                                # each write call of the run, and who made it
  ansible-playbook site.yml -i inventories/dev                 # again: it changes nothing
  ansible-playbook site.yml -i inventories/prod --check        # the plan for an account that is still empty
  piksel-sandbox reset                                         # empty accounts again
  piksel-sandbox down                                          # stop; nothing stays behind
"""


class DemoError(Exception):
    """A step failed; its own output stands above."""


def run(command: list[str | Path], environment: dict[str, str]) -> None:
    """Run a step with its output passed through; raises DemoError when it fails."""
    text = [str(part) for part in command]
    if subprocess.run(text, cwd=ROOT, env=environment, check=False).returncode:
        raise DemoError(
            f"`{shlex.join(text)}` failed, its output is above; `piksel-sandbox logs` has the sandbox's own"
        )


def sandbox_environment() -> dict[str, str]:
    """The environment that `eval "$(piksel-sandbox env)"` gives a shell, with the tools of .venv on PATH."""
    environment = dict(os.environ, PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    run([BIN / "piksel-sandbox", "up"], environment)
    shell = ["sh", "-c", 'lines=$(piksel-sandbox env) && eval "$lines" && env -0']
    shown = subprocess.run(shell, env=environment, check=True, capture_output=True, text=True).stdout
    return dict(entry.split("=", 1) for entry in shown.split("\0") if entry)


def is_marked(tags: list[dict[str, str]]) -> bool:
    """Whether an object with these tags is the platform's."""
    return any(tag["Key"] == MARK for tag in tags)


def marked_roles(session: boto3.Session) -> Iterator[str]:
    """Names of the IAM roles that carry the platform's mark."""
    iam = session.client("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            if is_marked(iam.list_role_tags(RoleName=role["RoleName"])["Tags"]):
                yield role["RoleName"]


def marked_secrets(session: boto3.Session) -> Iterator[str]:
    """Names of the secrets that carry the platform's mark."""
    pages = session.client("secretsmanager").get_paginator("list_secrets").paginate()
    for page in pages:
        yield from (one["Name"] for one in page["SecretList"] if is_marked(one.get("Tags", [])))


def marked_buckets(session: boto3.Session) -> Iterator[str]:
    """Names of the buckets that carry the platform's mark."""
    s3 = session.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        try:
            tags = s3.get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
        except s3.exceptions.ClientError:
            # A bucket without tags answers with an error.
            continue
        if is_marked(tags):
            yield bucket["Name"]


def told_database(instance: dict) -> str:
    """A database instance in a few words."""
    return f"{instance['DBInstanceIdentifier']}, PostgreSQL {instance['EngineVersion']}, {instance['DBInstanceStatus']}"


def what_exists(environment: dict[str, str]) -> tuple[str, list[tuple[str, str]]]:
    """(cluster name, lines of label and text), read from the APIs and not from what the run said."""
    os.environ.update(environment)
    session = boto3.Session(profile_name="dev-piksel", region_name=REGION)
    eks = session.client("eks")
    # The demo's one account may hold clusters of other trials; the one of the inventory bears the platform's mark.
    clusters = [eks.describe_cluster(name=name)["cluster"] for name in eks.list_clusters()["clusters"]]
    name = next(cluster["name"] for cluster in clusters if MARK in cluster["tags"])
    cluster = eks.describe_cluster(name=name)["cluster"]
    entries = eks.list_access_entries(clusterName=name)["accessEntries"]
    aliases = session.client("kms").list_aliases()["Aliases"]
    groups = session.client("logs").describe_log_groups()["logGroups"]
    databases = session.client("rds").describe_db_instances()["DBInstances"]

    def get(*arguments: str) -> str:
        command = ["kubectl", "--context", name, "get", *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    def names(kind: str) -> str:
        return ", ".join(line.partition("/")[2] for line in get(kind, "-o", "name").split())

    ready = '{.status.conditions[?(@.type=="Ready")].message}'
    return name, [
        ("account", f"{session.client('sts').get_caller_identity()['Account']} (sandbox, {REGION})"),
        ("cluster", f"{name}, Kubernetes {cluster['version']}, {cluster['status']}, {cluster['endpoint']}"),
        ("access", ", ".join(entry.rpartition("/")[2] for entry in entries)),
        ("roles", ", ".join(marked_roles(session))),
        ("add-ons", ", ".join(eks.list_addons(clusterName=name)["addons"])),
        ("profiles", ", ".join(eks.list_fargate_profiles(clusterName=name)["fargateProfileNames"])),
        ("node groups", ", ".join(eks.list_nodegroups(clusterName=name)["nodegroups"])),
        ("node pools", names("nodepools")),
        ("database", ", ".join(told_database(one) for one in databases if is_marked(one["TagList"]))),
        ("buckets", ", ".join(sorted(marked_buckets(session)))),
        ("keys", ", ".join(one["AliasName"] for one in aliases if not one["AliasName"].startswith("alias/aws/"))),
        ("log groups", ", ".join(group["logGroupName"] for group in groups)),
        ("namespaces", names("namespaces")),
        ("secrets", ", ".join(marked_secrets(session))),
        ("Flux", get("-n", "flux-system", "kustomizations", "flux-system", "-o", f"jsonpath={ready}")),
    ]


def main() -> int:
    """Entry point; returns the exit code."""
    started = time.monotonic()
    try:
        environment = sandbox_environment()
        run([BIN / "ansible-playbook", "site.yml", "-i", "inventories/dev"], environment)
    except DemoError as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    cluster, lines = what_exists(environment)
    print(f"\nAfter {time.monotonic() - started:.0f} s there is now:\n")
    for label, text in lines:
        print(f"  {label:<11} {text}")
    print(NEXT.format(cluster=cluster))
    return 0


if __name__ == "__main__":
    sys.exit(main())
