"""Laid on PYTHONPATH of a run to be profiled: writes a line for every HTTP request of every process of it.

A line is {"pid", "service", "begin", "end"}; times are those of CLOCK_MONOTONIC, the same in all processes.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder

LOG = os.environ.get("PIKSEL_BENCH_REQUESTS")
MODULE = "urllib3.connectionpool"
SIGNED_FOR = re.compile(r"/([a-z0-9-]+)/aws4_request")


def service_of(headers: object) -> str:
    """The AWS service that a request is signed for, else "kubernetes"."""
    signature = str(dict(headers or {}).get("Authorization", ""))
    found = SIGNED_FOR.search(signature)
    return found.group(1) if found else "kubernetes"


def watch(module: object) -> None:
    """Take the time of each request of a connection pool."""
    pool = module.HTTPConnectionPool
    urlopen = pool.urlopen

    def timed(self, method, url, *arguments, **more):
        begin = time.monotonic()
        try:
            return urlopen(self, method, url, *arguments, **more)
        finally:
            row = {
                "pid": os.getpid(),
                "service": service_of(more.get("headers")),
                "begin": begin,
                "end": time.monotonic(),
            }
            descriptor = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.write(descriptor, json.dumps(row).encode() + b"\n")
            os.close(descriptor)

    pool.urlopen = timed


class Finder(MetaPathFinder):
    """Watches the module as soon as it is imported, whoever imports it."""

    def find_spec(self, name, path=None, target=None):
        """The usual spec, with a loader that watches."""
        if name != MODULE:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec and spec.loader:
            spec.loader = Watching(spec.loader)
        return spec


class Watching(Loader):
    """Another loader, and then watch()."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        """As the other loader does."""
        return self.loader.create_module(spec)

    def exec_module(self, module):
        """As the other loader does, and then watch."""
        self.loader.exec_module(module)
        watch(module)


if LOG:
    sys.meta_path.insert(0, Finder())
