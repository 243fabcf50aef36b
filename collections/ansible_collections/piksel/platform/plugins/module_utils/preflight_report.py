# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look-up of preflight gives back."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError


class Report:
    """What a look-up found: ``findings`` (PlatformError) stop the run, ``warnings`` (text) do not, ``facts`` serve
    later stages. Findings name the account and region of ``clients``."""

    def __init__(self, clients, **facts):
        self.clients = clients
        self.findings = []
        self.warnings = []
        self.facts = facts

    def find(self, subject, message, advice=None):
        """Note something that must be put right first."""
        place = {"account": self.clients.account_id, "region": self.clients.region}
        self.findings.append(PlatformError(message, subject=subject, advice=advice, **place))

    def warn(self, subject, message):
        """Note something to know about."""
        self.warnings.append(str(PlatformError(message, subject=subject)))
