# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes versions that EKS offers, and how long it supports them."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils import errors
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError

STANDARD = "STANDARD_SUPPORT"
UNSUPPORTED = "UNSUPPORTED"


def run_versions(params: dict, _check_mode: bool, clients, _progress=None) -> dict:
    """Ask EKS which versions it offers; with ``version`` refuse one that it does not.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeClusterVersions.html
    Returns {"versions": version -> facts, "offered", "standard_support", "default"}.
    """
    with errors.told("the Kubernetes versions of EKS", clients):
        pages = clients.client("eks").get_paginator("describe_cluster_versions").paginate(includeAll=True)
        versions = {entry["clusterVersion"]: _facts(entry) for page in pages for entry in page["clusterVersions"]}
    offered = [version for version, facts in versions.items() if facts["status"] != UNSUPPORTED]
    wanted = params.get("version")
    if wanted and wanted not in offered:
        raise PlatformError(
            f"EKS does not offer Kubernetes {wanted}",
            subject="version",
            account=clients.account_id,
            region=clients.region,
            advice=f"It offers {', '.join(sorted(offered, key=_order))}.",
        )
    return {
        "changed": False,
        "versions": versions,
        "offered": sorted(offered, key=_order),
        "standard_support": sorted((name for name in offered if versions[name]["status"] == STANDARD), key=_order),
        "default": next((name for name, facts in versions.items() if facts["default"]), None),
    }


def _facts(entry):
    return {
        "status": entry.get("versionStatus") or entry["status"].upper().replace("-", "_"),
        "default": entry.get("defaultVersion", False),
        "platform_version": entry.get("defaultPlatformVersion"),
        "released": _day(entry.get("releaseDate")),
        "end_of_standard_support": _day(entry.get("endOfStandardSupportDate")),
        "end_of_extended_support": _day(entry.get("endOfExtendedSupportDate")),
    }


def _day(moment):
    return moment.date().isoformat() if moment else None


def _order(version):
    return tuple(int(part) for part in version.split("."))
