"""moto's SQS backend, refusing what the service refuses.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import json
import time
from typing import Any

from moto.sqs.exceptions import InvalidAttributeValue
from moto.sqs.models import Message, Queue, SQSBackend

from piksel_sandbox import internal

# How often a call that waits for messages looks.
LOOK_SECONDS = 0.1

# Attribute -> lowest and highest value; seconds, and bytes for the size of a message.
RANGES = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86400),
    "MaximumMessageSize": (1024, 1048576),
    "MessageRetentionPeriod": (60, 1209600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43200),
}


class SandboxSQSBackend(SQSBackend):
    """Attributes are checked; a call that finds its queue leaves the queue's tags alone; one sort of encryption."""

    def create_queue(self, name: str, tags: dict[str, str] | None = None, **kwargs: Any) -> Queue:
        """CreateQueue."""
        check(kwargs)
        return super().create_queue(name, None if name in self.queues else tags, **without_second_encryption(kwargs))

    def set_queue_attributes(self, queue_name: str, attributes: dict[str, Any]) -> Queue:
        """SetQueueAttributes."""
        check(attributes)
        # moto takes a policy that is not among the attributes for one that is to go.
        policy = attributes.get("Policy", self.get_queue(queue_name).policy)
        return super().set_queue_attributes(queue_name, without_second_encryption({**attributes, "Policy": policy}))

    def receive_message(
        self, queue_name: str, count: int, wait_seconds_timeout: int, *rest: Any, **more: Any
    ) -> list[Message]:
        """ReceiveMessage; while it waits, as controllers let it all the time, other calls go on."""
        end = time.monotonic() + wait_seconds_timeout
        while not (messages := super().receive_message(queue_name, count, 0, *rest, **more)):
            if time.monotonic() >= end:
                break
            with internal.left():
                time.sleep(LOOK_SECONDS)
        return messages


def check(attributes: dict[str, Any]) -> None:
    """Raises InvalidAttributeValue for a number out of range and for a policy that is no JSON object."""
    for name, (lowest, highest) in RANGES.items():
        text = str(attributes.get(name, lowest))
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise InvalidAttributeValue(name)
    policy = attributes.get("Policy")
    if policy and not _is_policy(policy):
        raise InvalidAttributeValue("Policy")


def _is_policy(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and bool(found.get("Statement"))


def without_second_encryption(attributes: dict[str, Any]) -> dict[str, Any]:
    """A KMS key switches the service's own keys off; an empty one is none."""
    key = attributes.get("KmsMasterKeyId")
    if key:
        return {**attributes, "SqsManagedSseEnabled": "false"}
    return {**attributes, "KmsMasterKeyId": None} if key == "" else attributes
