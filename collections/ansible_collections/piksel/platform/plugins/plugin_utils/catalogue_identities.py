# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a catalogue of identities may not say. Pure: no call."""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.piksel.platform.plugins.module_utils.iam_policies import characters
from ansible_collections.piksel.platform.plugins.plugin_utils import identities as derive
from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem

# Quotas that every account begins with: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
TRUST_CHARACTERS = 2048
POLICIES_PER_ROLE = 10
# As long as the real ones, which exist only after the cluster.
_ISSUER_ID = "0" * 32
_ACCOUNT = "0" * 12


def identities(catalogue: dict, variables: dict) -> t.Iterator[Problem]:
    """Every problem of the identities that are not switched off."""
    namespaces = variables.get("irsa_namespaces") or {}
    policies = variables.get("irsa_policies") or {}
    names: dict[str, str] = {}
    owners: dict[str, str] = {}
    for key, entry in derive.active(catalogue).items():
        first = names.setdefault(str(entry.get("role_name")).lower(), key)
        if first != key:
            yield Problem([key, "role_name"], f"{entry['role_name']} is the role of {first} already")
        yield from _policies(key, entry, policies)
        wrong = list(_trusted(key, entry, namespaces))
        yield from wrong
        if not wrong:
            yield from _distinct(key, derive.subjects(entry, namespaces), owners)
            yield from _length(key, entry, namespaces, variables)


def _trusted(key, entry, namespaces):
    """Whether the entry says completely, and in one way, who may take its role."""
    by_account, by_principal = entry.get("service_accounts"), entry.get("trusted_principals")
    if bool(by_account) == bool(by_principal):
        yield Problem([key], "an identity needs either service_accounts or trusted_principals")
        return
    if by_principal:
        return
    namespace = entry.get("namespace")
    if namespace not in namespaces:
        near = difflib.get_close_matches(str(namespace), namespaces, 1)
        known = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(namespaces)}."
        accounts = ", ".join(map(str, by_account))
        yield Problem(
            [key, "namespace"], f"service account {accounts} is in namespace {namespace}, which nobody knows", known
        )
    yield from (
        Problem([key, "service_accounts"], f"{account} stands twice")
        for account in sorted({one for one in by_account if by_account.count(one) > 1})
    )


def _policies(key, entry, policies):
    own = entry.get("policies") or []
    for name in own:
        if name not in policies:
            near = difflib.get_close_matches(str(name), policies, 1)
            yield Problem(
                [key, "policies"], f"nobody knows a policy {name}", f"Did you mean {near[0]}?" if near else None
            )
        elif name not in derive.active(policies):
            yield Problem([key, "policies"], f"the policy {name} is switched off", "Switch the identity off with it.")
    number = len(own) + len(entry.get("managed_policies") or [])
    if number > POLICIES_PER_ROLE:
        yield Problem([key], f"a role takes {POLICIES_PER_ROLE} policies, not {number}", "Put some of them together.")


def _distinct(key, subjects, owners):
    """Two roles for one service account: its annotation names only one of them."""
    for one in subjects:
        first = owners.setdefault(one, key)
        if first != key:
            yield Problem(
                [key, "service_accounts"], f"{one} is the subject of {first} already", "Put both into one identity."
            )


def _length(key, entry, namespaces, variables):
    issuer = f"https://oidc.eks.{variables.get('irsa_aws_region')}.amazonaws.com/id/{_ISSUER_ID}"
    arn = f"arn:aws:iam::{_ACCOUNT}:oidc-provider/{issuer.removeprefix(derive.SCHEME)}"
    provider = {"arn": arn, "issuer": issuer, "audiences": variables.get("irsa_audiences") or ["sts.amazonaws.com"]}
    cluster = str(variables.get("irsa_cluster_name"))
    length = characters(derive.trust(entry, namespaces, variables.get("irsa_backend") or "irsa", provider, cluster))
    if length > TRUST_CHARACTERS:
        message = f"the trust policy would have {length} characters, IAM takes {TRUST_CHARACTERS}"
        yield Problem([key], message, "Divide it into two identities.")


RULES = {"irsa_identities": identities}
