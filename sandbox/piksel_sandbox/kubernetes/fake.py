"""A control plane without processes, for tests of the AWS side that need no Kubernetes."""

from __future__ import annotations

import base64
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from piksel_sandbox.kubernetes.certificates import Authority, TokenKey
from piksel_sandbox.kubernetes.refs import ClusterRef


@cache
def _certificate_authority() -> str:
    return base64.b64encode(Authority("fake", Path(tempfile.gettempdir())).pem).decode()


@cache
def _token_key() -> TokenKey:
    return TokenKey()


class FakeControlPlane:
    """READY at once; nothing listens behind its endpoint."""

    state = "READY"
    failure = None
    agent = None
    endpoint = server = "https://127.0.0.1:1"

    def __init__(
        self,
        ref: ClusterRef,
        version: str,
        issuer: str,
        service_cidr: str | None,
        self_managed: list[dict[str, Any]],
    ) -> None:
        self.ref = ref
        self.issuer = issuer

    @property
    def token_key(self) -> TokenKey:
        """One key for all fakes: making one takes 0.1 s."""
        return _token_key()

    @property
    def certificate_authority(self) -> str:
        """A certificate that parses, base64 of PEM."""
        return _certificate_authority()

    def start(self) -> None:
        """Does nothing."""

    def upgrade(self, version: str) -> None:
        """Does nothing: the new version serves at once."""

    def stop(self) -> None:
        """Does nothing."""
