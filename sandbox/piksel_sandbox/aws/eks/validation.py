"""Validation of a request against botocore's input shape, as the service does before anything else."""

from __future__ import annotations

import re
from typing import Any

from .exceptions import InvalidParameterException


def validate(shape: Any, value: Any, path: str = "") -> None:
    """Raise InvalidParameterException for a missing, mistyped, unknown or out-of-range member of `value`.

    shape: botocore's model of the input; value: the parsed request; path: where `value` stands, for the text.
    """
    if shape.type_name == "structure":
        _structure(shape, value, path)
    elif shape.type_name == "list":
        _size(shape, len(value), path, "length")
        for item in value:
            validate(shape.member, item, path)
    elif shape.type_name == "map":
        _size(shape, len(value), path, "length")
        for key, item in value.items():
            validate(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "string":
        _string(shape, value, path)
    elif shape.type_name in ("integer", "long"):
        _size(shape, value, path, "value")


def _structure(shape: Any, value: dict[str, Any], path: str) -> None:
    for name in shape.required_members:
        if value.get(name) is None:
            raise InvalidParameterException(f"{_join(path, name)} is required")
    for name, item in value.items():
        if item is not None:
            validate(shape.members[name], item, _join(path, name))


def _string(shape: Any, value: str, path: str) -> None:
    if not isinstance(value, str):
        raise InvalidParameterException(f"{path} must be a string")
    if shape.enum and value not in shape.enum:
        raise InvalidParameterException(f"{path} must satisfy enum value set: [{', '.join(shape.enum)}]")
    _size(shape, len(value), path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        raise InvalidParameterException(f"{path} must satisfy regular expression pattern: {pattern}")


def _size(shape: Any, size: int, path: str, what: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    # Empty maps pass: botocore's TagMap has a minimum of 1 that the service does not insist on.
    if low is not None and size < low and not (shape.type_name == "map" and size == 0):
        raise InvalidParameterException(f"{path} must have {what} greater than or equal to {low}")
    if high is not None and size > high:
        raise InvalidParameterException(f"{path} must have {what} less than or equal to {high}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
