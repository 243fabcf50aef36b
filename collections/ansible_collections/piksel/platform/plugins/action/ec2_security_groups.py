# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.modules import ec2_security_groups
from ansible_collections.piksel.platform.plugins.plugin_utils.action import PlatformAction


class ActionModule(PlatformAction):
    """ec2_security_groups inside the controller's process."""

    module = ec2_security_groups
