"""A copy of a list of objects that a watch keeps fresh, so that the agents never have to ask."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from piksel_sandbox.kubernetes.client import ApiError, Client

logger = logging.getLogger(__name__)
RETRY_SECONDS = 0.3


class Mirror:
    """Objects below `path`, by uid; `on_change` is called from the watching thread after each change."""

    def __init__(self, client: Client, path: str, on_change: Callable[[], None]) -> None:
        self._client = client
        self._path = path
        self._on_change = on_change
        self._stopped = threading.Event()
        self._objects: dict[str, dict[str, Any]] = {}
        self.synced = False

    def start(self) -> None:
        """Starts the watching thread."""
        threading.Thread(target=self._run, name=f"mirror-{self._path}", daemon=True).start()

    def stop(self) -> None:
        """Lets the thread end; a watch in progress ends with its API server."""
        self._stopped.set()

    def objects(self) -> list[dict[str, Any]]:
        """The objects as last seen; not to be changed."""
        return list(self._objects.values())

    def by_name(self, name: str) -> dict[str, Any] | None:
        """The object of a name, None when there is none."""
        return next((item for item in self.objects() if item["metadata"]["name"] == name), None)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except (ApiError, ValueError) as error:
                # an API server that restarts, or a watch that began too late: list again
                logger.debug("%s: %s", self._path, error)
            self._stopped.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        listed = self._client.request("GET", self._path)
        self._objects = {item["metadata"]["uid"]: item for item in listed.get("items") or []}
        self.synced = True
        self._on_change()
        for event in self._client.watch(self._path, listed["metadata"]["resourceVersion"]):
            if self._stopped.is_set():
                return
            item = event["object"]
            if event["type"] == "ERROR":
                raise ApiError(item.get("code", 0), item.get("message", "watch ended"))
            if event["type"] == "BOOKMARK":
                continue
            # a copy is replaced, never changed: readers in other threads iterate over the old one
            objects = dict(self._objects)
            if event["type"] == "DELETED":
                objects.pop(item["metadata"]["uid"], None)
            else:
                objects[item["metadata"]["uid"]] = item
            self._objects = objects
            self._on_change()
