# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQS queues: retention, visibility, encryption, policy, tags."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.piksel.platform.plugins.module_utils import arguments, compare, errors, tagging
from ansible_collections.piksel.platform.plugins.module_utils.compare import Attribute
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import reconcile
from ansible_collections.piksel.platform.plugins.module_utils.resource import Resource

QUEUE_OPTIONS = {
    "name": {"type": "str", "required": True},
    "message_retention_period": {"type": "int"},
    "visibility_timeout": {"type": "int"},
    "encryption": {"type": "str"},
    "policy": {"type": "raw"},
    "tags": {"type": "dict", "default": {}},
}
# What `encryption` may say besides naming a KMS key.
MANAGED, NONE = "sqs", "none"
_NUMBERS = {"message_retention_period": "MessageRetentionPeriod", "visibility_timeout": "VisibilityTimeout"}
_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


class Queue(Resource):
    """A standard queue.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html

    Times are seconds; encryption is "sqs" (SSE-SQS), "none", or the KMS key of SSE-KMS.
    """

    kind = "sqs_queue"
    exists_codes = ("QueueAlreadyExists", "QueueNameExists")
    attributes = (
        Attribute("message_retention_period", default=345600),
        Attribute("visibility_timeout", default=30),
        Attribute("encryption", default=MANAGED),
        Attribute("policy", form="policy"),
        tagging.TAGS,
    )

    def __init__(self, clients, scope, key, name, wanted):
        super().__init__(clients, scope, key, name, wanted)
        self.sqs = clients.client("sqs")

    @property
    def arn(self):
        """Known before the queue exists."""
        clients = self.clients
        return f"arn:{clients.partition}:sqs:{clients.region}:{clients.account_id}:{self.name}"

    def read(self):
        """GetQueueUrl, GetQueueAttributes and ListQueueTags."""
        try:
            url = self.sqs.get_queue_url(QueueName=self.name)["QueueUrl"]
            found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            tags = self.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
        except is_boto3_error_code(_GONE):
            return None
        return {
            "url": url,
            **{path: int(found[name]) for path, name in _NUMBERS.items()},
            "encryption": _encryption(found),
            "policy": found.get("Policy") or None,
            "tags": tags,
        }

    def create(self):
        """CreateQueue with everything; the same call again finds the same queue."""
        paths = [path for path, value in self.wanted.items() if value is not None]
        url = self.sqs.create_queue(QueueName=self.name, Attributes=self._settings(paths), tags=self.wanted["tags"])[
            "QueueUrl"
        ]
        return {**{path: self.wanted[path] for path in paths}, "url": url}

    def update(self, found, changes):
        """SetQueueAttributes for all that differ, TagQueue."""
        settings = self._settings([change.path for change in changes])
        if settings:
            self.sqs.set_queue_attributes(QueueUrl=found["url"], Attributes=settings)
        tags = tagging.wanted(changes)
        if tags:
            self.sqs.tag_queue(QueueUrl=found["url"], Tags=tags)
        return {**found, **{path: value for path, value in self.wanted.items() if value is not None}}

    def _settings(self, paths):
        """The wanted attributes among these paths, as SQS wants them: text."""
        settings = {name: str(self.wanted[path]) for path, name in _NUMBERS.items() if path in paths}
        if "encryption" in paths:
            settings.update(_encryption_settings(self.wanted["encryption"]))
        if "policy" in paths:
            settings["Policy"] = compare.text(self.wanted["policy"])
        return settings

    def delete(self, found):
        """DeleteQueue, with the messages in it; for a minute nobody may make a queue of this name."""
        self.sqs.delete_queue(QueueUrl=found["url"])

    def facts(self, found):
        """{"name", "arn", "url"}; the first two are known before the queue exists."""
        return {"name": self.name, "arn": self.arn, "url": found["url"] if found else self.unknown("url")}


def _encryption(found):
    """What encrypts a queue, from the answer of GetQueueAttributes."""
    if found.get("KmsMasterKeyId"):
        return found["KmsMasterKeyId"]
    return MANAGED if str(found.get("SqsManagedSseEnabled", "")).lower() == "true" else NONE


def _encryption_settings(wanted):
    """The attributes that bring this encryption; a queue has one sort only, and an empty key ends SSE-KMS."""
    if wanted in (MANAGED, NONE):
        return {"KmsMasterKeyId": "", "SqsManagedSseEnabled": str(wanted == MANAGED).lower()}
    return {"KmsMasterKeyId": wanted}


def run_queues(params: dict, check_mode: bool, clients, progress=None) -> dict:
    """Reconcile a map of queues; result of reconcile, resources: key -> {"name", "arn", "url"}."""
    wanted = arguments.entries("queues", params["queues"], QUEUE_OPTIONS)
    queues = [_queue(clients, params, key, entry) for key, entry in wanted.items()]
    return reconcile(
        queues,
        check_mode,
        consent=params["consent"],
        orphans=lambda: _unwanted(clients, params["scope"], {queue.name for queue in queues}),
        progress=progress,
    )


def _queue(clients, params, key, entry):
    wanted = {
        "message_retention_period": entry["message_retention_period"],
        "visibility_timeout": entry["visibility_timeout"],
        "encryption": entry["encryption"],
        "policy": entry["policy"],
        "tags": arguments.tags(Queue.kind, params, key, entry),
    }
    return Queue(clients, params["scope"], key, entry["name"], wanted)


def _unwanted(clients, scope, names):
    """Queues marked for this scope whose name nobody wants any more."""
    with errors.told("queues marked as ours", clients):
        found = tagging.marked(clients, Queue.kind, scope, "sqs")
    named = {arn.rpartition(":")[2]: key for arn, key in found.items()}
    return [Queue(clients, scope, key, name, {}) for name, key in named.items() if name not in names]
