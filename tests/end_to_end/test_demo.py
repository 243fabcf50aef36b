"""`make demo` as a newcomer sees it, once the environment is set up and the binaries are built."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from end_to_end.harness import ROOT
from piksel_sandbox.client import Sandbox


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[[], subprocess.CompletedProcess]]:
    """Runs the demo on a sandbox of its own, which is stopped at the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PIKSEL_"))}
    command = [sys.executable, str(ROOT / "tools/demo.py")]
    environment = {**kept, "PIKSEL_SANDBOX_STATE": str(tmp_path)}
    yield lambda: subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    Sandbox(tmp_path).down()


@pytest.mark.requirement("GEN-09")
def test_demo_twice(demo: Callable[[], subprocess.CompletedProcess]) -> None:
    """It converges dev and tells what exists and how to look; the second is quick and changes nothing."""
    first = demo()
    assert first.returncode == 0, first.stdout + first.stderr
    for word in (
        "piksel-dev, Kubernetes 1.34, ACTIVE",
        "argo-workflows",
        "database-password, ",
        "piksel-dev-argo-artifacts",
        "coredns",
        "node groups ",
        "jupyter-very-large",
        "PostgreSQL 16",
        "Applied revision: main@sha1:",
        "kubectl --context piksel-dev get namespaces",
    ):
        assert word in first.stdout
    began = time.monotonic()
    second = demo()
    assert second.returncode == 0, second.stdout + second.stderr
    assert time.monotonic() - began < 60
    assert "No changes" in second.stdout
