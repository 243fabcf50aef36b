"""The queue of the small platform, and the rules that send events to it."""

from __future__ import annotations

from typing import Any

STEPS = ("sqs_queues", "eventbridge_rules")
QUEUE, ENCRYPTED, RULE = "core-test-events", "core-test-encrypted", "core-test-state-change"
PATTERN = {
    "source": ["aws.ec2"],
    "detail-type": ["EC2 Spot Instance Interruption Warning", "EC2 Instance State-change Notification"],
}


def queue_arn(account: str, name: str = QUEUE) -> str:
    """ARN of a queue, which is known before the queue exists."""
    return f"arn:aws:sqs:ap-southeast-3:{account}:{name}"


def queue_policy(account: str, *services: str) -> dict:
    """Who may send to the queue."""
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sqs:SendMessage"}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Resource": queue_arn(account)}]}


def specification(account: str, tags: dict[str, str]) -> dict[str, Any]:
    """The options of each step."""
    return {
        "sqs_queues": {
            "tags": tags,
            "queues": {
                "events": {
                    "name": QUEUE,
                    "message_retention_period": 300,
                    "visibility_timeout": 60,
                    "encryption": "sqs",
                    "policy": queue_policy(account, "events.amazonaws.com", "sqs.amazonaws.com"),
                },
                "encrypted": {"name": ENCRYPTED, "encryption": f"alias/{ENCRYPTED}"},
            },
        },
        "eventbridge_rules": {
            "tags": tags,
            "rules": {
                "state_change": {
                    "name": RULE,
                    "description": "Instances that stop",
                    "event_pattern": PATTERN,
                    "state": "ENABLED",
                    "targets": {"queue": "@sqs_queues.events.arn"},
                },
                "health": {"name": "core-test-health", "event_pattern": {"source": ["aws.health"]}},
            },
        },
    }
