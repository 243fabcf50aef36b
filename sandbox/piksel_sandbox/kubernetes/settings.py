"""What the control planes need from the rest of the sandbox, set once by the server (or by a test)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from piksel_sandbox.kubernetes.refs import ClusterRef
from piksel_sandbox.state import State


class Queries(Protocol):
    """What the EKS model tells: botocore's shapes, thread safe, [] or None when the cluster is gone."""

    def access_entries(self, ref: ClusterRef) -> list[dict[str, Any]]: ...
    def addons(self, ref: ClusterRef) -> list[dict[str, Any]]: ...
    def fargate_profiles(self, ref: ClusterRef) -> list[dict[str, Any]]: ...
    def nodegroups(self, ref: ClusterRef) -> list[dict[str, Any]]: ...
    def cluster(self, ref: ClusterRef) -> dict[str, Any] | None: ...


CallerOfToken = Callable[[str, str], dict[str, str]]


class Settings:
    """State folder, URL of the sandbox's own server, and the EKS model; each has a default from the running sandbox."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._url: str | None = None
        self._queries: Queries | None = None
        self._caller_of_token: CallerOfToken | None = None
        # Whether the real Karpenter runs where its Deployment does.
        self.karpenter = False

    def set(
        self,
        state: State | None = None,
        url: str | None = None,
        queries: Queries | None = None,
        caller_of_token: CallerOfToken | None = None,
    ) -> None:
        """Replaces what is given and leaves the rest."""
        self._caller_of_token = caller_of_token or self._caller_of_token
        self._state = state or self._state
        self._url = url.rstrip("/") if url else self._url
        self._queries = queries or self._queries

    @property
    def state(self) -> State:
        """The state folder."""
        if self._state is None:
            self._state = State()
            self._state.make()
        return self._state

    @property
    def url(self) -> str:
        """Where the sandbox serves, `http://127.0.0.1:<port>`; raises RuntimeError before its port is known."""
        if self._url is None:
            port = self.state.remembered().get("port")
            if port is None:
                raise RuntimeError(
                    "the sandbox's port is not known yet: control_planes.configure(url=...) was not called"
                )
            self._url = f"http://127.0.0.1:{port}"
        return self._url

    @property
    def queries(self) -> Queries:
        """The EKS model; imported late, since the model itself imports this package."""
        if self._queries is None:
            from piksel_sandbox.aws.eks import queries

            self._queries = queries
        return self._queries

    @property
    def caller_of_token(self) -> CallerOfToken:
        """Verifies a presigned URL for a cluster: {arn, account, user_id}, or TokenError."""
        if self._caller_of_token is None:
            from piksel_sandbox.aws.eks.token import caller_of_token

            self._caller_of_token = caller_of_token
        return self._caller_of_token


settings = Settings()
