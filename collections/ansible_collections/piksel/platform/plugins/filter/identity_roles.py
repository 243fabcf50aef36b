# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles out of a catalogue of identities."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.plugin_utils import identities

DOCUMENTATION = r"""
name: identity_roles
short_description: Make roles for a catalogue of identities
version_added: 0.1.0
description:
  - Turns the identities that are not switched off into entries for M(piksel.platform.iam_roles).
  - The trust policy names exactly the service accounts of the identity, by subject and audience of the cluster's OIDC
    provider, or by the session tags of EKS Pod Identity; or it names exactly the trusted principals.
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
  provider:
    description: C(arn), C(issuer) and C(audiences) of the cluster's OIDC provider.
    type: dict
    required: true
  policy_arns:
    description: Logical key to ARN of the policies that identities name in C(policies).
    type: dict
    required: true
  cluster_name:
    description: Name of the cluster.
    type: str
    required: true
  backend:
    description: How pods get their role where the identity does not say so.
    type: str
    choices: [irsa, pod_identity]
    default: irsa
  permissions_boundary:
    description: ARN of the boundary of every role that has none of its own.
    type: str
"""

EXAMPLES = r"""
roles: "{{ irsa_identities | piksel.platform.identity_roles(namespaces={'odc': 'open-datacube'}, provider=provider,
  policy_arns={}, cluster_name='example') }}"
"""

RETURN = r"""
_value:
  description: The roles by logical key.
  type: dict
"""


def identity_roles(
    catalogue: dict,
    namespaces: dict,
    provider: dict,
    policy_arns: dict,
    cluster_name: str,
    backend: str = "irsa",
    permissions_boundary: str | None = None,
) -> dict:
    """Return a role for each active identity; raises AnsibleFilterError for a namespace or policy nobody knows."""
    roles = {}
    for key, entry in identities.active(catalogue).items():
        try:
            roles[key] = {
                "name": entry["role_name"],
                "path": entry.get("role_path") or "/",
                "assume_role_policy": identities.trust(entry, namespaces, backend, provider, cluster_name),
                "managed_policies": [
                    *(entry.get("managed_policies") or []),
                    *(policy_arns[name] for name in entry.get("policies") or []),
                ],
                "tags": {"Purpose": entry["purpose"]} if entry.get("purpose") else {},
            }
        except KeyError as error:
            raise AnsibleFilterError(f"identity {key}: nobody knows {error}") from error
        boundary = entry.get("permissions_boundary") or permissions_boundary
        if boundary:
            roles[key]["permissions_boundary"] = boundary
    return roles


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        """Name to function."""
        return {"identity_roles": identity_roles}
