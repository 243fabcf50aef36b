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
from ansible_collections.piksel.platform.plugins.module_utils.security_finding import SEVERITIES, Finding


def run(params: dict, _check_mode: bool, clients, _progress=None) -> dict:
    """Do all checks at the same time. No write call.

    Returns {"changed": False, "findings": [{"check", "severity", "subject", "message", "advice"}], gravest first,
    "counts": {severity: number}, "checks": [names of those that could read everything], "unread": [text], "notices":
    [text]}. A check that may not read something is told under "unread": nothing found is not the same as nothing
    there.
    """
    cluster, no_cluster = _cluster(clients, params["cluster_name"])
    checks = [(check, clients) for check in security_account.CHECKS]
    if cluster:
        checks += [(check, clients) for check in security_cluster.CHECKS]
        checks += [(check, cluster) for check in security_cluster.KUBERNETES_CHECKS]
    results = parallel(lambda entry: _results(*entry, params, clients), checks)
    findings = sorted((one for _name, found, _unread in results for one in found), key=Finding.order)
    counts = collections.Counter(one.severity for one in findings)
    unread = [*no_cluster, *(text for _name, _found, texts in results for text in texts)]
    return {
        "changed": False,
        "findings": [one.as_dict() for one in findings],
        "counts": {severity: counts[severity] for severity in SEVERITIES},
        "checks": sorted(name for name, _found, texts in results if not texts),
        "unread": unread,
        "notices": [*map(str, findings), *(f"Not read: {text}" for text in unread)],
    }


def _cluster(clients, name):
    """(the cluster or None, what to tell where there is none): a run would end, a report tells of it."""
    try:
        with errors.told(f"cluster {name}", clients):
            cluster = kubernetes_client.connect(clients, name, check_mode=True)
    except PlatformError as error:
        return None, [str(error)]
    told = f"cluster {name}: there is none that can be used, so that nothing in it was read."
    return cluster, [] if cluster else [told]


def _results(check, source, params, clients):
    """(name of the check, findings, what it could not read)."""
    found, unread = [], []
    try:
        with errors.told(f"check {check.__name__}", clients):
            for one in check(source, params):
                (unread if isinstance(one, PlatformError) else found).append(one)
    except PlatformError as error:
        unread.append(error)
    return check.__name__, found, [str(error) for error in unread]
