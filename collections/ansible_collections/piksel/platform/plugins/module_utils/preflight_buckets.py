# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the names of the buckets are free or ours: all accounts share them."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils import errors, s3_lookup
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.preflight_report import Report
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel


def buckets(clients, names: dict) -> Report:
    """Look at each name (logical key -> name): another account's bucket and one in another region are findings."""
    report = Report(clients)

    def look(key):
        # In a list, as ``parallel`` would raise an error that stands alone.
        subject = f"s3_bucket {names[key]}"
        try:
            with errors.told(subject, clients):
                region = s3_lookup.bucket_region(clients, names[key])
        except PlatformError as error:
            return [error]
        elsewhere = region not in (None, clients.region)
        return [s3_lookup.wrong_region(subject, clients, region)] if elsewhere else []

    for found in parallel(look, sorted(names)):
        report.findings.extend(found)
    return report
