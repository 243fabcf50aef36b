"""What each role must hand on of a converged dev, read from the APIs: one function a fact.

Words for people (notices, findings, why a version was chosen) are left out; other tests read them.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from end_to_end import expected_flux
from end_to_end.conftest import CLUSTERS, REGION

CLUSTER = CLUSTERS["dev"]
HUB_DNS_ROLE = "externaldns-crossaccount-role-dev"
GPU_QUOTA = "L-DB2E81BA"
SECURITY_CHECKS = [
    *("access_keys", "administrators", "bindings", "buckets", "control_plane", "databases", "foreign_trust"),
    *("instances", "pods", "secrets", "security_groups", "support", "threat_detection", "trail", "volumes"),
]


@dataclass(frozen=True)
class Apis:
    """The ways to look: `aws(service, account)`, `run(service)` as the run itself, kubectl, and the endpoint."""

    aws: Callable[..., Any]
    run: Callable[[str], Any]
    kubectl: Callable[..., Any]
    kubectl_json: Callable[..., dict]
    endpoint: str

    @property
    def cluster(self) -> dict:
        """DescribeCluster."""
        return self.aws("eks").describe_cluster(name=CLUSTER)["cluster"]

    def role_arn(self, name: str, account: str = "dev") -> str:
        """ARN of a role that exists."""
        return self.aws("iam", account).get_role(RoleName=name)["Role"]["Arn"]


def quota(apis: Apis, service: str, code: str) -> float:
    """The value of a quota of the account."""
    return apis.run("service-quotas").get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]


def preflight(apis: Apis) -> dict:
    """Account, callers, versions, and what of the hub can be reached; that of clusters is asked for a new one only."""
    eks, iam = apis.aws("eks"), apis.aws("iam")
    version = apis.cluster["version"]
    versions = eks.describe_cluster_versions()["clusterVersions"]
    (offered,) = [one for one in versions if one["clusterVersion"] == version]
    repositories = apis.aws("ecr", "hub").describe_repositories()["repositories"]
    return {
        "account_id": apis.run("sts").get_caller_identity()["Account"],
        "account_alias": iam.list_account_aliases()["AccountAliases"][0],
        "caller_arn": apis.run("sts").get_caller_identity()["Arn"],
        "partition": apis.role_arn("piksel-automation").split(":")[1],
        "region": REGION,
        "endpoint": apis.endpoint,
        "emulated": True,
        "administrator_role_arns": {
            "sso_administrator": iam.list_roles(PathPrefix="/aws-reserved/")["Roles"][0]["Arn"],
            "automation": apis.role_arn("piksel-automation"),
        },
        "cluster_version": version,
        "support": {
            "status": offered["versionStatus"],
            "end_of_standard_support": offered["endOfStandardSupportDate"].date().isoformat(),
        },
        "hub_roles": {"external_dns": {"arn": apis.role_arn(HUB_DNS_ROLE, "hub"), "reachable": True}},
        "quotas": {GPU_QUOTA: quota(apis, "ec2", GPU_QUOTA)},
        "addons": {name: addon["version"] for name, addon in addons(apis)["addons"].items()},
        "registry": {repository["repositoryName"]: True for repository in repositories},
    }


def vpc_lookup(apis: Apis) -> dict:
    """The network as EC2 has it."""
    ec2 = apis.aws("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["piksel-dev-vpc"]}])["Vpcs"]
    here = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    private, public = (_subnets(ec2, vpc["VpcId"], kind) for kind in ("Private", "Public"))
    logs = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc["VpcId"]]}])["FlowLogs"]
    groups = apis.aws("logs").describe_log_groups(logGroupNamePrefix="/aws/vpc-flow-log/")["logGroups"]
    kept = {group["logGroupName"]: group.get("retentionInDays") for group in groups}
    endpoints = ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]
    return {
        "vpc_id": vpc["VpcId"],
        "cidr": vpc["CidrBlock"],
        "private_subnet_ids": [subnet["id"] for subnet in private],
        "public_subnet_ids": [subnet["id"] for subnet in public],
        "subnets": private + public,
        "zones": [subnet["zone"] for subnet in private],
        "nat_gateway_ids": [one["NatGatewayId"] for one in ec2.describe_nat_gateways(Filter=here)["NatGateways"]],
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


def _subnets(ec2, vpc_id: str, kind: str) -> list[dict]:
    """The subnets of a kind (tag SubnetType) in the form of the fact, by zone."""
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "tag:SubnetType", "Values": [kind]}]
    found = ec2.describe_subnets(Filters=filters)["Subnets"]
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
        for subnet in sorted(found, key=lambda subnet: subnet["AvailabilityZone"])
    ]


def eks_cluster(apis: Apis) -> dict:
    """The cluster, and the context that reaches it."""
    found = apis.cluster
    view = "jsonpath={.current-context} {.clusters[0].cluster.server}"
    context, endpoint = apis.kubectl("config", "view", "--minify", "-o", view).stdout.split()
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


def _state(found: dict) -> dict:
    """Status and health as the facts of add-ons, profiles and node groups have them."""
    return {"status": found["status"], "health": "; ".join(issue["code"] for issue in found["health"]["issues"])}


def addons(apis: Apis) -> dict:
    """Every add-on of the cluster, by name."""
    eks = apis.aws("eks")
    found = {}
    for name in eks.list_addons(clusterName=CLUSTER)["addons"]:
        addon = eks.describe_addon(clusterName=CLUSTER, addonName=name)["addon"]
        found[name] = {"name": name, "version": addon["addonVersion"], "arn": addon["addonArn"], **_state(addon)}
    return {"addons": found}


def fargate_profiles(apis: Apis) -> dict:
    """Every profile, by its name with underscores, and the one role of their pods."""
    eks = apis.aws("eks")
    names = eks.list_fargate_profiles(clusterName=CLUSTER)["fargateProfileNames"]
    profiles = [
        eks.describe_fargate_profile(clusterName=CLUSTER, fargateProfileName=name)["fargateProfile"] for name in names
    ]
    (role,) = {profile["podExecutionRoleArn"] for profile in profiles}
    return {
        "role_arn": role,
        "profiles": {
            profile["fargateProfileName"].replace("-", "_"): {
                "name": profile["fargateProfileName"],
                "arn": profile["fargateProfileArn"],
                **_state(profile),
            }
            for profile in profiles
        },
    }


def node_groups(apis: Apis) -> dict:
    """Every node group, by how its capacity is bought, with their one role and template."""
    eks = apis.aws("eks")
    names = eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]
    groups = [eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=name)["nodegroup"] for name in names]
    (role,) = {group["nodeRole"] for group in groups}
    (template,) = {tuple(sorted(group["launchTemplate"].items())) for group in groups}
    return {
        "role_arn": role,
        "launch_template": dict(template),
        "node_groups": {
            group["capacityType"].lower(): {
                "name": group["nodegroupName"],
                "group_names": [one["name"] for one in group["resources"]["autoScalingGroups"]],
                "arn": group["nodegroupArn"],
                **_state(group),
            }
            for group in groups
        },
    }


def namespaces(apis: Apis) -> dict:
    """The names under their logical keys, of which two differ by more than a dash."""
    existing = {item["metadata"]["name"] for item in apis.kubectl_json("namespaces")["items"]}
    existing -= {"default", "kube-public", "kube-node-lease"}
    keys = {"open-datacube": "odc", "argo-workflows": "argo"}
    return {"names": {keys.get(name, name.replace("-", "_")): name for name in existing}}


def storage_classes(apis: Apis) -> dict:
    """The one default class."""
    mark = "storageclass.kubernetes.io/is-default-class"
    classes = [item["metadata"] for item in apis.kubectl_json("storageclasses")["items"]]
    (default,) = [item["name"] for item in classes if item.get("annotations", {}).get(mark) == "true"]
    return {"default": default}


def s3(apis: Apis) -> dict:
    """The buckets of the account that bear the platform's mark, by the key in it."""
    client = apis.aws("s3")
    names = {}
    for bucket in client.list_buckets()["Buckets"]:
        tags = client.get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
        (mark,) = [tag["Value"] for tag in tags if tag["Key"] == "piksel-platform/key"]
        names[mark.rpartition(".")[2]] = bucket["Name"]
    return {
        "names": names,
        "arns": {key: f"arn:aws:s3:::{name}" for key, name in names.items()},
        "region": client.head_bucket(Bucket=names["terria"])["BucketRegion"],
    }


