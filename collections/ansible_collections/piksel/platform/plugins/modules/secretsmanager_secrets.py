#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secretsmanager_secrets
short_description: Make secrets in AWS Secrets Manager, once
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Makes and updates secrets of AWS Secrets Manager, all in one task. Values never leave it. No result, difference or
    message holds one.
  - A generated value is made inside the module, stored once, and made anew by word only.
  - A manual value comes from another system. It is a JSON object with the keys that its entry declares, and is checked
    before anything is written. It is taken from the environment, from a file that Ansible Vault encrypted, from a
    person, or stands in Secrets Manager already.
  - A manual value that differs from the stored one is written with the consent C(rotate:secret/SCOPE.KEY) only.
  - A secret that is scheduled for deletion is restored.
options:
  scope:
    description:
      - Whose list this is, usually the role's name. The mark on each object is C(KIND/SCOPE.KEY).
      - One scope has one list per kind; what bears its mark and is not in the list is planned for deletion, done only
        with O(consent). Secrets Manager carries it out after thirty days.
    type: str
    required: true
  tags:
    description: Tags that every secret of the list gets. Tags that others put on one are left alone.
    type: dict
    default: {}
  secrets:
    description:
      - The secrets, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required).
      - C(generate) (string), the form of a generated value. V(password) is 32 characters that are safe in a URL,
        V(hex) 32 bytes as hexadecimal digits, V(token) 64 lower case letters and digits, V(ed25519) an SSH key pair, a
        JSON object with C(identity), the private half, and C(identity.pub).
      - C(made_after) (string), a date such as V(2026-01-31). A generated value that is older is made anew, with the
        consent C(rotate:secret/SCOPE.KEY) only.
      - C(keys) (list of strings), the keys of a manual value. An entry has either this or C(generate).
      - C(description) (string), which everybody may see.
      - C(kms_key_id) (string), ARN of a key; empty text for the service's own key.
      - C(tags) (map), besides O(tags).
      - An option that is left out is not changed.
    type: dict
    required: true
  values_file:
    description:
      - File with manual values, name of the secret to a map of its keys. Ansible Vault must have encrypted all of it.
      - The environment variable of a secret comes before it. That of C(argo-oauth-dev) is
        C(PIKSEL_SECRET_ARGO_OAUTH_DEV).
    type: path
  prompt:
    description: Whether a person is asked for manual values that are given nowhere.
    type: bool
    default: false
  allow_missing:
    description: Whether the task goes on without manual values that are given nowhere.
    type: bool
    default: false
  on_restore:
    description:
      - Whether a secret that was scheduled for deletion keeps its value when it is restored, or gets the one that is
        given or generated.
    type: str
    choices: [keep, overwrite]
    default: keep
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: A password that nobody needs to know, and a client of an identity provider
  piksel.platform.secretsmanager_secrets:
    region: ap-southeast-3
    scope: secrets
    secrets:
      database:
        name: database-password
        generate: password
      oauth:
        name: example-oauth
        keys: [client_id, client_secret]
        description: OAuth client of the example
"""

RETURN = r"""
changed:
  description: Whether there are operations.
  returned: always
  type: bool
operations:
  description:
    - What was done, or in check mode would be done. Each entry has C(action) (create, update, delete), C(api),
      C(kind), C(key), C(object), C(account), C(region) and C(changes), a list of C(path), C(before), C(after).
    - In place of a value stands C((sensitive)).
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      api: aws
      kind: secret
      key: secrets.database
      object: database-password
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: value
          before: null
          after: (sensitive)
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description:
    - C(name), C(arn) and C(version_id) of each secret by its logical key, and C(public_key) of a key pair. Of a secret
      that is yet to be made only the name is known.
  returned: always
  type: dict
  sample:
    database:
      name: database-password
      arn: arn:aws:secretsmanager:ap-southeast-3:123456789012:secret:database-password-a1b2c3
      version_id: 5e000000-90ab-4cde-8f01-23456789abcd
missing:
  description: Logical keys of the manual secrets that have no value anywhere, with O(allow_missing).
  returned: success
  type: list
  elements: str
  sample: []
renewed:
  description: Logical keys of the secrets that got another value, or in check mode would get one.
  returned: success
  type: list
  elements: str
  sample: []
notices:
  description: What is worth knowing, such as the command that gives a missing secret.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.secretsmanager import run_secrets as run

SERVICES = ("secretsmanager",)
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    {
        "secrets": {"type": "dict", "required": True, "no_log": False},
        "values_file": {"type": "path"},
        "prompt": {"type": "bool", "default": False},
        "allow_missing": {"type": "bool", "default": False},
        "on_restore": {"type": "str", "choices": ["keep", "overwrite"], "default": "keep"},
    },
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
