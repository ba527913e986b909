"""`same`: does a text answer say what was expected?"""

import ast
import json
import math
import warnings
from typing import Any

_UNREADABLE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, OverflowError)


def same(answer: Any, expected: Any, decimals: int | None = None) -> bool:
    """Whether `answer` says `expected`. The type of `expected` decides how a text answer is read.

    A number, list, dict, bool or None is read as JSON or as a Python literal, so `[1, "a"]` and `(1, 'a')` say the
    same. Numbers agree within 1e-6 of each other's size or, with `decimals`, when the answer rounds to that many
    places; `"161"` does not say 161.25. Strings are stripped and then compared letter by letter. A bool is no
    number. Never raises, whatever the text holds.
    """
    value = _read(answer) if isinstance(answer, str) and not isinstance(expected, str) else answer
    return _equal(value, expected, decimals)


def _read(text: str) -> Any:
    """The value that the text writes as JSON or as a Python literal; the text itself where it writes none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's parser warns of odd literals, thousands of times if asked to
        for parse in (json.loads, ast.literal_eval):
            try:
                return parse(text.strip())
            except _UNREADABLE:
                continue
    return text


def _equal(value: Any, expected: Any, decimals: int | None) -> bool:
    if isinstance(expected, bool) or expected is None:
        return bool(value is expected)
    if isinstance(expected, (int, float)):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and _close(value, expected, decimals)
    if isinstance(expected, str):
        return isinstance(value, str) and value.strip() == expected.strip()
    if isinstance(expected, (list, tuple)):
        return (
            isinstance(value, (list, tuple))
            and len(value) == len(expected)
            and all(_equal(v, e, decimals) for v, e in zip(value, expected, strict=True))
        )
    if isinstance(expected, dict):
        return isinstance(value, dict) and _equal_dicts(value, expected, decimals)
    return bool(value == expected)


def _close(value: float, expected: float, decimals: int | None) -> bool:
    if isinstance(value, int) and isinstance(expected, int) and max(abs(value), abs(expected)) > 2**1000:
        return value == expected  # too large for a float
    try:
        if decimals is None:
            return math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-12)
        if math.isinf(expected):
            return value == expected
        slack = 1e-12 + 4 * math.ulp(expected)  # 0.125 is not exactly half of a step away from 0.13
        return abs(value - expected) <= 0.5 * 10.0**-decimals + slack
    except OverflowError:
        return False


def _equal_dicts(value: dict[Any, Any], expected: dict[Any, Any], decimals: int | None) -> bool:
    """By value; keys as JSON writes them, for an answer rendered as JSON has no other keys than strings."""
    said = {_key(key): item for key, item in value.items()}
    wanted = {_key(key): item for key, item in expected.items()}
    return said.keys() == wanted.keys() and all(_equal(said[key], wanted[key], decimals) for key in wanted)


def _key(key: Any) -> Any:
    try:
        return json.dumps(key) if key is None or isinstance(key, (bool, int, float)) else key
    except ValueError:  # a whole number of more digits than Python writes, as `0xfff…` may be
        return key
