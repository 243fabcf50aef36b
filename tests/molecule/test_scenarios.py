"""Every scenario of molecule/: plan from empty, run, silent second run, and the APIs say the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ROLES = ROOT / "collections/ansible_collections/piksel/platform/roles"
SCENARIOS = sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))


def test_each_role_has_a_scenario() -> None:
    assert sorted(path.name for path in ROLES.iterdir() if path.is_dir()) == SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, env: dict[str, str], tmp_path: Path) -> None:
    """`molecule test` ends with 0; its log is what a failure shows."""
    environment = {
        **env,
        "PATH": f"{BIN}{os.pathsep}{env['PATH']}",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path),
        "NO_COLOR": "1",
    }
    result = subprocess.run(
        [BIN / "molecule", "test", "--scenario-name", scenario],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
