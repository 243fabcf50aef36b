# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quantities: one amount, many spellings."""

from __future__ import annotations

from fractions import Fraction

import pytest
from ansible_collections.piksel.platform.plugins.module_utils import kubernetes_quantity as quantity
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0.5", "500m"),
        (".5", "500m"),
        (1, "1"),
        (0.25, "250m"),
        ("1000m", "1"),
        ("1024Mi", "1Gi"),
        ("1e3", "1k"),
        ("1E3", "1k"),
        ("1E", "1000P"),
        ("128M", "128000000"),
        ("-1", "-1000m"),
        ("1u", "1000n"),
        ("0.1n", "1n"),
    ],
)
def test_spellings_of_one_amount(written: object, stored: str) -> None:
    assert quantity.equal(written, stored)


@pytest.mark.parametrize("value", ["", "x", "1 Gi", "1gi", "Gi", "1e", "--1", None, True, [], "1Mi2", "٣"])
def test_what_is_no_quantity(value: object) -> None:
    assert quantity.parse(value) is None
    assert not quantity.equal(value, value)


@given(st.integers(min_value=0, max_value=10**15))
def test_milli_and_whole_agree(number: int) -> None:
    assert quantity.parse(f"{number}m") == Fraction(number, 1000)
    assert quantity.parse(f"{number}") == quantity.parse(f"{number}000m") == quantity.parse(f"{number}.000")


@given(st.integers(min_value=0, max_value=10**6), st.sampled_from(["Ki", "Mi", "Gi", "Ti"]))
def test_binary_steps(number: int, suffix: str) -> None:
    lower = {"Ki": "", "Mi": "Ki", "Gi": "Mi", "Ti": "Gi"}[suffix]
    assert quantity.equal(f"{number}{suffix}", f"{number * 1024}{lower}")


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    amount = quantity.parse(text)
    assert amount is None or isinstance(amount, Fraction)


def test_places() -> None:
    assert quantity.stands_at(("spec", "containers", "resources", "limits", "cpu"))
    assert quantity.stands_at(("spec", "volumes", "emptyDir", "sizeLimit"))
    assert not quantity.stands_at(("data", "cpu"))
    assert not quantity.stands_at(("limits",))
