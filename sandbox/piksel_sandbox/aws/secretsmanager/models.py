"""moto's Secrets Manager backend, refusing what the service refuses.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
"""

from __future__ import annotations

import re
from typing import Any

from moto.secretsmanager.exceptions import InvalidParameterException, InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
VALUE_BYTES = 65536


class SandboxSecretsManagerBackend(SecretsManagerBackend):
    """A secret that waits for its deletion keeps its name, and takes no change until it is restored."""

    def create_secret(self, name: str, secret_string: str | None, *rest: Any, **more: Any) -> str:
        """CreateSecret."""
        if not NAME.fullmatch(name):
            raise InvalidParameterException(
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
                "-/_+=.@!"
            )
        found = self.secrets.get(name)
        if found is not None and found.is_deleted():
            raise InvalidRequestException(
                "You can't create this secret because a secret with this name is already scheduled for deletion."
            )
        _check_size(secret_string)
        return super().create_secret(name, secret_string, *rest, **more)

    def put_secret_value(self, secret_id: str, secret_string: str, *rest: Any, **more: Any) -> str:
        """PutSecretValue."""
        self._refuse_deleted(secret_id)
        _check_size(secret_string)
        return super().put_secret_value(secret_id, secret_string, *rest, **more)

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """TagResource, by ARN or name."""
        self._refuse_deleted(arn)
        super().tag_resource(arn, tags)

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """UntagResource, by ARN or name."""
        self._refuse_deleted(arn)
        super().untag_resource(arn, tag_keys)

    def _refuse_deleted(self, secret_id: str) -> None:
        found = self.secrets.get(secret_id)
        if found is not None and found.is_deleted():
            raise InvalidRequestException(
                "You can't perform this operation on the secret because it was marked for deletion."
            )


def _check_size(text: str | None) -> None:
    if text is not None and len(text.encode()) > VALUE_BYTES:
        raise InvalidParameterException(f"Invalid request provided: SecretString must be at most {VALUE_BYTES} bytes.")
