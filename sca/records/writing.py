"""A record as a line. Whatever a model put into it, it can be written, and what was written can be read again."""

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from sca.records.contract import Record
from sca.records.reading import parse

_LAST = ("origin", "tokens")
"""Bulky fields: what a person reads stands before them."""

_DEEPEST = 100
_MOST_BITS = 10_000
"""Of a whole number: JSON parsers refuse those of more than 4,300 digits."""


def line_of(record: Record) -> bytes:
    """One line of UTF-8 JSON, newline included. Raises `ValueError` for a record that breaks its own types.

    What JSON cannot hold, as a lone surrogate that a model printed or a NaN that it passed to a tool, is written as
    near to it as text can be; reading the line back proves it.
    """
    try:
        text = _dump(_ordered(record.model_dump()))
        parse(text, type(record))
    except (ValueError, TypeError, RecursionError):
        text = _dump(_tame(_ordered(dict(record))))
        parse(text, type(record))
    return text + b"\n"


def _dump(fields: Any) -> bytes:
    return json.dumps(fields, ensure_ascii=False, allow_nan=False).encode()


def _ordered(fields: Mapping[str, Any]) -> dict[str, Any]:
    bulky = {name: fields[name] for name in _LAST if name in fields}
    return {name: value for name, value in fields.items() if name not in bulky} | bulky


def _tame(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        return "… (nested too deep)"
    match value:
        case BaseModel():
            return _tame(dict(value), depth)
        case dict():
            return {_text(str(name)): _tame(item, depth + 1) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_tame(item, depth + 1) for item in value]
        case float() if not math.isfinite(value):
            return json.dumps(value)
        case int() if value.bit_length() > _MOST_BITS:
            return f"{value:#x}"
        case None | bool() | int() | float():
            return value
    return _text(str(value))


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
