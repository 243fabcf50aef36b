"""The servers of the running sandbox, by instance; none in a sandbox without processes."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path

from piksel_sandbox import internal
from piksel_sandbox.kubernetes.certificates import Authority
from piksel_sandbox.postgresql.server import Server
from piksel_sandbox.state import State


class Servers:
    """Starts and stops servers; safe from several threads."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._servers: dict[str, Server] = {}
        self._lock = threading.Lock()
        internal.on_reset(self.stop_all)
        internal.on_shutdown(self.stop_all)

    def configure(self, state: State | None) -> None:
        """Sets where logs, process ids and certificates lie; None gives instances without servers, as at first."""
        self._state = state
        self.__dict__.pop("authority", None)
        if state is not None:
            self.authority.save()

    @property
    def are_real(self) -> bool:
        """Whether there are processes at all."""
        return self._state is not None

    @property
    def state(self) -> State:
        """The state folder. Raises RuntimeError without one."""
        if self._state is None:
            raise RuntimeError("servers.configure(state) was not called")
        return self._state

    @cached_property
    def authority(self) -> Authority:
        """Signs the certificates of all servers, in place of the authorities in RDS's bundle."""
        folder = bundle(self.state).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = Authority("sandbox RDS root", folder)
        bundle(self.state).write_bytes(authority.pem)
        authority.save()
        return authority

    def make(self, name: str, port: int) -> Server:
        """A server that is not started yet; the name is unique among accounts and regions."""
        with self._lock:
            server = self._servers[name] = Server(self.state, self.authority, name, port)
        return server

    def named_in(self, arguments: list[str]) -> str | None:
        """ "address port" of the server whose address is among the arguments, None when none is."""
        for server in list(self._servers.values()):
            if server.address in arguments:
                return f"{server.address} {server.port}"
        return None

    def stop(self, name: str) -> None:
        """Ends a server, if there is one."""
        with self._lock:
            server = self._servers.pop(name, None)
        if server:
            server.stop()

    def stop_all(self) -> None:
        """Ends all of them."""
        for name in list(self._servers):
            self.stop(name)


def bundle(state: State) -> Path:
    """Where the certificate that clients trust lies."""
    return state.folder / "rds" / "bundle.pem"


servers = Servers()
