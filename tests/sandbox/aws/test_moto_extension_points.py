"""What we extend of moto is what we looked at: a change of it fails here, before something subtle does elsewhere."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import moto
import pytest

# Hashes of the source of what our classes inherit, override or call; made anew by `renew` once a change was read.
RECORD = Path(__file__).with_name("moto_extension_points.json")


def find(name: str) -> Any:
    """The object of a dotted name "module:qualified.name"."""
    module, _, qualified = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = inspect.getattr_static(found, part) if isinstance(found, type) else getattr(found, part)
    return found


def fingerprint(name: str) -> str:
    """A hash of the source of the object of this name."""
    found = find(name)
    if isinstance(found, property):
        found = found.fget
    if isinstance(found, (classmethod, staticmethod)):
        found = found.__func__
    return hashlib.sha256(inspect.getsource(found).encode()).hexdigest()[:16]


def renew() -> None:
    """Record the present state: `python -c "from sandbox.aws.test_moto_extension_points import renew; renew()"`."""
    record = json.loads(RECORD.read_text("utf-8"))
    record["points"] = {name: fingerprint(name) for name in record["points"]}
    record["moto"] = moto.__version__
    RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")


def test_the_pinned_moto_is_the_one_that_was_read() -> None:
    assert moto.__version__ == json.loads(RECORD.read_text("utf-8"))["moto"]


@pytest.mark.parametrize("name", sorted(json.loads(RECORD.read_text("utf-8"))["points"]))
def test_an_extension_point_is_unchanged(name: str) -> None:
    assert fingerprint(name) == json.loads(RECORD.read_text("utf-8"))["points"][name]
