"""TauBench's task files: `TASKS = [Task(user_id=…, instruction=…, actions=[Action(…)], outputs=[…])]` in Python.

They are read as a syntax tree and never run. Older files hold dicts in place of calls, with `arguments` in place
of `kwargs`. https://github.com/sierra-research/tau-bench
"""

import ast
import math
import warnings
from collections.abc import Iterator
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from sca.records.problems import problems
from sca.records.task_files import Entry

Location = tuple[int | str, ...]
SHAPE = "NAME = [Task(instruction=…, actions=[Action(name=…, kwargs={…})], outputs=[…]), …]"


class _Action(BaseModel):
    model_config = ConfigDict(strict=True)
    name: str
    kwargs: dict[str, Any] = Field(validation_alias=AliasChoices("kwargs", "arguments"))


class _Task(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")
    instruction: str = Field(min_length=1)
    user_id: str | None = None
    actions: list[_Action]
    outputs: list[str] = []


class _OddError(ValueError):
    """Something that is not written out."""


def entries(text: str) -> Iterator[Entry]:
    """Each task of the one list that the file holds. Raises `ValueError`, `line N: …`, where it holds none."""
    for node in _list_of_tasks(text).elts:
        yield _entry(node)


def _list_of_tasks(text: str) -> ast.List:
    found: dict[str, ast.List] = {}
    for statement in _parsed(text).body:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                continue
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                if isinstance(value, ast.List):
                    found[f"{name} on line {statement.lineno}"] = value
            case _:
                raise ValueError(f"line {statement.lineno}: is code, and a task file is read, never run; use {SHAPE}")
    if len(found) > 1:
        raise ValueError(f"line 1: holds {len(found)} lists ({', '.join(found)}); keep one list of tasks in a file")
    if not found:
        raise ValueError(f"line 1: holds no list of tasks, {SHAPE}")
    return next(iter(found.values()))


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            return ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"line {error.lineno or 1}: is not Python: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise ValueError("line 1: is nested too deeply to be read") from None


def _entry(node: ast.expr) -> Entry:
    lines: dict[Location, int] = {}
    try:
        task = _Task.model_validate(_written_out(node, (), lines))
    except ValidationError as error:
        places = [item["loc"] for item in error.errors()]
        told = zip(places, problems(error), strict=False)
        return Entry(node.lineno, problems=[f"line {_line(place, lines)}: {problem}" for place, problem in told])
    except (_OddError, RecursionError) as error:
        return Entry(node.lineno, problems=[str(error) or f"line {node.lineno}: is nested too deeply to be read"])
    fields = {
        "instruction": task.instruction,
        "actions": [{"name": action.name, "arguments": action.kwargs} for action in task.actions],
        "outputs": task.outputs,
        "start": task.user_id,
        "origin": {"method": "taubench"} | (task.model_extra or {}),
    }
    return Entry(node.lineno, fields)


def _line(place: Location, lines: dict[Location, int]) -> int:
    """Where a field stands, or the nearest thing around it that does."""
    while place not in lines:
        place = place[:-1]
    return lines[place]


def _written_out(node: ast.expr, place: Location, lines: dict[Location, int]) -> Any:
    """The plain data that an expression writes out. Raises `_OddError` where it computes something."""
    lines[place] = node.lineno
    match node:
        case ast.Call(func=ast.Name(id="Task" | "Action") | ast.Attribute(attr="Task" | "Action"), args=[]):
            named = [(keyword.arg, keyword.value) for keyword in node.keywords]
        case ast.Dict():
            named = [(getattr(key, "value", None), value) for key, value in zip(node.keys, node.values, strict=True)]
        case ast.List() | ast.Tuple():
            return [_written_out(item, (*place, index), lines) for index, item in enumerate(node.elts)]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return _json(-number, node, place)
        case ast.Constant():
            return _json(node.value, node, place)
        case _:
            raise _odd(node, place, f"must be written out, not {ast.unparse(node)[:60]!r}")
    if not all(isinstance(name, str) for name, _ in named):
        raise _odd(node, place, "must have names that are text, each written out")
    return {name: _written_out(value, (*place, str(name)), lines) for name, value in named}


def _json(value: Any, node: ast.expr, place: Location) -> Any:
    plain = value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
    if not plain:
        raise _odd(node, place, f"must be text, a number, True, False or None, not {ast.unparse(node)[:60]}")
    return value


def _odd(node: ast.expr, place: Location, problem: str) -> _OddError:
    return _OddError(f"line {node.lineno}: {'.'.join(map(str, place)) or 'task'}: {problem}")
