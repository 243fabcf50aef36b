"""What SQS and EventBridge refuse, and how a repeated create call treats tags."""

from __future__ import annotations

import json

import pytest

from sandbox.aws.support import Account, refused

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
