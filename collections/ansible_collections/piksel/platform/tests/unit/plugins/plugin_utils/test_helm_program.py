# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helm ends with the run that called it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import time

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import helm_program


@pytest.fixture
def helm(tmp_path):
    """A program in helm's place that tells its process id, and then takes long where it is told so."""
    path = tmp_path / "helm"
    path.write_text(f'#!/bin/sh\necho "$@"\necho $$ > {tmp_path}/pid\n[ "$1" = slow ] && exec sleep 60\nexit 3\n')
    path.chmod(0o700)
    return path


def is_running(pid):
    """True while a process does anything; one that nobody has waited for does nothing."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start(helm, program_file):
    """The run: it starts Helm through a process that outlives it, and stays."""
    with helm_program.bound(str(helm)) as program:
        subprocess.Popen(["/bin/sh", "-c", f"{program} slow; :"], start_new_session=True)
        program_file.write_text(program)
        time.sleep(60)


def wait_for(look, seconds=10):
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_arguments_output_and_code_are_those_of_helm(helm):
    with helm_program.bound(str(helm)) as program:
        done = subprocess.run([program, "list", "a b"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("list a b\n", 3)
    assert not os.path.exists(program)


def test_helm_is_killed_when_the_run_is(helm, tmp_path):
    run = multiprocessing.get_context("fork").Process(target=start, args=(helm, tmp_path / "program"))
    run.start()
    wait_for((tmp_path / "pid").exists)
    wait_for(lambda: (tmp_path / "pid").read_text().strip())
    pid = int((tmp_path / "pid").read_text())
    assert is_running(pid)
    os.kill(run.pid, signal.SIGKILL)
    wait_for(lambda: not is_running(pid), seconds=2)
    run.join()


def test_without_flock_it_is_helm_itself(helm, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with helm_program.bound(str(helm)) as program:
        assert program == str(helm)
