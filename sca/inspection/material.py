"""What lies beside the tools: state, starts, tasks and examples. No tool is called here."""

import difflib
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from sca.dialogue.setting import Setting
from sca.environment import Start
from sca.errors import ScaError
from sca.inspection import Finding
from sca.records.contract import Task
from sca.records.reading import read

T = TypeVar("T")
CLOSE = 0.8
"""Likeness of two instructions, word by word, from which one gives the other away."""


def check_state(setting: Setting) -> Iterator[Finding]:
    """Findings on the state as it is loaded, and on what challengers begin from."""
    environment, data = setting.environment, setting.data or setting.folder / "data"
    try:
        state, again = (attempt("load", lambda: environment.load(data)) for _ in range(2))
        not_plain = list(_not_plain(state, "state"))
        yield from (Finding("environment.py, load", problem, blocks=True) for problem in not_plain)
        if not not_plain and _dump(state) != _dump(again):
            yield Finding(
                "environment.py, load", "gives another state each time; use no clock and no unseeded chance"
            )
        starts, same_starts = (attempt("starts", lambda: environment.starts(state)) for _ in range(2))
        yield from _check_starts(setting, starts, same_starts)
        if not not_plain and _dump(state) != _dump(again):
            yield Finding("environment.py, starts", "changes the state; only tools may")
    except ScaError as error:
        yield Finding("environment.py", str(error), blocks=True)


def attempt(name: str, function: Callable[[], T]) -> T:
    """Call code of the environment. Raises ScaError that names it, whatever it raises."""
    try:
        return function()
    except Exception as error:
        raise ScaError(f"{name} fails: {type(error).__name__}: {error}") from error


def _check_starts(setting: Setting, starts: list[Start], again: list[Start]) -> Iterator[Finding]:
    place, families = "environment.py, starts", setting.environment.families
    if not starts:
        yield Finding(place, "is empty; challengers need at least one start")
    if starts != again:
        yield Finding(place, "gives other starts each time; use no clock and no unseeded chance")
    for family in sorted({start.family for start in starts} - set(families or (None,)), key=str):
        yield Finding(place, f"family {family!r} is unknown; known are {', '.join(families) or 'none'}")
    for family in [f for f in families if f not in {start.family for start in starts}]:
        yield Finding(place, f"no start belongs to family {family}, so no task of it would be written")


def _not_plain(value: Any, path: str) -> Iterator[str]:
    """What in a state JSON would lose or change."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if type(key) is str:
                yield from _not_plain(inner, f"{path}[{key!r}]")
            else:
                yield f"{path} has the key {key!r}; keys must be text"
    elif type(value) is list:
        for index, inner in enumerate(value):
            yield from _not_plain(inner, f"{path}[{index}]")
    elif type(value) is float and not math.isfinite(value):
        yield f"{path} is {value}; JSON has no such number"
    elif type(value) not in (str, int, float, bool, type(None)):
        yield f"{path} is of type {type(value).__name__}; a state holds dict, list, str, int, float, bool, None"


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def read_tasks(setting: Setting, path: Path) -> tuple[list[Task], list[Finding]]:
    """The tasks of a file that can be read and belong here, and what is wrong with the file."""
    if not path.is_file():
        use = "`sca eval` has nothing to try" if path == setting.test_tasks else "challengers see no example"
        return [], [Finding(str(path.relative_to(setting.folder)), f"is missing: {use}", wrong=False)]
    reading = read(path, Task, skip_bad_lines=True)
    place = str(path.relative_to(setting.folder))
    named = [text.removeprefix(f"{path}, ").partition(": ") for text in reading.skipped]
    findings = [Finding(f"{place}, {line}", problem) for line, _, problem in named]
    for task in reading.records:
        findings += [Finding(f"{place}, {task.id}", problem) for problem in _misplaced(setting, task)]
    return [task for task in reading.records if not list(_misplaced(setting, task))], findings


def _misplaced(setting: Setting, task: Task) -> Iterator[str]:
    families = setting.environment.families
    if task.environment != setting.name:
        yield f"environment is {task.environment!r}; in this folder it must be {setting.name!r}"
    if task.family not in (families or (None,)):
        yield f"family {task.family!r} is unknown; known are {', '.join(families) or 'none (null)'}"


def check_closeness(examples: list[Task], tests: list[Task]) -> Iterator[Finding]:
    """Examples that give a test task away."""
    for example in examples:
        for test in tests:
            if _likeness(example.instruction, test.instruction) > CLOSE:
                yield Finding(
                    f"examples.jsonl, {example.id}", f"is too close to the test task {test.id}; write another"
                )


def _likeness(one: str | None, other: str | None) -> float:
    return difflib.SequenceMatcher(None, _words(one), _words(other), autojunk=False).ratio()


def _words(text: str | None) -> list[str]:
    return re.findall(r"\w+", (text or "").lower())
