# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs of this machine that modules ask (git, helm), each within a time.

https://docs.python.org/3/library/asyncio-subprocess.html
"""

from __future__ import annotations

import asyncio
import os
import typing as t

NOT_FOUND, TOO_LATE = 127, 124


class Ended(t.NamedTuple):
    """How a program ended: its exit code (int), and what it said on either stream (str)."""

    code: int
    output: str
    errors: str


def run(command: list, within: float, folder: str | None = None, variables: dict | None = None) -> Ended:
    """Run ``command`` (list of str) in ``folder``, with ``variables`` (str by str) beside those of this process.

    It gets no input. One that is not there ends with NOT_FOUND, one that is not done ``within`` (seconds) is killed
    and ends with TOO_LATE; "errors" says so, as shells do with these codes.
    """
    # AnsibleModule.run_command knows no time limit, and needs a module where there may be an action.
    return asyncio.run(_ended(command, within, folder, variables))


async def _ended(command, within, folder, variables):
    quiet, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
    env = {**os.environ, **(variables or {})}
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=quiet, stdout=pipe, stderr=pipe, cwd=folder, env=env
        )
    except FileNotFoundError:
        return Ended(NOT_FOUND, "", f"this machine has no {command[0]}")
    try:
        output, said = await asyncio.wait_for(process.communicate(), within)
    except TimeoutError:
        process.kill()
        await process.wait()
        return Ended(TOO_LATE, "", f"no answer within {within} s")
    return Ended(process.returncode, output.decode("utf-8", "replace"), said.decode("utf-8", "replace"))
