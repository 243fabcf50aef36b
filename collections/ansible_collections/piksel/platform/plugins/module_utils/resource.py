# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base class of everything that the core reconciles, and the operations it plans."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from ansible_collections.piksel.platform.plugins.module_utils import compare, ownership, unknown
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError


@dataclass
class Operation:
    """One planned or done operation on one object; ``as_dict()`` is the shape that results show."""

    action: str
    resource: Resource
    changes: list = field(default_factory=list)
    consent: str | None = None

    def as_dict(self) -> dict:
        """{"action", "api", "kind", "key", "object", "account", "region"[, "cluster"], "changes"[, "consent"]}."""
        resource = self.resource
        shown = {
            "action": self.action,
            "api": resource.api,
            "kind": resource.kind,
            "key": resource.full_key,
            "object": resource.object,
            **resource.place(),
            "changes": [change.as_dict() for change in self.changes],
        }
        if self.consent:
            shown["consent"] = self.consent
        return shown


class Resource(ABC):
    """One object that the catalogue wants (or, as an orphan, no longer wants).

    A kind is a subclass that sets ``kind``, ``attributes`` (compare.Attribute) and writes ``read``, ``create``,
    ``update`` and, where objects can go, ``delete``. ``wanted`` is flat: attribute path -> value; None or absent means
    "not ours to say". Wanted and found values have the same form. Methods may raise botocore's errors: the core names
    object and call.
    """

    kind = ""
    api = "aws"
    attributes = ()
    # Objects of a lower wave are made before those of a higher one in the same list, and deleted after them.
    wave = 0
    # Codes by which the service says that the object exists: after a lost answer our own create comes back as one of
    # these.
    exists_codes = ()
    # The action word of the consent that ``restrictions`` asks for.
    restriction = "restrict"
    # progress(text), set by the core, takes a line while a method waits; None shows nothing.
    progress = None

    def __init__(self, clients, scope: str, key: str, name: str, wanted: dict):
        self.clients = clients
        self.scope = scope
        self.key = key
        self.name = name
        self.wanted = wanted

    @property
    def full_key(self) -> str:
        """ "<scope>.<logical key>"."""
        return ownership.full_key(self.scope, self.key)

    @property
    def mark(self) -> str:
        """The value of the ownership tag."""
        return ownership.mark(self.kind, self.scope, self.key)

    @property
    def object(self) -> str:
        """The object's name as calls name it."""
        return self.name

    @property
    def subject(self) -> str:
        """Kind and name, for errors and progress lines."""
        return f"{self.kind} {self.name}"

    def place(self) -> dict:
        """Where the object lives, for operations."""
        return {"account": self.clients.account_id, "region": self.clients.region}

    def consent_word(self, action: str) -> str:
        """The word that allows ``action`` on this object."""
        return ownership.consent_word(action, self.kind, self.full_key)

    def unknown(self, attribute: str) -> str:
        """The stand-in for an attribute that exists only after this object was created."""
        return unknown.make(self.kind, self.full_key, attribute)

    @abstractmethod
    def read(self) -> dict | None:
        """The object as found, flat like ``wanted``, or None when it does not exist. No write calls."""

    def create(self) -> dict:
        """Make the object and return it as found; what is still missing is then brought by ``update``."""
        raise PlatformError("objects of this kind are never made by the platform", subject=self.subject)

    @abstractmethod
    def update(self, found: dict, changes: list) -> dict | None:
        """Carry out these changes on the object as found; return it as found afterwards, or None for "as wanted"."""

    def delete(self, found: dict) -> None:
        """Delete the object and wait until it is gone."""
        raise PlatformError("objects of this kind are never deleted by the platform", subject=self.subject)

    def settle(self, found: dict | None, _check_mode: bool) -> dict | None:
        """Deal with what an earlier run left in motion, before planning; returns the object as found then.

        Outside check mode wait for it; in check mode say how it will end. No write calls in either.
        """
        return found

    def refusals(self, _found: dict | None, _changes: list) -> list:
        """What the service would refuse, as PlatformErrors; they end the task before any write."""
        return []

    def removal_refusals(self, _found: dict, _action: str) -> list:
        """What stands in the way of deleting the object, as PlatformErrors; they end the task before any write.

        Asked where a "delete" or a "replace" (the action) has its consent.
        """
        return []

    def gate(self, _found: dict, changes: list) -> str | None:
        """The action word ("replace", "restore") whose consent these changes need, None when none is needed."""
        return "replace" if any(change.immutable for change in changes) else None

    def restrictions(self, changes: list) -> tuple:
        """(changes that need no consent for this, changes held until the consent ``restriction`` is given)."""
        return changes, []

    def unusable(self, _found: dict) -> str | None:
        """Why the object cannot serve as it is; then a held change fails the run instead of being passed over."""
        return None

    def facts(self, _found: dict | None) -> dict:
        """What later steps need of the object; unknown strings where it does not exist yet (found is None)."""
        return {"name": self.name}

    def changes(self, found: dict) -> list:
        """What differs between wanted and found."""
        return compare.changes(self.attributes, self.wanted, found)

    def creation(self) -> list:
        """What a create operation shows."""
        return compare.creation(self.attributes, self.wanted)
