"""Values for the secrets that people make by hand in other systems, so that a run needs no operator."""

from __future__ import annotations

import json
import secrets

from piksel_sandbox.state import State

ENVIRONMENTS = ("dev", "staging", "production")
OAUTH_CLIENTS = ("argo-oauth", "jupyterhub-oauth", "grafana-oauth")
WEBHOOK = "https://hooks.example.org/services/"


def remembered(state: State) -> dict[str, str]:
    """The environment variables that hold the values, made at the first start of a state folder, then kept."""
    found = state.remembered().get("manual_secrets")
    if not found:
        found = _made()
        state.remember(manual_secrets=found)
    return found


def _made() -> dict[str, str]:
    values = {}
    for environment in ENVIRONMENTS:
        for client in OAUTH_CLIENTS:
            both = {"client_id": secrets.token_hex(16), "client_secret": secrets.token_urlsafe(40)}
            values[_variable(f"{client}-{environment}")] = json.dumps(both)
        address = {"address": WEBHOOK + secrets.token_urlsafe(40)}
        values[_variable(f"slack-alerts-{environment}")] = json.dumps(address)
    return values


def _variable(name: str) -> str:
    return f"PIKSEL_SECRET_{name.upper().replace('-', '_')}"
