# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold in an account before anything is written: roles, Kubernetes version, quotas, the hub's roles, add-ons,
names of buckets, the database, secrets made by hand, the repository of Flux, instances of node pools, charts."""

from __future__ import annotations

import datetime
import re

from ansible_collections.piksel.platform.plugins.module_utils import (
    errors,
    preflight_addons,
    preflight_buckets,
    preflight_charts,
    preflight_database,
    preflight_git,
    preflight_instances,
    preflight_registry,
    preflight_secrets,
)
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.preflight_report import Report
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel

# Days before the end of standard support from which a run says so.
SUPPORT_NOTICE_DAYS = 60
# How many clusters an account may have in a region: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
CLUSTERS_QUOTA = ("eks", "L-1194D53C")


def run(params: dict, _check_mode: bool, clients, _progress=None) -> dict:
    """Do all look-ups at the same time. No write call.

    Returns {"changed": False, "administrator_role_arns": {name: ARN}, "cluster_version": str | None, "support":
    {...}, "hub_roles": {key: {"arn", "reachable"}}, "registry": {repository: bool}, "findings": [text], "notices":
    [text]}. Raises FindingsError with the findings of all of them, unless ``on_findings`` says that they are returned.
    """
    lookups = [
        lambda: administrator_role(clients, params["admin_role_path"], params["admin_role_prefix"]),
        lambda: automation_role(clients, params["automation_role_name"]),
        lambda: kubernetes(clients, params["cluster_name"], params["kubernetes_version"]),
        lambda: hub_roles(clients, params["hub_roles"]),
        lambda: quotas(clients, params["quotas"], params["cluster_name"]),
        lambda: preflight_buckets.buckets(clients, params["bucket_names"]),
        lambda: preflight_addons.addons(
            clients, params["cluster_name"], params["kubernetes_version"], params["addons"]
        ),
        lambda: preflight_registry.registry(clients, params["registry"]),
        lambda: preflight_secrets.manual_secrets(clients, params["manual_secrets"], params["secrets_given"]),
        lambda: preflight_database.database(clients, params["database"]),
        lambda: preflight_git.repository(clients, params["repository"]),
        lambda: preflight_instances.node_pools(clients, params["node_pools"]),
        lambda: preflight_charts.charts(clients, params["cluster_name"], params["charts"], params["helm_binary"]),
    ]
    result = {"changed": False, "administrator_role_arns": {}}
    reports = parallel(lambda lookup: lookup(), lookups)
    _only_the_cause(reports)
    findings = [finding for report in reports for finding in report.findings]
    if params["on_findings"] == "fail":
        errors.combined(findings)
    result["findings"] = [str(finding) for finding in findings]
    for report in reports:
        result["administrator_role_arns"].update(report.facts.pop("administrator", {}))
        result.update(report.facts)
    result["notices"] = [text for report in reports for text in report.warnings]
    return result


def _only_the_cause(reports):
    """Where EKS does not offer the Kubernetes version, it offers no add-on for it either: one finding is enough."""
    if any("support" in report.facts and report.facts["support"] is None for report in reports):
        for report in reports:
            if "addons" in report.facts:
                report.findings.clear()


def administrator_role(clients, path: str, prefix: str | None) -> Report:
    """Find the role that people sign in with, by path and prefix: its suffix differs per account.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    report = Report(clients, administrator={})
    if not prefix:
        return report
    subject = f"role {path}{prefix}*"
    with errors.told(subject, clients):
        roles = items(clients.client("iam"), "list_roles", "Roles", PathPrefix=path)
        arns = [role["Arn"] for role in roles if role["RoleName"].startswith(prefix)]
    if len(arns) == 1:
        report.facts["administrator"]["sso_administrator"] = arns[0]
    elif arns:
        report.find(
            subject, f"{len(arns)} roles match: {', '.join(sorted(arns))}", "Make piksel_admin_role_prefix longer."
        )
    else:
        report.find(
            subject,
            f"account {clients.account_id} has no such role",
            "Assign the permission set to the account, or set piksel_admin_role_prefix to null.",
        )
    return report


def automation_role(clients, name: str | None) -> Report:
    """Find the role of the automation; EKS refuses access entries for roles that do not exist."""
    report = Report(clients, administrator={})
    if not name:
        return report
    iam = clients.client("iam")
    try:
        with errors.told(f"role {name}", clients):
            report.facts["administrator"]["automation"] = iam.get_role(RoleName=name)["Role"]["Arn"]
    except PlatformError as error:
        if errors.code_of(error.__cause__) != "NoSuchEntity":
            raise
        report.find(
            f"role {name}",
            f"account {clients.account_id} has no such role",
            "Make the role of the automation first, or set piksel_automation_role_name to null.",
        )
    return report


