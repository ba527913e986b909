"""What the makers of held-out tasks share: sources in TOML in, `test.jsonl` out, and conditions on what was said.

Where what counts is what the agent said, a fact is a number, a text, or a list of facts of which one is enough.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]
NUMBERS = """\
    numbers = {float(number.replace(",", "")) for number in re.findall(r"\\d[\\d,]*(?:\\.\\d+)?", answer)}
"""
"""The line of `evaluate` that reads numbers, however they are written: `1,013.99`, `$1013.990`."""


def sources(folder: Path, problem_of: Callable[[Record], str | None]) -> Iterator[Record]:
    """Every `[[task]]` of the TOML files, in order. Raises ValueError that names the one with a problem."""
    for path in sorted(folder.glob("*.toml")):
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))["task"]
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path.name}: {error}") from None
        for number, source in enumerate(found, start=1):
            if problem := problem_of(source):
                raise ValueError(f"{path.name}, task {number}: {problem}")
            yield source


def odd_keys(source: Record, needed: set[str], optional: Iterable[str] = ()) -> str | None:
    """What is wrong with the keys of a source, if anything."""
    odd = (source.keys() ^ needed).difference(optional)
    return f"{', '.join(sorted(odd))}: missing, or not known" if odd else None


def record(task_id: str, source: Record, start: str, check: str, solution: str, failure_cases: list[str]) -> Record:
    """A task as a line of a file of tasks; the id begins with the environment."""
    return {
        "id": task_id,
        "environment": task_id.rsplit("-", 2)[0],
        "family": None,
        "instruction": " ".join(source["instruction"].split()),
        "evaluation_function": check,
        "solution": solution,
        "failure_cases": failure_cases,
        "start": start,
        "origin": {"method": "by hand", "kind": source["kind"]},
    }


def write(lines: Iterable[Record], path: Path) -> None:
    """A record a line."""
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def spoken(source: Record) -> list[str]:
    """Conditions on `answer` and the numbers in it: all of `says` was said, and nothing of `unsaid`."""
    return [
        "transferred()" if source.get("transferred") else "not transferred()",
        *map(_said, source.get("says", ())),
        *(f"not re.search({_pattern(text)}, answer, re.I)" for text in source.get("unsaid", ())),
    ]


def evaluate(clauses: list[str]) -> str:
    """The body of `evaluate(answer)`: all of the conditions hold."""
    numbers = NUMBERS if any("numbers" in clause for clause in clauses) else ""
    conditions = "\n        and ".join(clauses)
    return f"{numbers}    return (\n        {conditions}\n    )"


def _said(fact: Any) -> str:
    if isinstance(fact, list):
        return f"({' or '.join(map(_said, fact))})"
    if isinstance(fact, str):
        return f"re.search({_pattern(fact)}, answer, re.I) is not None"
    return f"{fact} in numbers"


def _pattern(text: str) -> str:
    return f'r"\\b{re.escape(text)}\\b"'.replace("\\ ", " ").replace("\\-", "-")


def literal(value: Any, indent: str = "") -> str:
    """As ruff would write it."""
    if isinstance(value, dict) and value:
        inner = f"{indent}    "
        lines = [f"{inner}{json.dumps(key)}: {literal(each, inner)},\n" for key, each in value.items()]
        return f"{{\n{''.join(lines)}{indent}}}"
    return json.dumps(value)
