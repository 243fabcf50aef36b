"""Every module gives the same result inside the controller's process and as an ordinary module."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from integration.estate import PROFILE, REGION, SCOPE, STEPS, Platform

ROOT = Path(__file__).resolve().parents[2]
# A task's environment never reaches the controller's process, so such a task runs as a module.
AS_MODULE = {"PIKSEL_TEST": "1"}
LOOKUPS = {"aws_account": {}}
# Only a module adds these by itself.
OWN = ("invocation", "warnings", "ansible_facts")


def options(module: str, given: dict) -> dict:
    """A task's options; "@step.key.attribute" becomes a template over the variable that keeps the step's result."""
    text = json.dumps({**given, "scope": SCOPE} if module in STEPS else given)
    for step in STEPS:
        text = text.replace(f'"@{step}.', f'"@@{step}.')
    filled = json.loads(text)
    return _templated(filled)


def _templated(value):
    if isinstance(value, dict):
        return {name: _templated(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_templated(item) for item in value]
    if isinstance(value, str) and value.startswith("@@"):
        step, key, attribute = value[2:].split(".")
        return f"{{{{ {step}_inside.resources['{key}'].{attribute} }}}}"
    return value


def playbook(wanted: dict, report: Path) -> list:
    """A play that runs each module inside and outside, in this order, and writes what both returned."""
    tasks = []
    for module, given in {**LOOKUPS, **{step: wanted[step] for step in STEPS}}.items():
        for way, more in (("inside", {}), ("outside", {"environment": AS_MODULE})):
            name = f"Run {module} {way}"
            call = {f"piksel.platform.{module}": options(module, given)}
            tasks.append({"name": name, **call, "register": f"{module}_{way}", **more})
    results = {module: [f"{module}_inside", f"{module}_outside"] for module in (*LOOKUPS, *STEPS)}
    text = ", ".join(f"'{module}': [{', '.join(pair)}]" for module, pair in results.items())
    content = {"content": f"{{{{ {{{text}}} | to_json }}}}", "dest": str(report), "mode": "0600"}
    tasks.append({"name": "Report", "ansible.builtin.copy": content, "check_mode": False, "diff": False})
    defaults = {"group/piksel.platform.aws": {"profile": PROFILE, "region": REGION}}
    return [{"hosts": "all", "gather_facts": False, "module_defaults": defaults, "tasks": tasks}]


def run(platform: Platform, folder: Path, *arguments: str) -> dict[str, list[dict]]:
    """Run the play; returns module -> [result inside, result outside]."""
    play, report = folder / "play.yml", folder / "report.json"
    play.write_text(yaml.safe_dump(playbook(platform.wanted, report)))
    python = Path(sys.executable)
    line = [str(python.parent / "ansible-playbook"), str(play), "-i", "here,", "-c", "local", *arguments]
    env = {**platform.cloud.environment(), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(
        [*line, "-e", f"ansible_python_interpreter={python}"],
        cwd=ROOT,
        env={**env, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    results = json.loads(report.read_text())
    return {
        module: [{name: value for name, value in result.items() if name not in OWN} for result in pair]
        for module, pair in results.items()
    }


@pytest.mark.requirement("GEN-10")
def test_both_ways_give_the_same_plan_and_the_same_silence(platform: Platform, tmp_path: Path) -> None:
    """In check mode on empty accounts, then on the converged account."""
    for inside, outside in run(platform, tmp_path, "--check", "--diff").values():
        assert inside == outside
    assert platform.writes() == []
    platform.converge()
    platform.cloud.clear_calls()
    for module, (inside, outside) in run(platform, tmp_path, "--diff").items():
        assert inside == outside
        assert inside["changed"] is False, module
    assert platform.writes() == []


def test_a_run_inside_is_silent_outside(platform: Platform, tmp_path: Path) -> None:
    """What the first way makes, the second finds as wanted; without --diff no result carries one."""
    results = run(platform, tmp_path)
    for step in STEPS:
        inside, outside = results[step]
        assert (inside["changed"], outside["changed"]) == (True, False)
        assert "diff" not in inside
        assert inside["resources"] == outside["resources"]
