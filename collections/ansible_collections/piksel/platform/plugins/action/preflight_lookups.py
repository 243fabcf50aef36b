# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.modules import preflight_lookups
from ansible_collections.piksel.platform.plugins.plugin_utils import given_secrets
from ansible_collections.piksel.platform.plugins.plugin_utils.action import PlatformAction


class ActionModule(PlatformAction):
    """preflight_lookups inside the controller's process, which decrypts files."""

    module = preflight_lookups

    def _prepared(self, params):
        return {**params, "secrets_given": given_secrets.with_file(params["secrets_given"], self._loader)}
