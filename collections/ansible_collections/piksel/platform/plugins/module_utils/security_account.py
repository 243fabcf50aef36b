# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person should look at in an account: who can get in, what watches it, what is open or unencrypted.

Each check takes the Clients and the module's parameters and gives Finding after Finding, or a PlatformError for an
object that it could not read; it raises botocore's errors.
"""

from __future__ import annotations

import re

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.security_finding import (
    Finding,
    age_in_days,
    of_each,
)

ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})
# What a load balancer serves; anything else has no reason to be open to everyone.
WEB_PORTS = frozenset({80, 443})


def access_keys(clients, params: dict):
    """Long-lived keys: none should exist, neither of users nor of the root user.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
    """
    iam = clients.client("iam")
    if iam.get_account_summary()["SummaryMap"].get("AccountAccessKeysPresent"):
        yield Finding("access_keys", "high", "root user", "it has an access key", "Delete the key.")

    def look(name):
        for key in items(iam, "list_access_keys", "AccessKeyMetadata", UserName=name):
            if key["Status"] == "Active":
                days = age_in_days(key["CreateDate"])
                severity = "high" if days > params["access_key_days"] else "medium"
                told = f"it has an access key, {days} days old", "Let it sign in by a role, and delete the key."
                yield Finding("access_keys", severity, f"user {name}", *told)

    names = [user["UserName"] for user in items(iam, "list_users", "Users")]
    yield from of_each(names, look, "keys of user {}".format, clients)


def foreign_trust(clients, params: dict) -> list[Finding]:
    """Roles that another account may assume, and is not one of ``trusted_accounts``.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    known, found = {clients.account_id, *params["trusted_accounts"]}, []
    for role in items(clients.client("iam"), "list_roles", "Roles"):
        for name in sorted(_principals(role["AssumeRolePolicyDocument"])):
            if name == "*":
                found.append(Finding("foreign_trust", "high", f"role {role['RoleName']}", "anybody may assume it"))
            elif (account := re.search(r"\d{12}", name)) and account.group() not in known:
                found.append(Finding("foreign_trust", "medium", f"role {role['RoleName']}", f"{name} may assume it"))
    return found


def _principals(document):
    """AWS principals of the statements that allow something; a statement with a condition is not "anybody"."""
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        names = [principal] if isinstance(principal, str) else principal.get("AWS", [])
        for name in names if isinstance(names, list) else [names]:
            if statement["Effect"] == "Allow" and not (name == "*" and statement.get("Condition")):
                yield name


def trail(clients, _params: dict) -> list[Finding]:
    """Whether calls to the account are recorded: by a trail that was not stopped.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
    """
    cloudtrail = clients.client("cloudtrail")
    trails = [one["TrailARN"] for one in cloudtrail.describe_trails()["trailList"]]
    if any(cloudtrail.get_trail_status(Name=arn)["IsLogging"] for arn in trails):
        return []
    return [Finding("trail", "high", "CloudTrail", "no trail records the calls of this account and region")]


def threat_detection(clients, _params: dict) -> list[Finding]:
    """Whether GuardDuty looks for threats.

    https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListDetectors.html
    """
    guardduty = clients.client("guardduty")
    detectors = items(guardduty, "list_detectors", "DetectorIds")
    if any(guardduty.get_detector(DetectorId=one)["Status"] == "ENABLED" for one in detectors):
        return []
    return [Finding("threat_detection", "medium", "GuardDuty", "it is off in this region")]


def security_groups(clients, _params: dict) -> list[Finding]:
    """Rules that let the whole world in on other ports than those of the web.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupRules.html
    """
    found = []
    for rule in items(clients.client("ec2"), "describe_security_group_rules", "SecurityGroupRules"):
        source = rule.get("CidrIpv4") or rule.get("CidrIpv6")
        if rule["IsEgress"] or source not in ANYWHERE:
            continue
        severity, what = _opened(rule)
        if severity:
            subject = f"security group {rule['GroupId']}"
            found.append(Finding("security_groups", severity, subject, f"{source} may reach {what}"))
    return found


