# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from an entry of the catalogue of identities: subjects, trust, backend. Pure: no call.

An entry says ``role_name``, and either ``namespace`` (a logical key) with ``service_accounts`` (names), or
``trusted_principals`` (ARNs). Everything else that names a subject is derived here, in one place.
"""

from __future__ import annotations

VERSION = "2012-10-17"
SCHEME = "https://"
POD_IDENTITY = "pod_identity"
POD_SERVICE = "pods.eks.amazonaws.com"


def active(catalogue: dict) -> dict:
    """The entries that are not switched off."""
    return {key: entry for key, entry in catalogue.items() if entry.get("enabled", True)}


def service_accounts(entry: dict, namespaces: dict) -> list[tuple[str, str]]:
    """(namespace, name) of each service account of an entry; ``namespaces`` maps logical keys to names.

    Raises KeyError for a logical key that the map lacks.
    """
    accounts = entry.get("service_accounts") or []
    return [(namespaces[entry["namespace"]], account) for account in accounts]


def subject(namespace: str, account: str) -> str:
    """How tokens name a service account. https://kubernetes.io/docs/reference/access-authn-authz/authentication/"""
    return f"system:serviceaccount:{namespace}:{account}"


def subjects(entry: dict, namespaces: dict) -> list[str]:
    """The subjects of an entry, in its order."""
    return [subject(*account) for account in service_accounts(entry, namespaces)]


def account_key(key: str, account: str) -> str:
    """The logical key of what belongs to one service account of an entry."""
    return f"{key}.{account}"


def backend_of(entry: dict, backend: str) -> str | None:
    """How the pods of an entry get its role, ``backend`` unless it says otherwise; None where no pod does."""
    return (entry.get("backend") or backend) if entry.get("service_accounts") else None


def trust(entry: dict, namespaces: dict, backend: str, provider: dict, cluster_name: str) -> dict:
    """The trust policy of an entry's role: exactly its service accounts, or exactly its principals.

    ``provider``: {"arn", "issuer", "audiences"} of the cluster's OIDC provider.
    """
    chosen = backend_of(entry, backend)
    if chosen is None:
        return document([_statement({"AWS": _one_or_all(entry["trusted_principals"])}, "sts:AssumeRole")])
    accounts = service_accounts(entry, namespaces)
    if chosen == POD_IDENTITY:
        return document([_pod_identity(accounts, cluster_name)])
    return document([_web_identity([subject(*account) for account in accounts], provider)])


def _web_identity(names, provider):
    """https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html"""
    issuer = provider["issuer"].removeprefix(SCHEME)
    return _statement(
        {"Federated": provider["arn"]},
        "sts:AssumeRoleWithWebIdentity",
        {f"{issuer}:sub": _one_or_all(names), f"{issuer}:aud": _one_or_all(provider["audiences"])},
    )


def _pod_identity(accounts, cluster_name):
    """EKS tells by session tags whose pod it assumes the role for.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    """
    tags = {
        "eks-cluster-name": cluster_name,
        "kubernetes-namespace": _one_or_all(sorted({namespace for namespace, _account in accounts})),
        "kubernetes-service-account": _one_or_all([account for _namespace, account in accounts]),
    }
    return _statement(
        {"Service": POD_SERVICE},
        ["sts:AssumeRole", "sts:TagSession"],
        {f"aws:RequestTag/{name}": value for name, value in tags.items()},
    )


def document(statements: list) -> dict:
    """A policy document of these statements."""
    return {"Version": VERSION, "Statement": statements}


def role_arn(entry: dict, account_id: str, partition: str = "aws") -> str:
    """The ARN of an entry's role, which is known before the role exists."""
    return f"arn:{partition}:iam::{account_id}:role{entry.get('role_path') or '/'}{entry['role_name']}"


def _statement(principal, action, equals=None):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {**statement, "Condition": {"StringEquals": equals}} if equals else statement


def _one_or_all(values):
    """IAM keeps a list of one as it is; a single value reads better."""
    return values[0] if len(values) == 1 else values
