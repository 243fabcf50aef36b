# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report for the people who watch over an account: what they should look at, and what could not be read."""

from __future__ import annotations

import collections

from ansible_collections.piksel.platform.plugins.module_utils import (
    errors,
    kubernetes_client,
    security_account,
    security_cluster,
)
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel
from ansible_collections.piksel.platform.plugins.module_utils.security_finding import SEVERITIES


def run(params: dict, _check_mode: bool, clients, _progress=None) -> dict:
    """Do all checks at the same time. No write call.

    Returns {"changed": False, "findings": [{"check", "severity", "subject", "message", "advice"}], gravest first,
    "counts": {severity: number}, "checks": [names of those that could read everything], "unread": [text], "notices":
    [text]}. A check that may not read something is told under "unread": nothing found is not the same as nothing
    there.
    """
    name = params["cluster_name"]
    with errors.told(f"cluster {name}", clients):
        # A report tells of a cluster that cannot be used, where a run would end.
        cluster = kubernetes_client.connect(clients, name, check_mode=True)
    checks = [(check, clients) for check in security_account.CHECKS]
    unread = []
    if cluster is None:
        unread.append(f"cluster {name}: there is none that can be used, so that nothing in it was read.")
    else:
        checks += [(check, clients) for check in security_cluster.CHECKS]
        checks += [(check, cluster) for check in security_cluster.KUBERNETES_CHECKS]

    def look(entry):
        check, source = entry
        try:
            with errors.told(f"check {check.__name__}", clients):
                return check.__name__, check(source, params), None
        except PlatformError as error:
            return check.__name__, [], str(error)

    results = parallel(look, checks)
    findings = sorted((one for _name, found, _error in results for one in found), key=lambda one: one.order())
    counts = collections.Counter(one.severity for one in findings)
    unread += [error for _name, _found, error in results if error]
    return {
        "changed": False,
        "findings": [one.as_dict() for one in findings],
        "counts": {severity: counts[severity] for severity in SEVERITIES},
        "checks": sorted(name for name, _found, error in results if not error),
        "unread": unread,
        "notices": [*map(str, findings), *(f"Not read: {text}" for text in unread)],
    }
