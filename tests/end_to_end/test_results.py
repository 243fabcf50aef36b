"""What the roles hand on: each documented key is there, no other one, and each value is what the API says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from end_to_end.conftest import ACCOUNTS, CLUSTERS, REGION
from end_to_end.harness import ROOT, Play
from piksel_sandbox.client import Sandbox

ROLES = ROOT / "collections/ansible_collections/piksel/platform/roles"
# "`vpc_lookup_result`: `vpc_id`, `cidr`, ..." at the start of a section "Result"; the keys end with the list.
RESULT = re.compile(r"^## Result\n+`(?P<fact>\w+_result)`: (?P<keys>`\w+`(?:,\s+`\w+`)*)", re.MULTILINE)
UNKNOWN = "(known after apply: "
EXTERNAL_DNS = "externaldns-crossaccount-role-dev"


def documented() -> dict[str, set[str]]:
    """Name of the fact -> its keys, as the README of each role says."""
    found = {}
    for path in ROLES.glob("*/README.md"):
        for match in RESULT.finditer(path.read_text(encoding="utf-8")):
            found[match["fact"]] = set(re.findall(r"\w+", match["keys"]))
    return found


def results(play: Play, folder: Path, *extra: str) -> dict[str, dict]:
    """The facts of dev after `site.yml`, by name; `extra` goes to the command line."""
    path = folder / "results.json"
    play("tests/end_to_end/results.yml", ["dev"], *extra, RESULTS_FILE=str(path)).ok()
    return json.loads(path.read_text(encoding="utf-8"))


def account(aws: Callable, session_of: Callable, sandbox: Sandbox) -> dict:
    """preflight_result of a converged dev, from the APIs; notices and findings are words and told elsewhere."""
    eks, iam = aws("eks"), aws("iam")
    versions = eks.describe_cluster_versions()["clusterVersions"]
    version = eks.describe_cluster(name=CLUSTERS["dev"])["cluster"]["version"]
    (offered,) = [one for one in versions if one["clusterVersion"] == version]
    return {
        "account_id": ACCOUNTS["dev"],
        "account_alias": iam.list_account_aliases()["AccountAliases"][0],
        "caller_arn": session_of("dev-piksel").client("sts").get_caller_identity()["Arn"],
        "partition": iam.get_role(RoleName="piksel-automation")["Role"]["Arn"].split(":")[1],
        "region": REGION,
        "endpoint": sandbox.url,
        "emulated": True,
        "administrator_role_arns": {
            "sso_administrator": iam.list_roles(PathPrefix="/aws-reserved/")["Roles"][0]["Arn"],
            "automation": iam.get_role(RoleName="piksel-automation")["Role"]["Arn"],
        },
        "cluster_version": version,
        "support": {
            "status": offered["versionStatus"],
            "end_of_standard_support": offered["endOfStandardSupportDate"].date().isoformat(),
        },
        "hub_roles": {
            "external_dns": {"arn": aws("iam", "hub").get_role(RoleName=EXTERNAL_DNS)["Role"]["Arn"], "reachable": True}
        },
    }


def network(aws: Callable) -> dict:
    """vpc_lookup_result of dev, from EC2."""
    ec2 = aws("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["piksel-dev-vpc"]}])["Vpcs"]
    here = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    kinds = {kind: subnets_of(ec2, vpc["VpcId"], kind) for kind in ("Private", "Public")}
    gateways = ec2.describe_nat_gateways(Filter=here)["NatGateways"]
    logs = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc["VpcId"]]}])["FlowLogs"]
    groups = aws("logs").describe_log_groups(logGroupNamePrefix="/aws/vpc-flow-log/")["logGroups"]
    kept = {group["logGroupName"]: group.get("retentionInDays") for group in groups}
    endpoints = ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]
    return {
        "vpc_id": vpc["VpcId"],
        "cidr": vpc["CidrBlock"],
        "private_subnet_ids": [subnet["id"] for subnet in kinds["Private"]],
        "public_subnet_ids": [subnet["id"] for subnet in kinds["Public"]],
        "subnets": kinds["Private"] + kinds["Public"],
        "zones": [subnet["zone"] for subnet in kinds["Private"]],
        "nat_gateway_ids": [gateway["NatGatewayId"] for gateway in gateways],
        "flow_logs": [
            {
                "id": log["FlowLogId"],
                "destination": log["LogDestinationType"],
                "log_group": log["LogGroupName"],
                "retention_days": kept[log["LogGroupName"]],
            }
            for log in logs
        ],
        "endpoints": {endpoint["ServiceName"]: endpoint["VpcEndpointType"] for endpoint in endpoints},
        "missing_tags": [],
    }


def subnets_of(ec2, vpc_id: str, kind: str) -> list[dict]:
    """The subnets of a kind (tag SubnetType) in the form of the fact, by zone."""
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "tag:SubnetType", "Values": [kind]}]
    return [
        {
            "id": subnet["SubnetId"],
            "zone": subnet["AvailabilityZone"],
            "cidr": subnet["CidrBlock"],
            "free_addresses": subnet["AvailableIpAddressCount"],
            "route_table": ec2.describe_route_tables(
                Filters=[{"Name": "association.subnet-id", "Values": [subnet["SubnetId"]]}]
            )["RouteTables"][0]["RouteTableId"],
        }
        for subnet in sorted(
            ec2.describe_subnets(Filters=filters)["Subnets"], key=lambda subnet: subnet["AvailabilityZone"]
        )
    ]


def cluster(aws: Callable, kubectl: Callable) -> dict:
    """eks_cluster_result of dev, from EKS, with the context that reaches the cluster."""
    found = aws("eks").describe_cluster(name=CLUSTERS["dev"])["cluster"]
    reached = kubectl("config", "view", "--minify", "-o", "jsonpath={.current-context} {.clusters[0].cluster.server}")
    context, endpoint = reached.stdout.split()
    assert endpoint == found["endpoint"]
    return {
        "name": found["name"],
        "arn": found["arn"],
        "status": found["status"],
        "version": found["version"],
        "platform_version": found["platformVersion"],
        "endpoint": found["endpoint"],
        "certificate_authority": found["certificateAuthority"]["data"],
        "oidc_issuer": found["identity"]["oidc"]["issuer"],
        "security_group_id": found["resourcesVpcConfig"]["clusterSecurityGroupId"],
        "vpc_id": found["resourcesVpcConfig"]["vpcId"],
        "service_ipv4_cidr": found["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
        "cluster_role_arn": found["roleArn"],
        "kubeconfig_context": context,
    }


def assert_documented(facts: Mapping[str, dict]) -> None:
    """The facts and their keys are those of the READMEs."""
    assert {name: set(value) for name, value in facts.items()} == documented()


@pytest.mark.requirement("GEN-12")
def test_a_plan_from_empty_hands_on_every_key(empty, play: Play, tmp_path: Path) -> None:
    """What only exists afterwards is a string that says so; what can be known is known."""
    facts = results(play, tmp_path, "--check")
    assert_documented(facts)
    made = facts["eks_cluster_result"]
    unknown = {key for key, value in made.items() if str(value).startswith(UNKNOWN)}
    assert set(made) - unknown == {"name", "arn", "kubeconfig_context"}
    assert None not in made.values()
    assert made["arn"] == f"arn:aws:eks:{REGION}:{ACCOUNTS['dev']}:cluster/{CLUSTERS['dev']}"


@pytest.mark.requirement("GEN-12")
def test_a_run_hands_on_what_the_apis_say(
    empty, play: Play, tmp_path: Path, aws: Callable, session_of: Callable, kubectl: Callable, kubectl_json: Callable
) -> None:
    """By the run that makes all of it, and by the next one, which finds it."""
    hub = ("-e", f"piksel_hub_dns_role_name={EXTERNAL_DNS}", "-e", "piksel_hub_dns_external_id=external-dns-dev")
    first = results(play, tmp_path, *hub)
    again = results(play, tmp_path, *hub)
    for facts in (first, again):
        assert_documented(facts)
        assert facts["eks_cluster_result"] == cluster(aws, kubectl)
        names = {item["metadata"]["name"] for item in kubectl_json("namespaces")["items"]}
        assert set(facts["namespaces_result"]["names"].values()) <= names
    assert again["namespaces_result"]["names"]["odc"] == "open-datacube"

    told = ("findings", "notices")
    assert without(again["vpc_lookup_result"], *told) == network(aws)
    wanted = account(aws, session_of, empty)
    assert without(again["preflight_result"], "quotas", *told) == wanted
    # The first run finds no cluster, and asks for the quota that one more takes; the second needs none.
    assert without(first["preflight_result"], "quotas", *told) == {**wanted, "cluster_version": None}
    quota = session_of("dev-piksel").client("service-quotas").get_service_quota(
        ServiceCode="eks", QuotaCode="L-1194D53C"
    )  # fmt: skip
    assert first["preflight_result"]["quotas"] == {"L-1194D53C": quota["Quota"]["Value"]}
    assert again["preflight_result"]["quotas"] == {}
    for result in ("preflight_result", "vpc_lookup_result"):
        assert again[result].get("findings", []) == []
        assert all(isinstance(notice, str) for notice in again[result]["notices"])


def without(result: dict, *keys: str) -> dict:
    """A result without some of its keys."""
    return {key: value for key, value in result.items() if key not in keys}
