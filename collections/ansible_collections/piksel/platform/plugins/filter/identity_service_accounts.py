# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Service accounts out of a catalogue of identities."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.plugin_utils import identities

DOCUMENTATION = r"""
name: identity_service_accounts
short_description: Make manifests of service accounts for a catalogue of identities
version_added: 0.1.0
description:
  - Makes a manifest for M(piksel.platform.k8s_objects) for each service account of the identities that say
    C(make_service_accounts).
  - The annotation C(eks.amazonaws.com/role-arn) names the role, unless pods get it by EKS Pod Identity.
positional: _input
author: Piksel platform contributors (@piksel-platform)
options:
  _input:
    description: Logical key to identity.
    type: dict
    required: true
  namespaces:
    description: Logical key to name of each namespace.
    type: dict
    required: true
  account_id:
    description: Id of the account that the roles are in.
    type: str
    required: true
  backend:
    description: How pods get their role where the identity does not say so.
    type: str
    choices: [irsa, pod_identity]
    default: irsa
  partition:
    description: AWS partition.
    type: str
    default: aws
"""

EXAMPLES = r"""
objects: "{{ irsa_identities | piksel.platform.identity_service_accounts(namespaces, '123456789012') }}"
"""

RETURN = r"""
_value:
  description: The manifests, by the identity's logical key, a dot and the service account's name.
  type: dict
"""

ANNOTATION = "eks.amazonaws.com/role-arn"


def identity_service_accounts(
    catalogue: dict, namespaces: dict, account_id: str, backend: str = "irsa", partition: str = "aws"
) -> dict:
    """Return a manifest for each service account that is ours to make.

    https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
    """
    manifests = {}
    for key, entry in identities.active(catalogue).items():
        if not entry.get("make_service_accounts"):
            continue
        annotated = identities.backend_of(entry, backend) != identities.POD_IDENTITY
        for namespace, account in identities.service_accounts(entry, namespaces):
            metadata = {"name": account, "namespace": namespace}
            if annotated:
                metadata["annotations"] = {ANNOTATION: identities.role_arn(entry, account_id, partition)}
            manifests[identities.account_key(key, account)] = {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": metadata,
            }
    return manifests


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"identity_service_accounts": identity_service_accounts}
