"""The part of GitHub's API that registers deploy keys, below `/_sandbox/github`.

https://docs.github.com/en/rest/deploy-keys/deploy-keys
"""

from __future__ import annotations

import itertools
import re
import threading
from typing import Any

from werkzeug import Request, Response

from piksel_sandbox.gitops.repositories import Repositories
from piksel_sandbox.internal import json_response

KEYS = re.compile(r"repos/(?P<name>[^/]+/[^/]+)/keys(/(?P<id>\d+))?")


class DeployKeys:
    """The deploy keys of all repositories; any token will do, none will not."""

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories
        self._keys: dict[int, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Takes every key away."""
        with self._lock:
            self._keys.clear()

    def knows(self, name: str, public_key: str) -> bool:
        """Whether a repository lets this key in."""
        wanted = public_key.split()[:2]
        return any(row["repository"] == name and row["key"].split()[:2] == wanted for row in self._rows())

    def handle(self, request: Request, rest: str) -> Response:
        """One call of the API."""
        found = KEYS.fullmatch(rest)
        authorization = request.headers.get("Authorization", "")
        if not authorization.partition(" ")[2]:
            return _message("Requires authentication", 401)
        if not found or self._repositories.path(found["name"]) is None:
            return _message("Not Found", 404)
        if found["id"]:
            return self._one(request.method, found["name"], int(found["id"]))
        if request.method == "POST":
            return self._add(found["name"], request.get_json(force=True))
        return json_response([_shown(row) for row in self._rows() if row["repository"] == found["name"]])

    def _rows(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._keys.values())

    def _one(self, method: str, name: str, number: int) -> Response:
        with self._lock:
            row = self._keys.get(number)
            if row is None or row["repository"] != name:
                return _message("Not Found", 404)
            if method == "DELETE":
                del self._keys[number]
                return Response(status=204)
        return json_response(_shown(row))

    def _add(self, name: str, body: dict[str, Any]) -> Response:
        key = " ".join(str(body.get("key", "")).split()[:2])
        if not re.fullmatch(r"(ssh|ecdsa)-\S+ \S+", key):
            return _message("Validation Failed", 422, [{"message": "key is invalid. You must supply a key"}])
        with self._lock:
            if any(row["key"] == key for row in self._keys.values()):
                return _message("Validation Failed", 422, [{"message": "key is already in use"}])
            number = next(self._numbers)
            row = {"id": number, "repository": name, "key": key, "title": body.get("title", "")}
            self._keys[number] = {**row, "read_only": bool(body.get("read_only", False)), "verified": True}
            return json_response(_shown(self._keys[number]), 201)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "repository"}


def _message(text: str, status: int, errors: list[dict[str, str]] | None = None) -> Response:
    return json_response({"message": text, **({"errors": errors} if errors else {})}, status)
