"""Launch templates: what moto lacks of them and nodes rely on."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.support import Account, refused

DATA = {"MetadataOptions": {"HttpTokens": "required"}}


@pytest.fixture
def template(account: Account) -> dict[str, Any]:
    """A template with a tag of its own and one for instances; gone after the test."""
    made = account.ec2.create_launch_template(
        LaunchTemplateName="nodes",
        LaunchTemplateData={
            **DATA,
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "1"}]}],
        },
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "b", "Value": "2"}]}],
    )["LaunchTemplate"]
    yield made
    account.ec2.delete_launch_template(LaunchTemplateId=made["LaunchTemplateId"])


def test_tags_of_the_template_are_not_those_of_instances(account: Account, template: dict[str, Any]) -> None:
    (version,) = account.ec2.describe_launch_template_versions(LaunchTemplateName="nodes")["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"]["TagSpecifications"] == [
        {"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "1"}]}
    ]
    assert template["Tags"] == [{"Key": "b", "Value": "2"}]


def test_tags_can_be_changed_later(account: Account, template: dict[str, Any]) -> None:
    ids = [template["LaunchTemplateId"]]
    account.ec2.create_tags(Resources=ids, Tags=[{"Key": "c", "Value": "3"}])
    account.ec2.delete_tags(Resources=ids, Tags=[{"Key": "b"}])
    (found,) = account.ec2.describe_launch_templates(LaunchTemplateNames=["nodes"])["LaunchTemplates"]
    assert found["Tags"] == [{"Key": "c", "Value": "3"}]


def test_a_token_that_comes_again_makes_nothing_new(account: Account, template: dict[str, Any]) -> None:
    which = {"LaunchTemplateName": "nodes", "LaunchTemplateData": DATA}
    numbers = [
        account.ec2.create_launch_template_version(**which, ClientToken=token)["LaunchTemplateVersion"]["VersionNumber"]
        for token in ("one", "one", "two")
    ]
    assert numbers == [2, 2, 3]
    again = {"LaunchTemplateName": "others", "LaunchTemplateData": DATA, "ClientToken": "three"}
    ids = {account.ec2.create_launch_template(**again)["LaunchTemplate"]["LaunchTemplateId"] for _ in range(2)}
    assert len(ids) == 1
    account.ec2.delete_launch_template(LaunchTemplateId=ids.pop())


def test_a_name_is_taken_once(account: Account, template: dict[str, Any]) -> None:
    with refused("InvalidLaunchTemplateName.AlreadyExistsException", "already in use"):
        account.ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=DATA)
