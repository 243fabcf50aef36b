# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.modules import secretsmanager_secrets
from ansible_collections.piksel.platform.plugins.plugin_utils import given_secrets
from ansible_collections.piksel.platform.plugins.plugin_utils.action import PlatformAction, display


class ActionModule(PlatformAction):
    """secretsmanager_secrets inside the controller's process, which decrypts files and asks people."""

    module = secretsmanager_secrets

    def _prepared(self, params):
        return {**given_secrets.with_file(params, self._loader), "ask": given_secrets.asker(display)}
