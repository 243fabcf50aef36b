"""Run by kwok for each connection of a port-forward: joins its own input and output with what the pod leads to.

Which that is, the sandbox says: a pod that relays names the address in the arguments of its container.
"""

import http.client
import socket
import sys
import threading
from urllib.parse import urlsplit


def main(url: str) -> None:
    """`url` answers with "address port" of the server, or 404 when no running pod leads to one."""
    parts = urlsplit(url)
    asking = http.client.HTTPConnection(parts.netloc, timeout=10)
    asking.request("GET", parts.path)
    answer = asking.getresponse()
    if answer.status != http.client.OK:
        sys.exit(answer.read().decode())
    address, port = answer.read().decode().split()
    with socket.create_connection((address, int(port)), timeout=10) as server:
        server.settimeout(None)
        sending = threading.Thread(target=send, args=(server,), daemon=True)
        sending.start()
        while piece := server.recv(1 << 16):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()


def send(server: socket.socket) -> None:
    """Passes on what comes, until it ends."""
    while piece := sys.stdin.buffer.raw.read(1 << 16):
        server.sendall(piece)
    server.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(sys.argv[1])
