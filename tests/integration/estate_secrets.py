"""The secrets of the small platform: one that is generated, one with a key of its own, one that an operator gives."""

from __future__ import annotations

from typing import Any

GENERATED, ENCRYPTED, GIVEN = "core-test-password", "core-test-token", "core-test-oauth"
PAIR = "core-test-key"
VARIABLE = "PIKSEL_SECRET_CORE_TEST_OAUTH"
VALUE = '{"client_id": "the client of the core test", "client_secret": "a long dummy of the core test"}'


def specification(tags: dict[str, str]) -> dict[str, Any]:
    """The options of the step secretsmanager_secrets."""
    return {
        "tags": tags,
        "secrets": {
            "password": {"name": GENERATED, "generate": "password", "description": "A password"},
            "token": {"name": ENCRYPTED, "generate": "token", "kms_key_id": "@kms_keys.secrets.arn"},
            "pair": {"name": PAIR, "generate": "ed25519", "made_after": "2020-01-31"},
            "oauth": {"name": GIVEN, "keys": ["client_id", "client_secret"], "description": "An OAuth client"},
        },
    }
