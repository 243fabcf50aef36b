# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether RDS has the version and the class that the database wants, and whether its certificate can be verified."""

from __future__ import annotations

import os

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import errors, rds_request
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.preflight_report import Report

BUNDLES = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


def database(clients, wanted: dict | None) -> Report:
    """Look up ``wanted``: {"name", "engine_version", "instance_class", "ca_bundle"}, None for no database.

    An instance that is as it is wanted, RDS has accepted: nothing more is asked then.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html
    """
    report = Report(clients)
    if not wanted:
        return report
    bundle = os.path.expanduser(wanted["ca_bundle"])
    if not os.path.isfile(bundle):
        report.find(
            f"rds_instance {wanted['name']}",
            f"the bundle with the authorities of RDS is not there: {bundle}",
            f"Download it: curl --create-dirs -o {bundle} {BUNDLES}",
        )
    if not _is_as_wanted(clients, wanted):
        _look_up(report, clients, wanted)
    return report


def _is_as_wanted(clients, wanted):
    with errors.told(f"rds_instance {wanted['name']}", clients):
        try:
            found = clients.client("rds").describe_db_instances(DBInstanceIdentifier=wanted["name"])["DBInstances"][0]
        except is_boto3_error_code("DBInstanceNotFound"):
            return False
    return found["DBInstanceClass"] == wanted["instance_class"] and rds_request.satisfies(
        wanted["engine_version"], found["EngineVersion"]
    )


def _look_up(report, clients, wanted):
    """Every version that there is on the class; a major stands for its minors."""
    subject, version = f"rds_instance {wanted['name']}", wanted["engine_version"]
    with errors.told(subject, clients):
        found = items(
            clients.client("rds"),
            "describe_orderable_db_instance_options",
            "OrderableDBInstanceOptions",
            Engine="postgres",
            DBInstanceClass=wanted["instance_class"],
        )
    versions = sorted({one["EngineVersion"] for one in found}, key=rds_request.numbers)
    if not versions:
        report.find(
            subject, f"RDS has no class {wanted['instance_class']} for PostgreSQL in this region", "Choose another one."
        )
    elif not any(rds_request.satisfies(version, one) for one in versions):
        near = [one for one in versions if rds_request.numbers(one)[:1] == rds_request.numbers(version)[:1]]
        report.find(
            subject,
            f"RDS has no PostgreSQL {version} on {wanted['instance_class']}",
            f"It has {', '.join(near or versions)}.",
        )