def irsa(apis: Apis) -> dict:
    """The roles and policies that bear the role's mark, by the key in it, and whom each role's trust lets in."""
    iam = apis.aws("iam")
    (provider,) = [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    issuer = apis.cluster["identity"]["oidc"]["issuer"]
    roles, subjects = {}, {}
    for role in iam.list_roles()["Roles"]:
        if key := _key(iam.list_role_tags(RoleName=role["RoleName"])["Tags"], "iam_role/irsa."):
            roles[key] = role["Arn"]
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            said = statement["Condition"]["StringEquals"][f"{issuer.removeprefix('https://')}:sub"]
            subjects[key] = said if isinstance(said, list) else [said]
    policies = {
        key: policy["Arn"]
        for policy in iam.list_policies(Scope="Local")["Policies"]
        if (key := _key(iam.list_policy_tags(PolicyArn=policy["Arn"])["Tags"], "iam_policy/irsa."))
    }
    return {
        "issuer": issuer,
        "oidc_provider_arn": provider,
        "role_arns": roles,
        "policy_arns": policies,
        "subjects": subjects,
    }


def _key(tags: list[dict], prefix: str) -> str:
    """The logical key in the mark of a kind and scope, "" for what bears no such mark."""
    values = [tag["Value"] for tag in tags if tag["Key"] == "piksel-platform/key"]
    return values[0].removeprefix(prefix) if values and values[0].startswith(prefix) else ""


def rds(apis: Apis) -> dict:
    """The one instance."""
    (found,) = apis.aws("rds").describe_db_instances()["DBInstances"]
    return {
        "name": found["DBInstanceIdentifier"],
        "arn": found["DBInstanceArn"],
        "status": found["DBInstanceStatus"],
        "engine_version": found["EngineVersion"],
        "address": found["Endpoint"]["Address"],
        "port": found["Endpoint"]["Port"],
        "resource_id": found["DbiResourceId"],
        "db_name": found["DBName"],
        "master_username": found["MasterUsername"],
        "security_group_id": found["VpcSecurityGroups"][0]["VpcSecurityGroupId"],
    }


def secrets(apis: Apis) -> dict:
    """The secrets that bear the role's mark, by the key in it; every one has a value."""
    found = {}
    for page in apis.aws("secretsmanager").get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            if key := _key(secret["Tags"], "secret/secrets."):
                found[key] = secret
    versions = {
        key: next(one for one, labels in secret["SecretVersionsToStages"].items() if "AWSCURRENT" in labels)
        for key, secret in found.items()
    }
    return {
        "names": {key: secret["Name"] for key, secret in found.items()},
        "arns": {key: secret["ARN"] for key, secret in found.items()},
        "version_ids": versions,
        "missing": [],
        "renewed": [],
    }


def security_report(apis: Apis) -> dict:
    """What a new dev gives people to look at, counted: which these are, its own tests say."""
    (offered,) = apis.aws("eks").describe_cluster_versions(clusterVersions=[apis.cluster["version"]])["clusterVersions"]
    left = (offered["endOfStandardSupportDate"] - datetime.datetime.now(datetime.UTC)).days
    ended, near = int(left < 0), int(0 <= left <= 90)
    return {
        "counts": {"high": 1, "medium": 4 + ended, "low": 1 + near, "info": 3},
        "checks": SECURITY_CHECKS,
        "unread": [],
    }


def karpenter(apis: Apis) -> dict:
    """The role that nodes have, the one queue, and the rules that bear the role's mark, by the key in it."""
    sqs, events = apis.aws("sqs"), apis.aws("events")
    (url,) = sqs.list_queues(QueueNamePrefix="Karpenter")["QueueUrls"]
    rules = {}
    for rule in events.list_rules(NamePrefix="Karpenter")["Rules"]:
        tags = events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
        rules[_key(tags, "eventbridge_rule/karpenter.")] = rule["Arn"]
    return {
        "node_role_name": "Karpenter-piksel-dev",
        "node_role_arn": apis.role_arn("Karpenter-piksel-dev"),
        "queue_name": url.rpartition("/")[2],
        "queue_arn": sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"],
        "rule_arns": rules,
    }


EXPECTED: dict[str, Callable[[Apis], dict]] = {
    "preflight_result": preflight,
    "vpc_lookup_result": vpc_lookup,
    "eks_cluster_result": eks_cluster,
    "eks_addons_result": addons,
    "fargate_profiles_result": fargate_profiles,
    "node_groups_result": node_groups,
    "namespaces_result": namespaces,
    "storage_classes_result": storage_classes,
    "s3_result": s3,
    "secrets_result": secrets,
    "rds_result": rds,
    "irsa_result": irsa,
    "security_report_result": security_report,
    "karpenter_result": karpenter,
    "flux_bootstrap_result": lambda apis: expected_flux.flux_bootstrap(apis.aws, apis.kubectl_json),
}
