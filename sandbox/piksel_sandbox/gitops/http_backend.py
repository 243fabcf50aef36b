"""Git over HTTP: `/_sandbox/git/<host>/<owner>/<name>.git/...`, answered by `git http-backend`.

https://git-scm.com/docs/git-http-backend
"""

from __future__ import annotations

import os
import subprocess

from werkzeug import Request, Response

from piksel_sandbox.gitops.repositories import HOST, Repositories

# What a client asks for, after the repository's own path.
SERVICES = ("/info/refs", "/git-upload-pack", "/git-receive-pack", "/HEAD", "/objects/")


class Backend:
    """Hands requests to `git http-backend` by CGI."""

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories

    def handle(self, request: Request, rest: str) -> Response:
        """One request of a Git client; 404 for a repository that is not there."""
        host, _, path = rest.partition("/")
        name = next((path[: path.index(service)] for service in SERVICES if service in path), "")
        bare = self._repositories.path(name) if name and host == HOST else None
        if bare is None:
            return Response("Repository not found.", 404, content_type="text/plain")
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_PROJECT_ROOT": str(bare),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path.removeprefix(name),
            "REMOTE_USER": "sandbox",
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.query_string.decode(),
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        body = request.get_data()
        environment["CONTENT_LENGTH"] = str(len(body))
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False, timeout=60
        )
        return _response(done.stdout)


def _response(output: bytes) -> Response:
    """What a CGI program wrote, as an answer (RFC 3875)."""
    head, _, body = output.partition(b"\r\n\r\n")
    headers = [tuple(line.decode().split(": ", 1)) for line in head.split(b"\r\n") if b": " in line]
    status = next((value for name, value in headers if name == "Status"), "200 OK")
    response = Response(body, status)
    for name, value in headers:
        if name != "Status":
            response.headers[name] = value
    return response
