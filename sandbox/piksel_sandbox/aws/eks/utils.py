"""Helpers of the EKS backend: pages, identifiers, data files."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any, TypeVar

from moto.moto_api._internal import mock_random

from .exceptions import InvalidParameterException

T = TypeVar("T")


def new_uuid() -> str:
    """A random UUID as text."""
    return str(mock_random.uuid4())


def new_hex(length: int) -> str:
    """`length` random lower-case hexadecimal digits."""
    return mock_random.get_random_hex(length)


def new_digits(length: int) -> str:
    """`length` random decimal digits, not starting with 0."""
    return "".join(str(mock_random.randint(0 if position else 1, 9)) for position in range(length))


@functools.cache
def data(name: str) -> Any:
    """Content of the catalogue `data/<name>.json`; callers must not change it."""
    return json.loads(resources.files(__package__).joinpath("data", f"{name}.json").read_text("utf-8"))


def page(items: Sequence[T], max_results: int | None, next_token: str | None) -> tuple[list[T], str | None]:
    """One page of `items` (at most `max_results`, default 100) and the token of the next, or None.

    The token holds the position, as pages of a list that changes meanwhile may overlap at AWS as well.
    Raises InvalidParameterException for a token that this function did not make.
    """
    start = 0
    if next_token:
        try:
            start = int(base64.urlsafe_b64decode(next_token.encode()).decode().removeprefix("eks:"))
        except ValueError:
            raise InvalidParameterException("Invalid token") from None
    end = start + (max_results or 100)
    token = base64.urlsafe_b64encode(f"eks:{end}".encode()).decode() if end < len(items) else None
    return list(items[start:end]), token


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    """The members of `values` that are not None."""
    return {key: value for key, value in values.items() if value is not None}


def memo_key(value: Any) -> str:
    """Text equal for equal JSON-like values, to compare the parameters of two requests."""
    return json.dumps(value, sort_keys=True, default=str)


def first(items: Sequence[T], wanted: Callable[[T], bool]) -> T | None:
    """The first of `items` for which `wanted` is true, or None."""
    return next((item for item in items if wanted(item)), None)
