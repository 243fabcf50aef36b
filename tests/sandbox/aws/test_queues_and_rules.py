"""What SQS and EventBridge refuse, and how a repeated create call treats tags."""

from __future__ import annotations

import json
import threading
import time

import pytest
from moto.sqs.models import sqs_backends
from werkzeug import Request

from piksel_sandbox import internal, interruptions
from sandbox.aws.support import ACCOUNT, REGION, Account, refused

PATTERN = json.dumps({"source": ["aws.ec2"]})
TAGS = [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MessageRetentionPeriod", "59"),
        ("VisibilityTimeout", "43201"),
        ("DelaySeconds", "soon"),
        ("Policy", "{"),
        ("Policy", "{}"),
    ],
)
def test_a_queue_refuses_what_no_attribute_can_be(name: str, value: str, account: Account) -> None:
    with refused("InvalidAttributeValue", f"Invalid value for the parameter {name}"):
        account.sqs.create_queue(QueueName="q", Attributes={name: value})
    url = account.sqs.create_queue(QueueName="q")["QueueUrl"]
    with refused("InvalidAttributeValue", f"Invalid value for the parameter {name}"):
        account.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})


def test_a_queue_that_is_created_again_keeps_its_tags(account: Account) -> None:
    for tags in ({"a": "b"}, {"a": "c"}):
        url = account.sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "5"}, tags=tags)["QueueUrl"]
    assert account.sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    with refused("QueueAlreadyExists", "already exists"):
        account.sqs.create_queue(QueueName="q", Attributes={"DelaySeconds": "6"})


def test_what_a_call_does_not_name_stays(account: Account) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = account.sqs.create_queue(QueueName="q", Attributes={"Policy": policy})["QueueUrl"]
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "5"})
    found = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(found["Policy"]) == json.loads(policy)
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_a_queue_has_one_sort_of_encryption(account: Account) -> None:
    url = account.sqs.create_queue(QueueName="q", Attributes={"SqsManagedSseEnabled": "true"})["QueueUrl"]

    def encryption() -> tuple:
        found = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found["SqsManagedSseEnabled"], found.get("KmsMasterKeyId")

    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/k"})
    assert encryption() == ("false", "alias/k")
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"})
    assert encryption() == ("true", None)


def test_a_rule_is_tagged_by_the_call_that_makes_it_only(account: Account) -> None:
    arn = account.events.put_rule(Name="r", EventPattern=PATTERN, Tags=TAGS)["RuleArn"]
    account.events.put_rule(Name="r", EventPattern=PATTERN, Tags=[{"Key": "a", "Value": "c"}])
    assert account.events.list_tags_for_resource(ResourceARN=arn)["Tags"] == TAGS
    found = account.resourcegroupstaggingapi.get_resources(ResourceTypeFilters=["events:rule"])
    assert [one["ResourceARN"] for one in found["ResourceTagMappingList"]] == [arn]


def test_names_of_rules_and_the_number_of_their_targets(account: Account) -> None:
    with refused("ValidationException", "'name' failed to satisfy constraint"):
        account.events.put_rule(Name="a rule", EventPattern=PATTERN)
    account.events.put_rule(Name="r", EventPattern=PATTERN)
    targets = [{"Id": str(number), "Arn": f"arn:aws:sqs:ap-southeast-3:123456789012:{number}"} for number in range(6)]
    account.events.put_targets(Rule="r", Targets=targets[:5])
    with refused("ValidationException", "exceeds the maximum"):
        account.events.put_targets(Rule="r", Targets=targets[5:])
    with refused("ValidationException", "has targets"):
        account.events.delete_rule(Name="r")


def test_a_call_that_waits_for_messages_leaves_the_accounts_to_others(account: Account) -> None:
    url = account.sqs.create_queue(QueueName="waited-for")["QueueUrl"]
    free = threading.Event()

    def other() -> None:
        with internal.accounts():
            free.set()

    began = time.monotonic()
    with internal.accounts():
        thread = threading.Thread(target=other)
        thread.start()
        assert sqs_backends[ACCOUNT][REGION].receive_message("waited-for", 1, 1, 30) == []
        assert free.is_set()
    assert time.monotonic() - began >= 1
    thread.join()
    account.sqs.send_message(QueueUrl=url, MessageBody="now")
    (message,) = account.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert message["Body"] == "now"


def test_nobody_speaks_for_aws(account: Account) -> None:
    entry = {"DetailType": "something", "Detail": "{}"}
    answer = account.events.put_events(Entries=[{**entry, "Source": name} for name in ("aws.ec2", "piksel")])
    refused_one, taken = answer["Entries"]
    assert answer["FailedEntryCount"] == 1
    assert refused_one["ErrorCode"] == "NotAuthorizedForSourceException"
    assert taken["EventId"]


def test_a_warning_of_an_interruption_reaches_the_queue_of_a_rule(account: Account) -> None:
    url = account.sqs.create_queue(QueueName="warnings")["QueueUrl"]
    arn = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    account.events.put_rule(Name="warnings", EventPattern=PATTERN)
    account.events.put_targets(Rule="warnings", Targets=[{"Id": "queue", "Arn": arn}])
    instance = account.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    request = Request.from_values(method="POST")
    assert interruptions.handle(request, instance).status_code == 200
    (message,) = account.sqs.receive_message(QueueUrl=url)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "EC2 Spot Instance Interruption Warning"
    assert event["detail"] == {"instance-id": instance, "instance-action": "terminate"}
    account.ec2.terminate_instances(InstanceIds=[instance])
    answer = interruptions.handle(request, instance)
    assert (answer.status_code, answer.get_json()) == (404, {"error": f"no instance {instance} runs in any account"})