def _opened(rule):
    """(severity, what a rule opens), (None, "") for what a load balancer serves. ICMP has types in the place of ports.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
    """
    protocol, first, last = rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort")
    if protocol in ("icmp", "icmpv6", "1", "58"):
        return "low", "it by ICMP"
    if first in (None, -1) or protocol == "-1":
        return "high", "every port"
    if first == last and first in WEB_PORTS:
        return None, ""
    return "high", f"port {first}" if first == last else f"ports {first} to {last}"


def instances(clients, _params: dict) -> list[Finding]:
    """Instances with a public address, or whose metadata any request can read.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
    """
    found = []
    for reservation in items(clients.client("ec2"), "describe_instances", "Reservations"):
        for one in reservation["Instances"]:
            subject = f"instance {one['InstanceId']}"
            if one["State"]["Name"] in ("terminated", "shutting-down"):
                continue
            if one.get("PublicIpAddress"):
                found.append(
                    Finding("instances", "medium", subject, f"it has the public address {one['PublicIpAddress']}")
                )
            if one.get("MetadataOptions", {}).get("HttpTokens") != "required":
                advice = "Require IMDSv2 in its launch template."
                found.append(
                    Finding("instances", "medium", subject, "its metadata can be read without a token", advice)
                )
    return found


def volumes(clients, _params: dict) -> list[Finding]:
    """Volumes that are not encrypted, and whether new ones would be.

    https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
    """
    ec2, found = clients.client("ec2"), []
    if not ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]:
        found.append(Finding("volumes", "low", "EBS", "new volumes are not encrypted by default in this region"))
    plain = [{"Name": "encrypted", "Values": ["false"]}]
    found.extend(
        Finding("volumes", "high", f"volume {one['VolumeId']}", "it is not encrypted")
        for one in items(ec2, "describe_volumes", "Volumes", Filters=plain)
    )
    return found


def databases(clients, _params: dict) -> list[Finding]:
    """Database instances that are public, unencrypted, or could be lost.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
    """
    found = []
    for one in items(clients.client("rds"), "describe_db_instances", "DBInstances"):
        wrong = (
            (one.get("PubliclyAccessible"), "high", "it has a public address"),
            (not one.get("StorageEncrypted"), "high", "its storage is not encrypted"),
            (not one.get("DeletionProtection"), "medium", "it can be deleted at once"),
            (not one.get("BackupRetentionPeriod"), "high", "no backup is kept"),
        )
        subject = f"database {one['DBInstanceIdentifier']}"
        found.extend(Finding("databases", severity, subject, text) for bad, severity, text in wrong if bad)
    return found


def secrets(clients, params: dict) -> list[Finding]:
    """Secrets that nobody has changed for long.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
    """
    found = []
    for one in items(clients.client("secretsmanager"), "list_secrets", "SecretList"):
        days = age_in_days(one.get("LastChangedDate") or one["CreatedDate"])
        if days > params["secret_days"]:
            found.append(
                Finding("secrets", "low", f"secret {one['Name']}", f"its value is {days} days old", "Rotate it.")
            )
    return found


def buckets(clients, params: dict):
    """Buckets that everybody may read; those in ``public_buckets`` are meant to be.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html
    """
    s3 = clients.client("s3")

    def look(name):
        try:
            is_public = s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"]
        except is_boto3_error_code(["NoSuchBucketPolicy", "NoSuchBucket"]):
            # Without a policy nobody is let in; a bucket may go while this is read.
            return
        if is_public:
            meant = name in params["public_buckets"]
            severity, more = ("info", ", as it is meant to be") if meant else ("high", "")
            yield Finding("buckets", severity, f"bucket {name}", f"its policy lets everybody in{more}")

    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    yield from of_each(names, look, "bucket {}".format, clients)


CHECKS = (
    access_keys,
    foreign_trust,
    trail,
    threat_detection,
    security_groups,
    instances,
    volumes,
    databases,
    secrets,
    buckets,
)
