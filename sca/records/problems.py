"""What is wrong with a line, in plain words: `reward: must be 0 or 1, not text`."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

SHOWN = 10
"""Problems named of one line; a list of 4,000 wrong numbers needs no more."""

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
}


def problems(error: ValidationError) -> Iterator[str]:
    """One `FIELD: what is wrong` for each, or only what is wrong where it is the whole line."""
    found = error.errors(include_url=False, include_context=True)
    for item in found[:SHOWN]:
        where = ".".join(str(part) for part in item["loc"])
        what = _words(item["type"], item["msg"], item.get("ctx", {}), item["input"])
        yield f"{where}: {what}" if where else what
    if len(found) > SHOWN:
        yield f"and {len(found) - SHOWN} more problems"


def not_json(text: str) -> str | None:
    """What strict JSON forbids and our parser lets pass: NaN and the infinities; None when there is none."""
    if "NaN" not in text and "Infinity" not in text:
        return None
    try:
        json.loads(text, parse_constant=_refuse)
    except _NotANumberError as error:
        return f"is not JSON: {error} is no number there"
    return None


class _NotANumberError(Exception):
    """A constant that Python's parser knows and JSON does not."""


def _refuse(constant: str) -> None:
    raise _NotANumberError(constant)


def _words(kind: str, message: str, context: dict[str, Any], value: Any) -> str:
    match kind:
        case "missing":
            return "is missing"
        case "json_invalid":
            return "is not JSON: " + _plainly(str(context["error"]))
        case "literal_error":
            return f"must be {context['expected']}, not {_name(value)}"
        case "value_error":  # of ours
            return str(context["error"])
        case "string_too_short":
            return "must not be empty"
        case "too_long" | "too_short":
            return f"must have {context.get('max_length', context.get('min_length'))} items, not {_length(value)}"
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, not {_name(value)}"
    return message[:1].lower() + message[1:]


def _plainly(parser: str) -> str:
    for theirs, ours in (
        ("at line 1 column", "at column"),
        ("EOF while parsing", "it ends within"),
        ("unexpected end of hex escape", "half of a surrogate pair"),
    ):
        parser = parser.replace(theirs, ours)
    return parser


def _length(value: Any) -> str:
    return str(len(value)) if isinstance(value, list | tuple | dict | str) else _name(value)


def _name(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}" if len(str(value)) < 20 else "a number"
        case str():
            return repr(value) if len(value) < 20 else "text"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
    return "something else"
