"""Operations of Secrets Manager, one at a time, with answers that have the members of the service's model."""

from __future__ import annotations

import json
import threading
from typing import Any

from moto.secretsmanager.responses import SecretsManagerResponse

# moto looks through all secrets for each call, while another thread may add one.
_ONE_AT_A_TIME = threading.RLock()


class SandboxSecretsManagerResponse(SecretsManagerResponse):
    """moto's Secrets Manager, for several threads."""

    def call_action(self) -> Any:
        """Carries out the operation of a request."""
        with _ONE_AT_A_TIME:
            return super().call_action()

    def describe_secret(self) -> str:
        """DescribeSecret, without what only ListSecrets answers."""
        answer = json.loads(super().describe_secret())
        answer.pop("SecretVersionsToStages", None)
        return json.dumps(answer)

    def list_secrets(self) -> str:
        """ListSecrets, without what only DescribeSecret answers."""
        answer = json.loads(super().list_secrets())
        for secret in answer["SecretList"]:
            secret.pop("VersionIdsToStages", None)
        return json.dumps(answer)