def kubernetes(clients, cluster_name: str, version: str) -> Report:
    """Whether EKS offers the version, still supports it, and lets the existing cluster go there.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeClusterVersions.html
    """
    eks = clients.client("eks")
    with errors.told(f"Kubernetes {version}", clients):
        versions = items(eks, "describe_cluster_versions", "clusterVersions")
        offered = {one["clusterVersion"]: one for one in versions}
    try:
        with errors.told(f"cluster {cluster_name}", clients):
            present = eks.describe_cluster(name=cluster_name)["cluster"]["version"]
    except PlatformError as error:
        if errors.code_of(error.__cause__) != "ResourceNotFoundException":
            raise
        present = None
    report = Report(clients, cluster_version=present, support=_support(offered.get(version)))
    judge_version(report, cluster_name, version, present, offered, datetime.datetime.now(datetime.UTC))
    return report


def judge_version(
    report: Report, cluster_name: str, version: str, present: str | None, offered: dict, now: datetime.datetime
) -> None:
    """Add to ``report`` what is wrong with the version that is wanted for a cluster.

    ``offered`` maps versions to the answers of DescribeClusterVersions, ``present`` is the version of the cluster
    that exists.
    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
    """
    subject = f"Kubernetes {version} of cluster {cluster_name}"
    if version not in offered:
        known = ", ".join(sorted(offered, key=minor))
        report.find(subject, "EKS does not offer this version", f"Offered are {known}: set piksel_kubernetes_version.")
    elif version_status(offered[version]) == "EXTENDED_SUPPORT":
        report.warn(subject, "this version has left standard support, which costs extra")
    else:
        end = offered[version].get("endOfStandardSupportDate")
        if end and end - now < datetime.timedelta(days=SUPPORT_NOTICE_DAYS):
            report.warn(subject, f"this version leaves standard support on {end.date().isoformat()}")
    if not present or present == version:
        return
    steps = minor(version) - minor(present)
    if steps < 0:
        report.find(
            subject,
            f"the cluster runs {present}, and no downgrade exists",
            "Set piksel_kubernetes_version to the version that runs, or to the next one.",
        )
    elif steps > 1:
        path = " → ".join(f"1.{number}" for number in range(minor(present), minor(version) + 1))
        report.find(
            subject,
            f"the cluster runs {present}, and EKS goes one minor version at a time",
            f"Go {path}: set piksel_kubernetes_version to 1.{minor(present) + 1} first.",
        )


def hub_roles(clients, wanted: dict) -> Report:
    """Try to assume the roles of the hub that later stages rely on. Only told: pods use them, not this run.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    report = Report(clients, hub_roles={})

    def look(key):
        arn, external_id = wanted[key].get("arn"), wanted[key].get("external_id")
        arguments = {"RoleArn": arn, "RoleSessionName": "piksel-preflight"}
        if external_id:
            arguments["ExternalId"] = external_id
        try:
            with errors.told(f"hub role {arn}", clients):
                clients.client("sts").assume_role(**arguments)
        except PlatformError as error:
            return error
        return None

    keys = [key for key in sorted(wanted) if wanted[key].get("arn")]
    for key, error in zip(keys, map(look, keys), strict=True):
        report.facts["hub_roles"][key] = {"arn": wanted[key]["arn"], "reachable": error is None}
        if error:
            report.warn(f"hub role {wanted[key]['arn']}", f"this run cannot assume it ({error.message})")
    return report


def quotas(clients, wanted: list, cluster_name: str) -> Report:
    """Compare quotas of the account with what the platform needs; one that cannot be read is only told, and so is one
    without which the platform stands.

    The clusters that exist count against the quota of clusters, which is not asked for when ``cluster_name`` exists.
    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
    """
    report = Report(clients, quotas={})
    for one in wanted:
        subject = f"quota {one['service']}/{one['code']} ({one['name']})"
        try:
            with errors.told(subject, clients):
                used = _clusters(clients) if (one["service"], one["code"]) == CLUSTERS_QUOTA else []
                if cluster_name in used:
                    continue
                answer = clients.client("service-quotas").get_service_quota(
                    ServiceCode=one["service"], QuotaCode=one["code"]
                )
        except PlatformError as error:
            report.warn(subject, f"it cannot be read ({error.message})")
            continue
        value = answer["Quota"]["Value"]
        report.facts["quotas"][one["code"]] = value
        needed = len(used) + one["needed"]
        if value < needed:
            have = f", {len(used)} for what exists" if used else ""
            message, advice = f"it is {value:g}, and {needed} are needed{have}", "Ask AWS for more by Service Quotas."
            report.find(subject, message, advice) if one["required"] else report.warn(subject, f"{message}. {advice}")
    return report


def _clusters(clients):
    return items(clients.client("eks"), "list_clusters", "clusters")


def version_status(answer: dict) -> str:
    """The support state in the newer spelling; older endpoints only fill ``status``."""
    return answer.get("versionStatus") or answer.get("status", "").upper().replace("-", "_")


def minor(version: str) -> int:
    """The minor number: 34 for 1.34."""
    return int(re.match(r"1\.(\d+)", version).group(1))


def _support(answer):
    if answer is None:
        return None
    end = answer.get("endOfStandardSupportDate")
    return {"status": version_status(answer), "end_of_standard_support": end.date().isoformat() if end else None}
