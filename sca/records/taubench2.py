"""TauBench 2's `tasks.json`: one list of objects, with a scenario for the user and criteria for the evaluation.

https://github.com/sierra-research/tau2-bench
"""

import json
from collections.abc import Iterator
from typing import Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, ValidationError

from sca.records.problems import problems
from sca.records.task_files import Entry

PARTS = {
    "reason_for_call": "Why you get in touch:",
    "known_info": "What you know:",
    "unknown_info": "What you do not know:",
    "task_instructions": "How you go about it:",
}
"""What a scenario tells the user, in this order, and the words that introduce it."""


class _Model(BaseModel):
    model_config = ConfigDict(strict=True)


class _Instructions(_Model):
    reason_for_call: str | None = None
    known_info: str | None = None
    unknown_info: str | None = None
    task_instructions: str | None = None


class _Scenario(_Model):
    persona: str | None = None
    instructions: _Instructions | str


class _Action(_Model):
    name: str
    arguments: dict[str, Any]
    requestor: Literal["assistant"] = "assistant"


class _Criteria(_Model):
    actions: list[_Action] | None = None
    communicate_info: list[str] | None = None
    reward_basis: list[str] | None = None


class _Task(_Model):
    id: str | int
    user_scenario: _Scenario
    evaluation_criteria: _Criteria | None = None
    initial_state: dict[str, Any] | None = None


def entries(text: str) -> Iterator[Entry]:
    """Each task of the list. Raises `ValueError`, `line N: …`, where the file is not JSON."""
    for line, value in _items(text):
        try:
            task = _Task.model_validate(value)
        except ValidationError as error:
            yield Entry(line, problems=[f"line {line}: {problem}" for problem in problems(error)])
            continue
        if any((task.initial_state or {}).values()):
            yield Entry(line, problems=[f"line {line}: initial_state: tasks begin from the data as it is"])
            continue
        yield Entry(line, _fields(task))


def _fields(task: _Task) -> dict[str, Any]:
    criteria = task.evaluation_criteria or _Criteria()
    basis = criteria.reward_basis
    said = criteria.communicate_info or [] if basis is None or "COMMUNICATE" in basis else []
    actions = criteria.actions if task.evaluation_criteria else None
    origin: dict[str, Any] = {"method": "taubench2", "id": task.id}
    if basis is not None:
        origin |= {"reward_basis": basis}
    return {
        "instruction": _instruction(task.user_scenario),
        "actions": None if actions is None else [{"name": a.name, "arguments": a.arguments} for a in actions],
        "outputs": None if task.evaluation_criteria is None else said,
        "origin": origin,
    }


def _instruction(scenario: _Scenario) -> str:
    told = scenario.instructions
    if isinstance(told, str):
        parts = [told]
    else:
        parts = [f"{words}\n{text.strip()}" for name, words in PARTS.items() if (text := getattr(told, name))]
    return "\n\n".join([*([f"Who you are:\n{scenario.persona.strip()}"] if scenario.persona else []), *parts])


def _items(text: str) -> Iterator[tuple[int, Any]]:
    """Each item of the list with the line on which it begins."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    place = _next(text, text.index("[") + 1)
    while not text.startswith("]", place):
        line = _line(text, place)
        try:
            value, place = decoder.raw_decode(text, place)
        except _NotANumberError as error:
            raise ValueError(f"line {line}: is not JSON: {error} is no number there") from None
        except json.JSONDecodeError as error:
            raise ValueError(f"line {error.lineno}: is not JSON: {error.msg}") from None
        except RecursionError:
            raise ValueError(f"line {line}: is nested too deeply to be read") from None
        yield line, value
        place = _next(text, place)
        if text.startswith(",", place):
            place = _next(text, place + 1)
            if text.startswith("]", place):
                raise ValueError(f"line {_line(text, place)}: is not JSON: the list ends with a comma")
        elif not text.startswith("]", place):
            raise ValueError(f"line {_line(text, place)}: is not JSON: the list goes on without a comma")
    place = _next(text, place + 1)
    if place < len(text):
        raise ValueError(f"line {_line(text, place)}: is not JSON: something follows the list")


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _next(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place


class _NotANumberError(Exception):
    """NaN or an infinity."""


def _refuse(constant: str) -> NoReturn:
    raise _NotANumberError(constant)
