# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.modules import database_objects
from ansible_collections.piksel.platform.plugins.plugin_utils.action import PlatformAction


class ActionModule(PlatformAction):
    """database_objects inside the controller's process."""

    module = database_objects
