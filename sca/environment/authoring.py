"""Tools over plain-data state: the whole vocabulary of an environment.

    class Shop(Environment):
        '''A shop with orders.'''

        @read
        def get_order(self, order_id: str) -> dict: ...

        @write
        def cancel_order(self, order_id: str) -> dict: ...

A tool's docstring is what the model reads, so it is written as a prompt. A tool checks first and changes
afterwards; what it refuses, it refuses with a `ToolError` that says what to do instead.

What a tool does that is no part of the database (a hand-over, a message sent) it notes in `self.marks`; a method
marked `@check` tells the checks of tasks about it:

        @write(ends=True)
        def hand_over(self) -> str:
            self.marks["handed_over"] = True
            return "handed over"

        @check
        def handed_over(self) -> bool: ...
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, overload

Kind = Literal["read", "write", "move", "check"]
Counts = Literal["state", "answer", "both"]
F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__sca_tool__"


class ToolError(Exception):
    """A tool refuses a call. The message is read by the agent and says what to do instead."""


@dataclass(frozen=True)
class Tool:
    """One tool as the agent sees it."""

    name: str
    kind: Kind
    """`read` leaves the state alone, `write` changes what is checked, `move` changes only where one is.
    A `check` reads for the checks of tasks and for nobody else."""
    signature: str
    """As in Python, without `self`: `get_order(order_id: str) -> dict`."""
    call: str
    """The same without types: `get_order(order_id)`."""
    doc: str
    ends: bool = False
    """Whether a call of it ends the episode."""


@dataclass(frozen=True)
class Start:
    """What one challenger begins from: a user id, a theme, or the like."""

    text: str
    family: str | None = None
    theme: str = ""
    """Of what kind the task is to be; dealt out where the environment has `themes`."""

    @property
    def label(self) -> str:
        """As the record of a task holds it."""
        return "; theme: ".join(part for part in (self.text, self.theme) if part)


class Toolset:
    """Tools that share one state; methods marked `@read`, `@write` or `@move` are tools."""

    def __init__(self, state: Any) -> None:
        self.state = state
        """The database: what `state_hash` is taken of."""
        self.marks: dict[str, Any] = {}
        """What tools did beside it, by name; plain data like the state, empty at the start of each attempt.
        Agents cannot reach it; checks read it through methods marked `@check`."""
        self.switches_on: frozenset[str] = frozenset()
        """Those of `Environment.switches` that are on, the same for every attempt of a run."""


class Environment(Toolset):
    """A set of tools, the state they work on, and what counts in the end. Subclass it in `environment.py`."""

    counts: ClassVar[Counts] = "state"
    """What a task's check may look at: the final `state`, the `answer`, or `both`."""
    user: ClassVar[bool] = False
    """Whether a (simulated) user takes part: the instruction then goes to the user, not to the agent."""
    families: ClassVar[Mapping[str, type[Toolset]]] = {}
    """Where tasks see only a part of the tools: family name to its tools. Empty: one family without a name."""
    themes: ClassVar[Sequence[str]] = ()
    """Kinds of task that challengers are dealt with their starts, so that each start meets each theme in the end."""

    switches: ClassVar[Mapping[str, str]] = {}
    """Other ways in which the tools may behave: name to what it does. `--env NAME+SWITCH` turns one on."""

    leaves_out_unchanged: ClassVar[bool] = False
    """Whether published figures leave out those of a benchmark's tasks whose actions change nothing."""

    @classmethod
    def load(cls, data: Path) -> Any:
        """The state that each attempt starts from: JSON-like data, by default `data/*.json` by file name."""
        return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(data.glob("*.json"))}

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """What challengers begin from; they are dealt out in turn. By default one for each family."""
        return [Start(family, family) for family in cls.families] or [Start("")]

    @classmethod
    def first_observation(cls, state: Any, start: Start) -> str:
        """What there is to see before anything was done, as a browser's first page; empty where there is nothing.

        It is told to those who write tasks without acting (`sca explore --method pae`).
        """
        return ""

    @classmethod
    def redacted(cls, state: Any, start: Start, instruction: str) -> str:
        """The instruction without ids that its user would not know, where it can do without them.

        It must still say which record is meant: what cannot be told by the rest stays. By default all stays.
        """
        return instruction

    @classmethod
    def defects(cls, state: Any, actions: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
        """What is known to be wrong with a benchmark's task that takes these actions (tool and arguments)."""
        return []


def _mark(kind: Kind, function: F, *, ends: bool = False) -> F:
    setattr(function, _MARK, (kind, ends))
    return function


def read(function: F) -> F:
    """Mark a tool that leaves the state as it is."""
    return _mark("read", function)


@overload
def write(function: F) -> F: ...
@overload
def write(*, ends: bool) -> Callable[[F], F]: ...
def write(function: F | None = None, *, ends: bool = False) -> F | Callable[[F], F]:
    """Mark a tool that changes what is checked; `@write(ends=True)` also ends the episode."""
    if function is None:
        return lambda inner: _mark("write", inner, ends=ends)
    return _mark("write", function, ends=ends)


def move(function: F) -> F:
    """Mark a tool that changes where one is, as a browser does, but nothing that is checked."""
    return _mark("move", function)


def check(function: F) -> F:
    """Mark a method that only the checks of tasks may call: it reads state and marks, and changes nothing."""
    return _mark("check", function)


def tools_of(toolset: type[Toolset]) -> dict[str, Tool]:
    """The tools of a set, by name, in the order in which they were written (base classes first)."""
    return {name: tool for name, tool in _marked(toolset).items() if tool.kind != "check"}


def checks_of(toolset: type[Toolset]) -> dict[str, Tool]:
    """What only checks may call, by name, in the same order."""
    return {name: tool for name, tool in _marked(toolset).items() if tool.kind == "check"}


def _marked(toolset: type[Toolset]) -> dict[str, Tool]:
    marks = {
        name: mark
        for cls in reversed(toolset.__mro__)
        for name, function in vars(cls).items()
        if (mark := getattr(function, _MARK, None)) is not None
    }
    return {name: _tool(name, getattr(toolset, name), *mark) for name, mark in marks.items()}


def _tool(name: str, function: Callable[..., Any], kind: Kind, ends: bool) -> Tool:
    """`function`: the one that a call reaches, which may override a marked one without a mark of its own."""
    signature = _without_self(function)
    return Tool(
        name=name,
        kind=kind,
        signature=f"{name}{signature}".replace("typing.", ""),
        call=f"{name}{_without_types(signature)}",
        doc=inspect.getdoc(function) or "",
        ends=ends,
    )


def _without_self(function: Callable[..., Any]) -> inspect.Signature:
    try:  # evaluated, or a module with postponed annotations would show each type in quotes
        signature = inspect.signature(function, eval_str=True)
    except (NameError, TypeError):  # an annotation that only a type checker can resolve
        signature = inspect.signature(function)
    return signature.replace(parameters=[p for p in signature.parameters.values() if p.name != "self"])


def _without_types(signature: inspect.Signature) -> inspect.Signature:
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)
