#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_oidc_provider
short_description: Reconcile the IAM OpenID Connect provider of an issuer
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates and updates the provider that lets roles trust the tokens of an issuer, such as those of the service
    accounts of an EKS cluster.
  - In check mode the URL may be known only after the run; then so is the ARN, and the provider is planned.
  - A provider of the same URL without mark is adopted by marking it. A provider with the mark and another URL, such as
    that of a cluster that was made anew, is planned for deletion.
options:
  scope:
    description:
      - Whose provider this is, usually the role's name. The mark on each object is C(KIND/SCOPE.KEY).
      - One scope has one provider; what else bears its mark is planned for deletion, done only with O(consent).
    type: str
    required: true
  tags:
    description: Tags that the provider gets. Tags that others put on it are left alone.
    type: dict
    default: {}
  key:
    description: Logical key of the provider.
    type: str
    default: provider
  url:
    description: URL of the issuer, with C(https://).
    type: str
    required: true
  audiences:
    description: Audiences (client ids) that tokens may be for. The provider owns all of its audiences.
    type: list
    elements: str
    default: [sts.amazonaws.com]
  thumbprints:
    description:
      - Thumbprints of the certificate authority. Without them what the provider has is left alone, since IAM trusts
        issuers of EKS by its own authorities.
    type: list
    elements: str
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
"""

EXAMPLES = r"""
- name: Let roles trust the service accounts of a cluster
  piksel.platform.iam_oidc_provider:
    region: ap-southeast-3
    scope: irsa
    url: https://oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF
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
  sample:
    - action: create
      api: aws
      kind: iam_oidc_provider
      key: irsa.provider
      object: oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF
      account: "123456789012"
      region: ap-southeast-3
      changes:
        - path: audiences
          before: null
          after: [sts.amazonaws.com]
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: The facts of RV(provider), by the provider's logical key.
  returned: always
  type: dict
  sample:
    provider:
      url: https://oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF
      arn: arn:aws:iam::123456789012:oidc-provider/oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF
provider:
  description: C(url) and C(arn) of the provider; both are unknown while the URL is.
  returned: success
  type: dict
  sample:
    url: https://oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF
    arn: arn:aws:iam::123456789012:oidc-provider/oidc.eks.ap-southeast-3.amazonaws.com/id/0123456789ABCDEF
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.iam_oidc import PROVIDER_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.iam_oidc import run_provider as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("iam",)
SPEC = runner.spec(
    AWS_ARGUMENTS,
    CONSENT_ARGUMENTS,
    SCOPE_ARGUMENTS,
    TAGS_ARGUMENTS,
    PROVIDER_ARGUMENTS,
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
