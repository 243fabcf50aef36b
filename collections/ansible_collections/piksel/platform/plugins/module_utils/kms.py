# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customer managed KMS keys: alias, description, policy, rotation, tags.

A key has no name: it is found by its alias, else by the mark among its tags. So a run that died between making the key
and naming it finds the key again, and a create whose answer was lost makes no second one.
"""

from __future__ import annotations

import threading

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.piksel.platform.plugins.module_utils import arguments, compare, errors, ownership, tagging
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import parallel, reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

KEY_OPTIONS = {
    "alias": {"type": "str", "required": True},
    "description": {"type": "str"},
    "policy": {"type": "raw"},
    "rotation": {"type": "bool", "default": True},
    "tags": {"type": "dict", "default": {}},
}
PENDING = "PendingDeletion"
DELETION_WINDOW_DAYS = 30


class Ring:
    """The tags of all keys of the account and region, listed once for a task: KMS cannot search by tag."""

    def __init__(self, clients):
        self.clients = clients
        self.kms = clients.client("kms")
        self._lock = threading.Lock()
        self._by_mark = None

    def marked(self, mark: str, *, refresh: bool) -> str | None:
        """The id of the key that bears this mark; ``refresh`` lists the keys again."""
        with self._lock:
            if self._by_mark is None or refresh:
                self._by_mark = self._list()
            return self._by_mark.get(mark)

    def _list(self):
        ids = [key["KeyId"] for key in items(self.kms, "list_keys", "Keys")]
        marks = parallel(lambda key_id: self.tags(key_id).get(ownership.MARK), ids)
        return {mark: key_id for mark, key_id in zip(marks, ids, strict=True) if mark}

    def tags(self, key_id: str) -> dict:
        """The tags of a key; a key whose tags we may not read is none of ours."""
        try:
            tags = items(self.kms, "list_resource_tags", "Tags", KeyId=key_id)
        except is_boto3_error_code("AccessDeniedException"):
            return {}
        return boto3_tag_list_to_ansible_dict(tags, "TagKey", "TagValue")


class Key(Resource):
    """A symmetric key. https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html

    Attribute ``state`` is wanted "Enabled": a disabled key is enabled again, a deletion is cancelled only with
    consent.
    """

    kind = "kms_key"
    attributes = (
        Attribute("state"),
        Attribute("alias"),
        Attribute("description", default=""),
        Attribute("policy", form="policy"),
        Attribute("rotation"),
        tagging.TAGS,
    )

    def __init__(self, ring, scope, key, name, wanted):
        super().__init__(ring.clients, scope, key, name, wanted)
        self.kms = self.clients.client("kms")
        self.ring = ring
        self._looked = False

    def read(self):
        """DescribeKey by alias, else the key that bears our mark; then policy, rotation and tags."""
        try:
            metadata = self.kms.describe_key(KeyId=self.name)["KeyMetadata"]
        except is_boto3_error_code("NotFoundException"):
            metadata = self._marked()
            return self._found(metadata, alias=None) if metadata else None
        return self._found(metadata, alias=self.name)

    def _marked(self):
        """The key that bears our mark; one that is about to be deleted does not count, nothing blocks its successor."""
        key_id = self.ring.marked(self.mark, refresh=self._looked)
        self._looked = True
        metadata = self.kms.describe_key(KeyId=key_id)["KeyMetadata"] if key_id else {}
        return metadata if metadata.get("KeyState") not in (None, PENDING) else None

    def _found(self, metadata, alias):
        key_id = metadata["KeyId"]
        found = {
            "key_id": key_id,
            "arn": metadata["Arn"],
            "state": metadata["KeyState"],
            "deletion_date": metadata.get("DeletionDate"),
            "alias": alias,
            "description": metadata.get("Description", ""),
            "tags": self.ring.tags(key_id),
        }
        if found["state"] != PENDING:
            found["policy"] = self.kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
            found["rotation"] = self.kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]
        return found

    def changes(self, found):
        """Of a key about to be deleted only the state can be told and changed."""
        if found["state"] == PENDING:
            return compare.changes([Attribute("state")], self.wanted, found)
        return super().changes(found)

    def gate(self, found, _changes):
        """Cancelling a deletion that somebody asked for needs the word "restore"."""
        return "restore" if found["state"] == PENDING else None

    def unusable(self, found):
        """A key about to be deleted encrypts nothing."""
        if found["state"] == PENDING:
            return f"the key {found['key_id']} is scheduled for deletion on {found['deletion_date']}"
        return None

    def create(self):
        """CreateKey with description, policy and tags, the mark among them; alias and rotation follow."""
        given = {"Description": self.wanted.get("description"), "Policy": self.wanted.get("policy")}
        if given["Policy"]:
            given["Policy"] = compare.text(given["Policy"])
        metadata = self.kms.create_key(
            Tags=ansible_dict_to_boto3_tag_list(self.wanted["tags"], "TagKey", "TagValue"),
            **{name: value for name, value in given.items() if value},
        )["KeyMetadata"]
        return {
            "key_id": metadata["KeyId"],
            "arn": metadata["Arn"],
            "state": "Enabled",
            "alias": None,
            "description": metadata.get("Description", ""),
            "policy": self.wanted.get("policy"),
            "rotation": False,
            "tags": self.wanted["tags"],
        }

    def update(self, found, changes):
        """One call per attribute that differs; a cancelled deletion is followed by everything that hid behind it."""
        key_id = found["key_id"]
        if tagging.touches(changes, "state"):
            if found["state"] == PENDING:
                self.kms.cancel_key_deletion(KeyId=key_id)
            self.kms.enable_key(KeyId=key_id)
            found = self._found(self.kms.describe_key(KeyId=key_id)["KeyMetadata"], found["alias"])
            changes = self.changes(found)
        if tagging.touches(changes, "alias"):
            self._name(key_id)
        if tagging.touches(changes, "description"):
            self.kms.update_key_description(KeyId=key_id, Description=self.wanted["description"])
        if tagging.touches(changes, "policy"):
            self.kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=compare.text(self.wanted["policy"]))
        if tagging.touches(changes, "rotation"):
            (self.kms.enable_key_rotation if self.wanted["rotation"] else self.kms.disable_key_rotation)(KeyId=key_id)
        tags = tagging.wanted(changes)
        if tags:
            self.kms.tag_resource(KeyId=key_id, Tags=ansible_dict_to_boto3_tag_list(tags, "TagKey", "TagValue"))

    def _name(self, key_id):
        try:
            self.kms.create_alias(AliasName=self.name, TargetKeyId=key_id)
        except is_boto3_error_code("AlreadyExistsException"):
            # The second try of a call whose answer was lost, or somebody was quicker: either way the alias ends here.
            self.kms.update_alias(AliasName=self.name, TargetKeyId=key_id)

    def facts(self, found):
        """Alias, id and ARN; id and ARN are not known before the key exists."""
        if found is None:
            return {"alias": self.name, "key_id": self.unknown("key_id"), "arn": self.unknown("arn")}
        return {"alias": self.name, "key_id": found["key_id"], "arn": found["arn"]}


def run_keys(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of keys; result of reconcile, resources: key -> {"alias", "key_id", "arn"}."""
    ring = Ring(clients)
    wanted = arguments.entries("keys", params["keys"], KEY_OPTIONS)
    keys = [_key(ring, params, key, entry) for key, entry in wanted.items()]
    return reconcile(
        keys,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(ring, params["scope"], set(wanted)),
        progress=progress,
    )


def _key(ring, params, key, entry):
    alias = entry["alias"]
    alias = alias if alias.startswith("alias/") else f"alias/{alias}"
    wanted = {
        "state": "Enabled",
        "alias": alias,
        "description": entry["description"],
        "policy": entry["policy"],
        "rotation": entry["rotation"],
        "tags": arguments.tags(Key.kind, params, key, entry),
    }
    return Key(ring, params["scope"], key, alias, wanted)


def _unwanted(ring, scope, wanted):
    """Keys marked for this scope that nobody wants any more and that are not on their way out already."""
    with errors.told("keys marked as ours", ring.clients):
        found = tagging.marked(ring.clients, Key.kind, scope, "kms")
        unwanted = {arn.rpartition("/")[2]: key for arn, key in found.items() if key not in wanted}
        return [
            UnwantedKey(ring, scope, key, key_id, {})
            for key_id, key in unwanted.items()
            if ring.kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] != PENDING
        ]


class UnwantedKey(Key):
    """A key that no entry wants; its name here is its id."""

    def delete(self, _found):
        """ScheduleKeyDeletion, with the longest time to think again."""
        self.kms.schedule_key_deletion(KeyId=self.name, PendingWindowInDays=DELETION_WINDOW_DAYS)
