# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether EKS offers the add-ons that are wanted, and takes their configuration, before anything is written."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import eks_addon_catalogue as catalogue
from ansible_collections.piksel.platform.plugins.module_utils import errors
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.preflight_report import Report
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel


def addons(clients, cluster_name: str, kubernetes_version: str, wanted: dict) -> Report:
    """Look up each add-on of ``wanted``: name -> {"version", "configuration_values", "enabled"}.

    What the cluster runs already as it is wanted, on the Kubernetes version that is wanted, EKS has accepted: nothing
    more is asked about that, so that a silent run pays for one small call per add-on.
    """
    report = Report(clients, addons={})
    entries = {name: entry or {} for name, entry in wanted.items() if (entry or {}).get("enabled", True)}
    if not entries:
        return report
    known = not _other_version(clients, cluster_name, kubernetes_version)
    present = _present(clients, cluster_name, entries) if known else {}
    asked = [name for name in entries if not _is_as_wanted(entries[name], present.get(name))]
    answers = parallel(lambda name: _look(clients, kubernetes_version, name, entries[name]), asked)
    for name, (version, problems) in zip(asked, answers, strict=True):
        for problem in problems:
            report.find(problem.subject, problem.message, problem.advice)
        if version:
            report.facts["addons"][name] = version
    for name, addon in present.items():
        if addon:
            report.facts["addons"].setdefault(name, addon["addonVersion"])
    return report


def _other_version(clients, cluster_name, kubernetes_version):
    """True unless a cluster of this Kubernetes version exists."""
    with errors.told(f"eks_cluster {cluster_name}", clients):
        try:
            cluster = clients.client("eks").describe_cluster(name=cluster_name)["cluster"]
        except is_boto3_error_code("ResourceNotFoundException"):
            return True
    return cluster["version"] != kubernetes_version


def _present(clients, cluster_name, names):
    """The add-ons that the cluster has, by name; None for one that it has not."""

    def describe(name):
        with errors.told(f"add-on {name} of cluster {cluster_name}", clients):
            try:
                return clients.client("eks").describe_addon(clusterName=cluster_name, addonName=name)["addon"]
            except is_boto3_error_code("ResourceNotFoundException"):
                return None

    return dict(zip(names, parallel(describe, names), strict=True))


def _is_as_wanted(entry, present):
    if present is None or entry.get("version", catalogue.DEFAULT) not in (catalogue.DEFAULT, present["addonVersion"]):
        return False
    return catalogue.parsed(present.get("configurationValues")) == (entry.get("configuration_values") or {})


def _look(clients, kubernetes_version, name, entry):
    """(the version that would be installed, or None; what is wrong)."""
    with errors.told(f"add-on {name}", clients):
        try:
            offers = catalogue.offered(clients, name, kubernetes_version)
            version, _why = catalogue.chosen(name, entry.get("version", catalogue.DEFAULT), offers, kubernetes_version)
        except PlatformError as problem:
            return None, [problem]
        values = entry.get("configuration_values") or {}
        return version, catalogue.refused_configuration(clients, name, version, values)
