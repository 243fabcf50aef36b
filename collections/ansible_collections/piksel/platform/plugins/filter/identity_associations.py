# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pod Identity associations out of a catalogue of identities."""

from __future__ import annotations

from ansible_collections.piksel.platform.plugins.plugin_utils import identities

DOCUMENTATION = r"""
name: identity_associations
short_description: Make Pod Identity associations for a catalogue of identities
version_added: 0.1.0
description:
  - Makes an entry for M(piksel.platform.eks_pod_identity_associations) for each service account of the identities
    whose backend is C(pod_identity).
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
  role_arns:
    description: Logical key to ARN of each identity's role.
    type: dict
    required: true
  backend:
    description: How pods get their role where the identity does not say so.
    type: str
    choices: [irsa, pod_identity]
    default: irsa
"""

EXAMPLES = r"""
associations: "{{ irsa_identities | piksel.platform.identity_associations(namespaces, role_arns, backend='irsa') }}"
"""

RETURN = r"""
_value:
  description: The associations, by the identity's logical key, a dot and the service account's name.
  type: dict
"""


def identity_associations(catalogue: dict, namespaces: dict, role_arns: dict, backend: str = "irsa") -> dict:
    """Return an association for each service account that gets its role by Pod Identity."""
    return {
        identities.account_key(key, account): {
            "namespace": namespace,
            "service_account": account,
            "role_arn": role_arns[key],
            "target_role_arn": entry.get("target_role_arn") or "",
        }
        for key, entry in identities.active(catalogue).items()
        if identities.backend_of(entry, backend) == identities.POD_IDENTITY
        for namespace, account in identities.service_accounts(entry, namespaces)
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"identity_associations": identity_associations}
