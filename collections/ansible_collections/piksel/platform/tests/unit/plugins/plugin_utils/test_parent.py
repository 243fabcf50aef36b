# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import parent

FORK = multiprocessing.get_context("fork")


def worker(pipe):
    """Ends with its parent, and would otherwise live on."""
    parent.end_with_parent()
    pipe.send(os.getpid())
    time.sleep(60)


def controller(pipe):
    """Forks a worker and waits for it, as the controller does."""
    child = FORK.Process(target=worker, args=(pipe,))
    child.start()
    child.join()


def is_alive(pid):
    """True while a process runs; a dead one that nobody collected yet does not count."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_dies_with_a_killed_parent():
    here, there = FORK.Pipe()
    process = FORK.Process(target=controller, args=(there,))
    process.start()
    pid = here.recv()
    assert is_alive(pid)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    end = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_outside_a_worker_nothing_happens():
    parent.end_with_parent()


def test_a_worker_whose_parent_is_gone_already_ends_at_once(monkeypatch):
    class Gone:
        pid = -1

    def leave(code):
        raise SystemExit(code)

    monkeypatch.setattr(parent.multiprocessing, "parent_process", Gone)
    monkeypatch.setattr(parent.os, "_exit", leave)
    try:
        with pytest.raises(SystemExit):
            parent.end_with_parent()
    finally:
        parent.ctypes.CDLL(None).prctl(parent.PR_SET_PDEATHSIG, 0, 0, 0, 0)
