"""How one HTTP connection is served."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler

HANDLER_KEY = "piksel.handler"


class RequestHandler(MotoRequestHandler):
    """moto's handler, without Nagle's 40 ms, without a log line per request, and able to reset its connection."""

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def make_environ(self) -> dict[str, Any]:
        environ = super().make_environ()
        environ[HANDLER_KEY] = self
        return environ

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the recorder knows more."""

    def reset_connection(self) -> None:
        """Drops the connection with RST, as a failing network does; raises ConnectionResetError to end the request."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        raise ConnectionResetError("reset by a fault")
