"""How somebody changes each attribute of the secrets behind our back, short of their values."""

from __future__ import annotations

from collections.abc import Callable

from integration.estate import Platform
from integration.estate_secrets import ENCRYPTED, GENERATED, GIVEN, PAIR
from integration.tampering import MARK, Tampering

KIND = "secret"
SHARED_TAGS = ("tags.Owner", "tags.Project", f"tags.{MARK}")


def secrets(name: str, operation: str, **arguments: object) -> Callable[[Platform], object]:
    """A call of Secrets Manager on one of the secrets."""
    return lambda platform: getattr(platform.client("secretsmanager"), operation)(SecretId=name, **arguments)


def gone(name: str) -> Callable[[Platform], object]:
    """Delete a secret at once."""
    return secrets(name, "delete_secret", ForceDeleteWithoutRecovery=True)


def emptied(platform: Platform) -> None:
    """Make a secret anew by hand, without a value."""
    gone(GENERATED)(platform)
    platform.client("secretsmanager").create_secret(Name=GENERATED, Description="A password")


TAMPERINGS = (
    Tampering(KIND, "description", secrets(GENERATED, "update_secret", Description="theirs"), ("description",)),
    Tampering(KIND, "key", secrets(ENCRYPTED, "update_secret", KmsKeyId="alias/aws/secretsmanager"), ("kms_key_id",)),
    Tampering(
        KIND,
        "tag changed",
        secrets(GIVEN, "tag_resource", Tags=[{"Key": "Owner", "Value": "theirs"}]),
        ("tags.Owner",),
    ),
    Tampering(KIND, "mark gone", secrets(GIVEN, "untag_resource", TagKeys=[MARK]), (f"tags.{MARK}",)),
    Tampering(KIND, "scheduled for deletion", secrets(GENERATED, "delete_secret"), ("deletion_date",)),
    Tampering(KIND, "manual one scheduled for deletion", secrets(GIVEN, "delete_secret"), ("deletion_date",)),
    Tampering(KIND, "without a value", emptied, ("value", *SHARED_TAGS)),
    Tampering(KIND, "pair scheduled for deletion", secrets(PAIR, "delete_secret"), ("deletion_date",)),
    Tampering(KIND, "gone", gone(ENCRYPTED), ("value", "kms_key_id", *SHARED_TAGS), "create"),
)
FOREIGN = {
    "secret": secrets(GENERATED, "tag_resource", Tags=[{"Key": "billing", "Value": "42"}]),
    "secret with a new value": secrets(GENERATED, "put_secret_value", SecretString="rotated by hand"),
}
