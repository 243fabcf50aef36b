# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helm as a program that ends with the run which called it, though processes stand between the two."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import tempfile
import typing as t

# The run holds a lock on the script while it lives, in whatever way it ends; who gets the lock ends Helm.
_SCRIPT = """#!/bin/sh
{helm} "$@" &
helm=$!
{flock} --shared "$0" kill -9 "$helm" 2>/dev/null &
watch=$!
wait "$helm"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
"""


@contextlib.contextmanager
def bound(helm: str) -> t.Iterator[str]:
    """Path of a program that is ``helm`` (a path) and is killed as soon as this process is no more.

    Without flock(1) of util-linux it is ``helm`` itself.
    """
    flock = shutil.which("flock")
    if not flock:
        yield helm
        return
    with tempfile.TemporaryDirectory(prefix="piksel-helm-") as folder:
        path = os.path.join(folder, "helm")
        with open(path, "w", encoding="utf-8") as script:
            script.write(_SCRIPT.format(helm=shlex.quote(helm), flock=shlex.quote(flock)))
        os.chmod(path, 0o700)
        with open(path, encoding="utf-8") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield path
