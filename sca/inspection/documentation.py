"""What a model reads of the tools: names, types and docstrings. Nothing is called here."""

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Literal, Union, get_args, get_origin

from sca.environment import Environment, Tool, Toolset, checks_of, tools_of
from sca.inspection import Finding

RESERVED = frozenset({"same", "ToolError", "result", "evaluate", "answer"})
"""Names that mean something else in the code of a task."""
JSON = "str, int, float, bool, None, list, dict, Any, or Literal"
_PLAIN = (str, int, float, bool, list, dict, tuple, type(None), Any)


def check_documentation(environment: type[Environment]) -> Iterator[Finding]:
    """Findings on the class, its families and every tool."""
    place = f"environment.py, {environment.__name__}"
    if not (environment.__doc__ or "").strip():
        yield Finding(place, "has no docstring; say in a sentence what this world is, the model reads it first")
    if environment.counts not in ("state", "answer", "both"):
        yield Finding(place, f'counts is {environment.counts!r}; it must be "state", "answer" or "both"')
    if environment.families and (own := tools_of(environment) | checks_of(environment)):
        names = ", ".join(own)
        yield Finding(place, f"no task sees its own tools ({names}), since it has families; move them into one")
    for family, toolset in environment.families.items() or [(None, environment)]:
        yield from _check_toolset(family, toolset, environment.counts)


def _check_toolset(family: str | None, toolset: type[Toolset], counts: str) -> Iterator[Finding]:
    place = f"environment.py, {toolset.__name__}" + (f" (family {family})" if family else "")
    if not (isinstance(toolset, type) and issubclass(toolset, Toolset)):
        yield Finding(place, "a family must be a subclass of Toolset", blocks=True)
        return
    tools = tools_of(toolset)
    if not tools:
        yield Finding(place, "has no tools; mark its methods with @read, @write or @move")
    elif counts != "answer" and all(tool.kind != "write" for tool in tools.values()):
        problem = f'counts = "{counts}", but no tool is marked @write: no check of the state could tell success'
        yield Finding(place, f"{problem} from doing nothing")
    tools |= checks_of(toolset)
    for tool in tools.values():
        yield from _check_tool(tool, inspect.getattr_static(toolset, tool.name))
    yield from _unmarked(toolset, set(tools))


def _check_tool(tool: Tool, function: Callable[..., Any]) -> Iterator[Finding]:
    place = f"environment.py, {tool.name}"
    if tool.name in RESERVED or tool.name.startswith("_"):
        yield Finding(place, "task code cannot use this name; choose another")
    if not tool.doc:
        yield Finding(place, "has no docstring; tell the model what it does, what it returns and what it refuses")
    if not inspect.isfunction(function) or next(iter(inspect.signature(function).parameters), "") != "self":
        yield Finding(place, "is not a plain method; a tool takes self first", blocks=True)
        return
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        yield Finding(place, "is async or a generator; a tool returns its result directly")
    yield from _check_types(place, function)


def _check_types(place: str, function: Callable[..., Any]) -> Iterator[Finding]:
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError) as error:
        yield Finding(place, f"its annotations cannot be read: {error}", blocks=True)
        return
    for name in inspect.signature(function).parameters:
        if name == "self":
            continue
        if name not in hints:
            yield Finding(place, f"parameter {name} has no type; write for example {name}: str")
        elif not _is_json(hints[name]):
            yield Finding(place, f"parameter {name} is {_name(hints[name])}, but arguments come as JSON; use {JSON}")
    if "return" not in hints:
        yield Finding(place, "the result has no type; write for example -> dict[str, Any]")
    elif not _is_json(hints["return"]):
        yield Finding(place, f"returns {_name(hints['return'])}, but results leave as JSON; use {JSON}")


def _is_json(hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return all(isinstance(value, (str, int, type(None))) for value in inner)
    if origin in (Union, types.UnionType, list, tuple, typing.Annotated):
        return all(_is_json(one) for one in inner if one is not Ellipsis)
    if origin is dict:
        return inner[0] is str and _is_json(inner[1])
    return hint in _PLAIN or typing.is_typeddict(hint)


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")


def _unmarked(toolset: type[Toolset], tools: set[str]) -> Iterator[Finding]:
    for name, value in vars(toolset).items():
        if inspect.isfunction(value) and not name.startswith("_") and name not in tools:
            problem = "is not marked, so that no model sees it; mark it, or begin its name with _"
            yield Finding(f"environment.py, {name}", problem, wrong=False)
