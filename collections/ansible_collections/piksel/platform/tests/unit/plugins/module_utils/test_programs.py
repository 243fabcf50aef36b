# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

from ansible_collections.piksel.platform.plugins.module_utils import programs


def test_what_a_program_says_comes_with_its_code(tmp_path):
    script = "pwd; echo $WORD; echo wrong >&2; cat; exit 3"
    ended = programs.run(["sh", "-c", script], 20, str(tmp_path), {"WORD": "said"})
    assert ended == (3, f"{tmp_path}\nsaid\n", "wrong\n")


def test_a_program_that_is_not_there_is_named():
    assert programs.run(["piksel-nothing"], 20) == (programs.NOT_FOUND, "", "this machine has no piksel-nothing")


def test_a_program_that_takes_too_long_is_ended(tmp_path):
    ended = programs.run(["sh", "-c", "echo $$ > number; exec sleep 60"], 0.5, str(tmp_path))
    assert ended == (programs.TOO_LATE, "", "no answer within 0.5 s")
    number = int((tmp_path / "number").read_text())
    assert programs.run(["kill", "-0", str(number)], 20).code != 0


def test_programs_run_from_threads_at_the_same_time():
    told = {}

    def ask(word):
        told[word] = programs.run(["echo", word], 20).output

    threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {str(number): f"{number}\n" for number in range(8)}
