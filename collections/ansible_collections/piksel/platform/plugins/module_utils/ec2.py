# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags on EC2 objects that others own: only the named ones are set and repaired."""

from __future__ import annotations

import threading

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.piksel.platform.plugins.module_utils import tagging, unknown
from ansible_collections.piksel.platform.plugins.module_utils.clients import items
from ansible_collections.piksel.platform.plugins.module_utils.errors import PlatformError
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

TAG_ENTRY_OPTIONS = {
    "key": {"type": "str", "required": True, "no_log": False},
    "resource_id": {"type": "str", "required": True},
    "tags": {"type": "dict", "required": True},
    "unique_tags": {"type": "list", "elements": "str", "default": [], "no_log": False},
}
BATCH = 200


class TagReader:
    """The tags of all objects of a task, read at once.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html
    """

    def __init__(self, clients, resource_ids):
        self.ec2 = clients.client("ec2")
        self.resource_ids = [given for given in resource_ids if not unknown.is_unknown(given)]
        self._lock = threading.Lock()
        self._tags = None

    def tags(self, resource_id: str) -> dict:
        """The tags of one object; none for an object that does not exist (yet)."""
        with self._lock:
            if self._tags is None:
                self._tags = self._read()
            return self._tags.get(resource_id, {})

    def _read(self):
        found = {}
        for start in range(0, len(self.resource_ids), BATCH):
            batch = self.resource_ids[start : start + BATCH]
            for tag in self.find({"resource-id": batch}):
                found.setdefault(tag["ResourceId"], {})[tag["Key"]] = tag["Value"]
        return found

    def find(self, filters: dict) -> list:
        """All tags that match: name of a filter -> list of values."""
        given = [{"Name": name, "Values": values} for name, values in filters.items()]
        return items(self.ec2, "describe_tags", "Tags", Filters=given)


class ObjectTags(Resource):
    """Some tags of one object; the object itself and its other tags are not ours, so there is no mark."""

    kind = "ec2_tags"
    attributes = (tagging.TAGS,)

    def __init__(self, clients, reader, scope, entry):
        wanted = {"tags": {str(name): str(value) for name, value in entry["tags"].items()}}
        super().__init__(clients, scope, entry["key"], entry["resource_id"], wanted)
        self.reader = reader
        self.unique = entry["unique_tags"]

    def read(self):
        """DescribeTags; an object that will exist only after the run has none yet."""
        return {"tags": self.reader.tags(self.name)}

    def refusals(self, _found, _changes):
        """A tag that one object of its type may carry is on no other; an object to come has no type yet."""
        if unknown.is_unknown(self.name):
            return []
        return [self._not_alone(name, other) for name in self.unique for other in self._others(name)]

    def _others(self, name):
        """The ids of other objects of the same type (ids start with it) that carry the same tag."""
        carriers = self.reader.find({"key": [name], "value": [self.wanted["tags"][name]]})
        ids = {tag["ResourceId"] for tag in carriers} - {self.name}
        return sorted(other for other in ids if other.partition("-")[0] == self.name.partition("-")[0])

    def _not_alone(self, name, other):
        return PlatformError(
            f"tag {name}={self.wanted['tags'][name]} may be on one object only, and {other} has it",
            subject=self.subject,
            advice=f"Take the tag off {other}.",
            **self.place(),
        )

    def update(self, _found, changes):
        """CreateTags, which overwrites. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html"""
        self.reader.ec2.create_tags(Resources=[self.name], Tags=ansible_dict_to_boto3_tag_list(tagging.wanted(changes)))

    def facts(self, _found):
        """The object's id."""
        return {"resource_id": self.name}


def run_tags(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile tags on a list of objects; result of reconcile, resources: key -> {"resource_id"}."""
    reader = TagReader(clients, [entry["resource_id"] for entry in params["objects"]])
    objects = [ObjectTags(clients, reader, params["scope"], entry) for entry in params["objects"]]
    return reconcile(objects, check_mode, progress=progress)
