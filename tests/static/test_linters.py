"""Every linter over the whole tree, at its strictest, with nothing switched off."""

from __future__ import annotations

import os

import pytest

from static.tree import BIN, ROOT, ended

pytestmark = pytest.mark.lint


def lane_environment() -> dict[str, str]:
    """The lane's tools first on PATH: ansible-lint and antsibull-docs start `ansible` by name."""
    return dict(os.environ, PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}", NO_COLOR="1", ANSIBLE_NOCOLOR="1")


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_ruff(arguments: list[str]) -> None:
    code, output = ended([BIN / "ruff", *arguments, "--no-cache", "."])
    assert code == 0, output


def test_yamllint() -> None:
    code, output = ended([BIN / "yamllint", "--strict", "--format", "parsable", "."])
    assert code == 0, output


def test_ansible_lint_production_profile() -> None:
    """Offline: the schemas inside the package are used, and nothing is fetched."""
    code, output = ended([BIN / "ansible-lint", "--offline", "--nocolor"], env=lane_environment())
    assert code == 0, output
    assert "Profile 'production' was required, and it passed" in output, output


@pytest.mark.parametrize("playbook", ["site.yml", *sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))])
def test_playbook_syntax(playbook: str) -> None:
    path = ROOT / playbook if playbook == "site.yml" else ROOT / "playbooks" / playbook
    command = [BIN / "ansible-playbook", "--syntax-check", "-i", "inventories/dev", path]
    code, output = ended(command, env=lane_environment())
    assert code == 0, output
