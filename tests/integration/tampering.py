"""How a row of the tables of attributes looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from integration.estate import Platform

MARK = "piksel-platform/key"


@dataclass(frozen=True)
class Tampering:
    """`change` alters one attribute; the next plan must show exactly `paths` on one object of `kind`, as `action`."""

    kind: str
    title: str
    change: Callable[[Platform], object]
    paths: tuple[str, ...]
    action: str = "update"

    def __str__(self) -> str:
        return f"{self.kind}: {self.title}"
