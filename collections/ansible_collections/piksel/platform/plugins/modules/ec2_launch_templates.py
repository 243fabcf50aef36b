#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_launch_templates
short_description: Reconcile a list of EC2 launch templates
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates launch templates for nodes, with their volumes, the settings of the instance metadata service, and the tags
    of instances and volumes, all in one task.
  - What differs from the default version becomes a new version, which is made the default one. A version that is as
    wanted already is taken instead, so that nodes keep theirs when somebody else had changed the default.
  - A version is owned whole. What else somebody put into the default one, user data or an image for example, is shown
    by its name as C(other_settings) and is not in the new version.
  - A launch template of the same name without mark is adopted by marking it.
options:
  scope:
    description:
      - Whose list this is, usually the role's name. The mark on each object is C(KIND/SCOPE.KEY).
      - One scope has one list per kind; what bears its mark and is not in the list is planned for deletion, done only
        with O(consent).
    type: str
    required: true
  tags:
    description: Tags that every template of the list gets. Tags that others put on a template are left alone.
    type: dict
    default: {}
  launch_templates:
    description:
      - The launch templates, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required), the template's name.
      - C(block_devices) (list, default empty), volumes, each a map with C(device_name), C(volume_size) in GiB,
        C(volume_type) (default C(gp3)), C(encrypted) (default true), C(kms_key_id) and C(delete_on_termination)
        (default true). The entry owns all of them.
      - C(http_tokens) (C(required) or C(optional), default C(required)), whether the metadata service asks for a
        session token, as IMDSv2 does.
      - C(http_put_response_hop_limit) (integer, default 1), how far the token's answer may travel. With 1 no pod
        reaches it that has a network of its own.
      - C(instance_tags) (map) and C(volume_tags) (map), tags of what is launched.
      - C(tags) (map), tags of the template itself, besides O(tags).
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - module: piksel.platform.eks_nodegroups
"""

EXAMPLES = r"""
- name: A template for nodes with an encrypted volume
  piksel.platform.ec2_launch_templates:
    region: ap-southeast-3
    scope: node_groups
    launch_templates:
      system:
        name: example-system
        block_devices:
          - device_name: /dev/xvda
            volume_size: 20
        instance_tags:
          NodeGroup: System
"""

RETURN = r"""
changed:
  description: Whether there are operations.
  returned: always
  type: bool
operations:
  description:
    - What was done, or in check mode would be done. Each entry has C(action) (create, update, replace, delete),
      C(api), C(kind),
      C(key), C(object), C(account), C(region) and C(changes), a list of C(path), C(before), C(after).
  returned: always
  type: list
  elements: dict
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: C(name), C(id) and C(version), the number of the default version as text, of each template by its logical
    key. The number of a version that is yet to be made is known before.
  returned: always
  type: dict
  sample:
    system:
      name: example-system
      id: lt-0123456789abcdef0
      version: "1"
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.ec2_launch_templates import run_templates as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("ec2",)
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {"launch_templates": {"type": "dict", "required": True}},
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
