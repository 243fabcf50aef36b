"""`ansible-test sanity` for the core version of the lane that runs this: all tests that need no container."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from static.tree import COLLECTION, ROOT, ended

# pip may have to fetch the tools of each sanity test first.
pytestmark = pytest.mark.timeout(800)


def test_sanity_without_an_ignore_file() -> None:
    assert not list((COLLECTION / "tests").rglob("ignore*.txt")), "sanity must pass without ignoring anything"
    # Not resolved: the link in bin/ is what makes it the environment's Python.
    code, output = ended([sys.executable, ROOT / "tools/ansible_sanity.py", Path(sys.executable)])
    assert code == 0, output
    assert 'Running sanity test "validate-modules"' in output
