"""What a challenger hands in: tags around the parts of a task, one tag a line.

Where only the answer counts there is a short form, as in the paper's calculation environment: the expected output
instead of a function, and wrong answers as failure cases.
"""

import ast
import re
import warnings
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from sca.dialogue.markers import without_fence

_ASSIGNED = re.compile(r"\Aresult[ \t]*=(?!=)[ \t]*(?=\S)")
_LONGEST_LITERAL = 2_000  # characters; a longer one is taken as a string, so that no hostile literal is parsed here


class HandIn(BaseModel):
    """The parts of a task as they were handed in; None where a part is missing."""

    model_config = ConfigDict(frozen=True)

    instruction: str | None = None
    evaluation_function: str | None = None
    solution: str | None = None
    failure_cases: list[str] = []


def parse(text: str) -> HandIn:
    """Read a hand-in. Parts that are missing stay None: what is wrong with a task is for its verdict to say."""
    expected = _first(text, "expected_output")
    failures = _all(text, "failure_case")
    check = _first(text, "evaluation_function")
    if check is None and expected is not None:
        check = f"def evaluate(answer):\n    return same(answer, {_literal(expected)})"
        failures = [f"result = {_literal(failure)}" for failure in failures]
    return HandIn(
        instruction=_first(text, "instruction", strip=True) or None,
        evaluation_function=check,
        solution=_first(text, "solution") or _first(text, "example_solution"),
        failure_cases=failures,
    )


def render(instruction: str, evaluation_function: str, solution: str, failure_cases: Iterable[str]) -> str:
    """The full form, for few-shot examples and training data."""
    parts = [
        ("instruction", instruction),
        ("evaluation_function", evaluation_function),
        ("solution", solution),
        *(("failure_case", failure) for failure in failure_cases),
    ]
    return "\n".join(f"<{tag}>\n{body.strip(chr(10))}\n</{tag}>" for tag, body in parts)


def _all(text: str, tag: str) -> list[str]:
    found: list[str] = []
    opening, closing = f"<{tag}>", f"</{tag}>"
    end = 0
    while (start := text.find(opening, end)) >= 0:
        start += len(opening)
        end = text.find(closing, start)
        if end < 0:
            break
        found.append(without_fence(text[start:end]))
    return found


def _first(text: str, tag: str, *, strip: bool = False) -> str | None:
    found = _all(text, tag)
    if not found:
        return None
    return found[0].strip() if strip else found[0]


def _literal(text: str) -> str:
    """`text` as a Python literal: the one it is, or is assigned to `result`, else itself as a string."""
    text = _ASSIGNED.sub("", text.strip())
    if len(text) <= _LONGEST_LITERAL:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an escape that Python does not know is the model's affair
                tree = ast.parse(text, mode="eval")
            ast.literal_eval(tree)
            return ast.unparse(tree)  # not the repr of its value: the order of a set is another in each process
        except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
            pass
    return repr(text)
