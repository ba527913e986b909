"""The published check of an answer, M3ToolEval's, kept for figures that must compare.

What it does, in our words: an answer is right when it and the reference are the same after each was read as an
integer, or else as a float, or else as text; or when the answer, read as a Python value, is written as the reference
is. So `161` passes for 161.25, whose integer it is, and a list must be written as Python writes it. Source:
`Task.check_answer` in `scripts/eval/m3tooleval/tasks/base.py` of https://github.com/xingyaoww/code-act.
"""

import ast
import inspect
from typing import Any


def official_evaluate(answer: Any, expected: Any) -> bool:
    """Whether the published check accepts an answer, a text. It is run in the sandbox, from its source."""

    def number(value: Any) -> Any:
        for read in (int, float):
            try:
                return read(value)
            except ValueError:
                continue
        return value

    try:
        if answer == expected or number(answer) == number(expected):
            return True
        answer = ast.literal_eval(answer)
    except Exception:  # noqa: BLE001  # as published: what cannot be read is compared as it is written
        pass
    return str(answer) == str(expected)


def is_written(expected_output: str) -> bool:
    """Whether a reference is a value as Python writes it, so that `check_source` and `said` can read it."""
    try:
        ast.literal_eval(repr(ast.literal_eval(expected_output)))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False
    return True


def check_source(expected_output: str) -> str:
    """Source of `evaluate(answer)` for a reference, written as Python writes it."""
    value = repr(ast.literal_eval(expected_output))
    function = inspect.getsource(official_evaluate)
    check = f"def evaluate(answer):\n    return official_evaluate(answer, {value})\n"
    return f"import ast\nfrom typing import Any\n\n\n{function}\n\n{check}"


def said(expected_output: str) -> str:
    """The reference as one who knows it would answer."""
    value = ast.literal_eval(expected_output)
    return value if isinstance(value, str) else repr(value)
