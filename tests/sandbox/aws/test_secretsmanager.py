"""What Secrets Manager refuses of secrets that wait for their deletion, and the answers that the platform reads."""

from __future__ import annotations

import pytest

from sandbox.aws.support import Account, refused

TOKEN = "00000000-0000-4000-8000-000000000001"
DELETED = "marked for deletion"


@pytest.fixture
def waiting(account: Account) -> Account:
    """An account with a secret that waits for its deletion."""
    account.secretsmanager.create_secret(Name="example", SecretString="a value")
    account.secretsmanager.delete_secret(SecretId="example", RecoveryWindowInDays=7)
    return account


@pytest.mark.requirement("SECR-44")
def test_a_name_is_taken_until_the_deletion_is_over(waiting: Account) -> None:
    with refused("InvalidRequestException", "already scheduled for deletion"):
        waiting.secretsmanager.create_secret(Name="example", SecretString="a value")
    waiting.secretsmanager.restore_secret(SecretId="example")
    with refused("ResourceExistsException", "already exists"):
        waiting.secretsmanager.create_secret(Name="example", SecretString="a value")
    assert waiting.secretsmanager.get_secret_value(SecretId="example")["SecretString"] == "a value"


def test_nothing_changes_a_secret_that_waits_for_its_deletion(waiting: Account) -> None:
    client = waiting.secretsmanager
    with refused("InvalidRequestException", DELETED):
        client.put_secret_value(SecretId="example", SecretString="other")
    with refused("InvalidRequestException", DELETED):
        client.update_secret(SecretId="example", Description="other")
    with refused("InvalidRequestException", DELETED):
        client.tag_resource(SecretId="example", Tags=[{"Key": "a", "Value": "b"}])
    with refused("InvalidRequestException", DELETED):
        client.untag_resource(SecretId="example", TagKeys=["a"])
    with refused("InvalidRequestException", "marked deleted"):
        client.get_secret_value(SecretId="example")
    described = client.describe_secret(SecretId="example")
    assert described["DeletedDate"]
    assert client.list_secrets()["SecretList"] == []


def test_a_repeated_call_is_known_by_its_token(account: Account) -> None:
    client = account.secretsmanager
    first = client.create_secret(Name="example", SecretString="a value", ClientRequestToken=TOKEN)
    again = client.create_secret(Name="example", SecretString="a value", ClientRequestToken=TOKEN)
    assert first["VersionId"] == again["VersionId"] == TOKEN
    assert client.describe_secret(SecretId="example")["VersionIdsToStages"] == {TOKEN: ["AWSCURRENT"]}


def test_names_and_sizes(account: Account) -> None:
    with refused("InvalidParameterException", "Invalid name"):
        account.secretsmanager.create_secret(Name="a name", SecretString="a value")
    with refused("InvalidParameterException", "65536"):
        account.secretsmanager.create_secret(Name="example", SecretString="x" * 65537)
