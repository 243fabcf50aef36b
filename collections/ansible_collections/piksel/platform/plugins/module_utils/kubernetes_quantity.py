# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes quantities: amounts that are written in many ways and stored in one.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from fractions import Fraction

_PATTERN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,3})?", re.ASCII)
_BINARY = {suffix: 1024**power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)}
_DECIMAL = {
    suffix: Fraction(10) ** power
    for suffix, power in zip("num kMGTPE".replace(" ", ""), (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
}

# Maps whose values are quantities, and single fields that are one, in the built-in kinds.
_MAPS = frozenset(
    {
        "limits",
        "requests",
        "hard",
        "capacity",
        "allocatable",
        "default",
        "defaultRequest",
        "max",
        "min",
        "maxLimitRequestRatio",
        "podFixed",
    }
)
_FIELDS = frozenset({"sizeLimit", "divisor", "averageValue"})


def parse(value: object) -> Fraction | None:
    """The amount in base units ("500m" -> 1/2, "1Gi" -> 1073741824), or None for what is no quantity.

    Amounts below one nano are rounded up by the server, so they are here.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    match = _PATTERN.fullmatch(str(value))
    if not match:
        return None
    number, suffix = match.groups()
    amount = Fraction(number)
    if suffix in _BINARY:
        amount *= _BINARY[suffix]
    elif suffix in _DECIMAL:
        amount *= _DECIMAL[suffix]
    elif suffix:
        amount *= Fraction(10) ** int(suffix[1:])
    nanos = amount * 10**9
    rounded = -(-abs(nanos).numerator // abs(nanos).denominator)
    return Fraction(rounded if nanos >= 0 else -rounded, 10**9)


def equal(first: object, second: object) -> bool:
    """True when both are quantities of the same amount."""
    amount = parse(first)
    return amount is not None and amount == parse(second)


def stands_at(names: tuple[str, ...]) -> bool:
    """True when the field with these names from the root of a built-in object holds a quantity."""
    return len(names) > 1 and (names[-1] in _FIELDS or names[-2] in _MAPS)
