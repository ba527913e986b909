"""`same`: does a text answer say what was expected?"""

import ast
import json
import math
from typing import Any


def same(answer: Any, expected: Any, decimals: int | None = None) -> bool:
    """Whether `answer` says `expected`; the type of `expected` decides how the text is read."""
    raise_free = _read(answer, expected)
    return _equal(raise_free, expected, decimals)


def _read(answer: Any, expected: Any) -> Any:
    if not isinstance(answer, str) or isinstance(expected, str):
        return answer.strip() if isinstance(answer, str) else answer
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(answer.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return answer


def _equal(value: object, expected: object, decimals: int | None) -> bool:
    if isinstance(expected, bool) or expected is None:
        return bool(value is expected)
    if isinstance(expected, (int, float)):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        if decimals is not None:
            return abs(value - expected) <= 0.5 * 10.0**-decimals + 1e-12
        return math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-12)
    if isinstance(expected, (list, tuple)):
        return (
            isinstance(value, (list, tuple))
            and len(value) == len(expected)
            and all(_equal(v, e, decimals) for v, e in zip(value, expected, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and value.keys() == expected.keys()
            and all(_equal(value[k], expected[k], decimals) for k in expected)
        )
    if isinstance(expected, str):
        return isinstance(value, str) and value.strip() == expected.strip()
    return bool(value == expected)
