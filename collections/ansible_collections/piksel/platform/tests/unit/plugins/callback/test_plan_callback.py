# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan callback in real runs of ansible-playbook; the results come from a stand-in of a reconciling module."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

COLLECTIONS = pathlib.Path(__file__).parents[7]
SECRET = "a-value-that-nobody-may-see"
MODULE = """
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({"result": {"type": "dict", "default": {}}, "fail": {"type": "bool", "default": False}},
                       supports_check_mode=True)
result = module.params["result"]
if module.params["fail"]:
    module.fail_json(msg="failed", **result)
module.exit_json(changed=bool(result.get("operations")), **result)
"""
OPERATION = {"action": "create", "api": "aws", "kind": "thing", "key": "s.a", "object": "a", "changes": []}


@pytest.fixture
def play(tmp_path: pathlib.Path):
    """Runs tasks on host ``h``; returns the process and the rows of the plan file."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "stand_in.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "hosts").write_text(f"h ansible_connection=local ansible_python_interpreter={sys.executable}\n")
    rows = tmp_path / "plan.jsonl"
    rows.write_text("what an earlier run left\n", encoding="utf-8")

    def call(tasks: list[dict], *arguments: str) -> tuple[subprocess.CompletedProcess, list[dict]]:
        book = tmp_path / "book.yml"
        book.write_text(json.dumps([{"hosts": "h", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_"))}
        env = {
            **kept,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CALLBACKS_ENABLED": "piksel.platform.plan",
            "ANSIBLE_LIBRARY": str(tmp_path / "library"),
            "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            "PIKSEL_PLAN_FILE": str(rows),
        }
        command = [sys.executable, "-m", "ansible", "playbook", str(book), "-i", str(tmp_path / "hosts"), *arguments]
        process = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        return process, [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]

    return call


def task(**result) -> dict:
    return {"stand_in": {"result": result}}


def test_operations_of_tasks_and_loops_are_collected(play) -> None:
    looped = {"stand_in": {"result": {"operations": ["{{ item }}"]}}, "loop": [OPERATION, {**OPERATION, "key": "s.b"}]}
    held = {**OPERATION, "action": "delete", "consent": "delete:thing/s.c"}
    process, rows = play([task(operations=[OPERATION], held=[held]), looped], "--check")
    assert process.returncode == 0, process.stdout + process.stderr
    assert process.stderr == ""
    assert [(row["host"], row["check"], row["held"], row["key"]) for row in rows] == [
        ("h", True, False, "s.a"),
        ("h", True, True, "s.a"),
        ("h", True, False, "s.a"),
        ("h", True, False, "s.b"),
    ]
    assert process.stdout.lstrip().startswith("Check of ")
    assert "PLAN [h]" in process.stdout
    assert "Plan: 3 to create, 0 to change, 0 to replace, 0 to delete; 1 held" in process.stdout


def test_a_failed_task_tells_what_it_did(play) -> None:
    process, rows = play([{"stand_in": {"fail": True, "result": {"operations": [OPERATION]}}}])
    assert process.returncode != 0
    assert "Applied before the failure: 1 created" in process.stdout
    assert [(row["check"], row["held"]) for row in rows] == [(False, False)]


def test_a_task_that_differs_from_its_run_is_counted_apart(play) -> None:
    apart = {**task(operations=[OPERATION], notices=["known"]), "check_mode": False}
    process, rows = play([apart, task(operations=[])], "--check")
    assert [row["check"] for row in rows] == [False]
    assert "RESULT [h]" in process.stdout
    assert "Applied: 1 created" in process.stdout
    assert "PLAN [h]" in process.stdout
    assert "No changes" in process.stdout


def test_a_rescued_failure_is_no_failure(play) -> None:
    failing = {"stand_in": {"fail": True, "result": {"operations": [OPERATION]}}}
    process, rows = play([{"block": [failing], "rescue": [task(operations=[OPERATION])]}])
    assert process.returncode == 0
    assert len(rows) == 2
    assert "Applied: 2 created" in process.stdout


@pytest.mark.requirement("GEN-10")
def test_tasks_with_no_log_show_nothing(play) -> None:
    secret = {**OPERATION, "changes": [{"path": "x", "before": None, "after": SECRET}]}
    process, rows = play([{**task(operations=[secret], notices=[SECRET]), "no_log": True}], "-vvv")
    assert process.returncode == 0
    assert rows == []
    assert SECRET not in process.stdout.split("RECAP")[1]


def test_other_playbooks_stay_as_they_are(play) -> None:
    process, rows = play([{"ansible.builtin.debug": {"msg": "x"}}])
    assert process.returncode == 0
    assert rows == []
    assert "PLAN" not in process.stdout
    assert "RESULT" not in process.stdout
