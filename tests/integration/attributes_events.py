"""How somebody changes each attribute of the queues and the rules behind our back."""

from __future__ import annotations

import json
from collections.abc import Callable

from integration.estate import Platform
from integration.estate_events import ENCRYPTED, PATTERN, QUEUE, RULE, queue_arn, queue_policy
from integration.tampering import MARK, Tampering

QUEUE_KIND, RULE_KIND = "sqs_queue", "eventbridge_rule"
SHARED_TAGS = ("tags.Owner", "tags.Project", f"tags.{MARK}")
TAKEN = [{"Key": "Owner", "Value": "theirs"}]


def sqs(operation: str, name: str = QUEUE, **arguments: object) -> Callable[[Platform], object]:
    """A call of SQS on one of the queues."""

    def change(platform: Platform) -> None:
        client = platform.client("sqs")
        getattr(client, operation)(QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"], **arguments)

    return change


def setting(name: str, value: str, queue: str = QUEUE) -> Callable[[Platform], object]:
    """SetQueueAttributes of one attribute."""
    return sqs("set_queue_attributes", queue, Attributes={name: value})


def open_queue(platform: Platform) -> None:
    """Let another service send to the queue."""
    policy = queue_policy(platform.account, "events.amazonaws.com", "sns.amazonaws.com")
    setting("Policy", json.dumps(policy))(platform)


def events(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of EventBridge about the rule."""
    return lambda platform: getattr(platform.client("events"), operation)(**arguments)


def put_rule(**arguments: object) -> Callable[[Platform], object]:
    """PutRule with other values."""
    whole = {"Description": "Instances that stop", "EventPattern": json.dumps(PATTERN), **arguments}
    return events("put_rule", Name=RULE, **whole)


def rule_tags(operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A change of the rule's tags."""

    def change(platform: Platform) -> None:
        arn = f"arn:aws:events:ap-southeast-3:{platform.account}:rule/{RULE}"
        getattr(platform.client("events"), operation)(ResourceARN=arn, **arguments)

    return change


def target(name: str) -> Callable[[Platform], object]:
    """PutTargets: the other queue under this id."""

    def change(platform: Platform) -> None:
        entry = {"Id": name, "Arn": queue_arn(platform.account, ENCRYPTED)}
        platform.client("events").put_targets(Rule=RULE, Targets=[entry])

    return change


def rule_gone(platform: Platform) -> None:
    """Delete the rule with its target."""
    events("remove_targets", Rule=RULE, Ids=["queue"])(platform)
    events("delete_rule", Name=RULE)(platform)


TAMPERINGS = (
    Tampering(QUEUE_KIND, "retention", setting("MessageRetentionPeriod", "600"), ("message_retention_period",)),
    Tampering(QUEUE_KIND, "visibility", setting("VisibilityTimeout", "30"), ("visibility_timeout",)),
    Tampering(QUEUE_KIND, "encryption off", setting("SqsManagedSseEnabled", "false"), ("encryption",)),
    Tampering(QUEUE_KIND, "encryption by a key", setting("KmsMasterKeyId", "alias/theirs"), ("encryption",)),
    Tampering(QUEUE_KIND, "another key", setting("KmsMasterKeyId", "alias/theirs", ENCRYPTED), ("encryption",)),
    Tampering(QUEUE_KIND, "policy wider", open_queue, ("policy",)),
    Tampering(QUEUE_KIND, "policy gone", setting("Policy", ""), ("policy",)),
    Tampering(QUEUE_KIND, "tag gone", sqs("untag_queue", TagKeys=["Owner"]), ("tags.Owner",)),
    Tampering(QUEUE_KIND, "tag other", sqs("tag_queue", Tags={"Owner": "theirs"}), ("tags.Owner",)),
    Tampering(QUEUE_KIND, "mark gone", sqs("untag_queue", TagKeys=[MARK]), (f"tags.{MARK}",)),
    Tampering(QUEUE_KIND, "gone", sqs("delete_queue", ENCRYPTED), ("encryption", *SHARED_TAGS), "create"),
    Tampering(RULE_KIND, "pattern", put_rule(EventPattern='{"source": ["aws.ec2"]}'), ("event_pattern",)),
    Tampering(RULE_KIND, "description", put_rule(Description="theirs"), ("description",)),
    Tampering(RULE_KIND, "disabled", events("disable_rule", Name=RULE), ("state",)),
    Tampering(RULE_KIND, "target gone", events("remove_targets", Rule=RULE, Ids=["queue"]), ("targets.queue",)),
    Tampering(RULE_KIND, "target other", target("queue"), ("targets.queue",)),
    Tampering(RULE_KIND, "tag other", rule_tags("tag_resource", Tags=TAKEN), ("tags.Owner",)),
    Tampering(RULE_KIND, "mark gone", rule_tags("untag_resource", TagKeys=[MARK]), (f"tags.{MARK}",)),
    Tampering(
        RULE_KIND,
        "gone",
        rule_gone,
        ("event_pattern", "description", "state", "targets.queue", *SHARED_TAGS),
        "create",
    ),
)
FOREIGN = {
    "sqs_queue": sqs("tag_queue", Tags={"billing": "42"}),
    "eventbridge_rule": rule_tags("tag_resource", Tags=[{"Key": "billing", "Value": "42"}]),
    "target of a rule": target("theirs"),
}
