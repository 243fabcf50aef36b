# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the charts of releases can be had, before anything is written."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils import helm_charts, helm_storage, kubernetes_client
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.preflight_report import Report
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel

CHART_OPTIONS = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "chart": {"type": "str", "required": True},
    "repository": {"type": "str"},
    "version": {"type": "str", "required": True},
}


def charts(clients, cluster_name: str, wanted: list, binary: str | None) -> Report:
    """Try to get the chart of each release (dicts by CHART_OPTIONS) that the cluster has not in this version.

    ``binary`` is the path of helm.
    """
    report = Report(clients)
    cluster = kubernetes_client.connect_or_tell(clients, cluster_name, check_mode=True)[0] if wanted else None

    def look(entry):
        if cluster and _is_there(cluster, entry):
            return []
        source = helm_charts.Source(entry["chart"], entry["version"], entry["repository"])
        try:
            helm_charts.load(source, binary)
        except PlatformError as error:
            subject = ", ".join(filter(None, [f"helm_release {entry['namespace']}/{entry['name']}", error.subject]))
            return [PlatformError(error.message, subject=subject, advice=error.advice)]
        return []

    report.findings += [finding for found in parallel(look, wanted) for finding in found]
    return report


def _is_there(cluster, entry):
    found = helm_storage.latest(cluster, entry["namespace"], entry["name"])
    return found is not None and found.version.removeprefix("v") == entry["version"].removeprefix("v")
