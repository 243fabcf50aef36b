# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who owns an object: a tag on AWS objects, a label on Kubernetes objects.

The mark is ``piksel-platform/key = <kind>/<scope>.<logical key>``. A marked object that the catalogue no longer wants
is planned for deletion, and deleted only with consent; an object of the same name without a mark is adopted by marking
it.
"""

from __future__ import annotations

import hashlib

MARK = "piksel-platform/key"


def full_key(scope: str, key: str) -> str:
    """ "<scope>.<logical key>", the key of operations and unknown values."""
    return f"{scope}.{key}"


def mark(kind: str, scope: str, key: str) -> str:
    """The mark's value on AWS: "<kind>/<scope>.<key>"."""
    return f"{kind}/{full_key(scope, key)}"


def label(kind: str, scope: str, key: str) -> str:
    """The mark's value as Kubernetes label: no "/", at most 63 characters; what does not fit ends in a hash."""
    text = mark(kind, scope, key).replace("/", ".")
    if len(text) <= 63 and text[-1].isalnum():
        return text
    return f"{text[:54]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def marked_key(value: str | None, kind: str, scope: str) -> str | None:
    """The logical key in an AWS mark when it belongs to this kind and scope, else None."""
    prefix = f"{kind}/{scope}."
    return value[len(prefix) :] if value and value.startswith(prefix) else None


def consent_word(action: str, kind: str, key: str) -> str:
    """The exact word that allows a held operation, e.g. "delete:iam_role/eks_cluster.old" (key is the full key)."""
    return f"{action}:{kind}/{key}"
