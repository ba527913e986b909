"""What can be found out by reading: from what an instruction says, through read and move tools, as an agent would.

The tools are called in the sandbox, breadth first: a value that is known is tried where values of its kind stand,
by the name of the parameter. First from the instruction alone, which says what an executor can get at; then from the
values that the solution used as well, which shows what else these could have been.
"""

import asyncio
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sca.judging.programs import ask
from sca.judging.surroundings import Surroundings, ToolFacts, named_values
from sca.judging.walking import shown_on_the_way
from sca.judging.wording import phrases, plain, says, stem, telling
from sca.sandbox import Box, Call, World

CALLS = 160
"""Calls of tools for one task at most."""
ROUNDS = 6
COMBINATIONS = 48
"""Calls of one tool with several parameters in one round at most."""
MANY = 20
"""Of more values in one place, only those that are mentioned or used are followed further."""


@dataclass(frozen=True)
class Document:
    """What one call of a read or move tool returned."""

    tool: str
    arguments: dict[str, Any]
    result: Any
    told: bool
    """Whether the instruction leads to it."""
    first: bool = False
    """Whether the instruction alone held all its arguments."""

    @property
    def about(self) -> frozenset[str]:
        """Plain forms of its arguments."""
        return frozenset(plain(value) for _, value in named_values(self.arguments))


@dataclass
class Library:
    """Everything that was read for one task."""

    instruction: str
    documents: list[Document] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    """Plain forms of the values that the instruction leads to."""
    shown: frozenset[str] = frozenset()
    """Plain forms of what the solution's moves were told after something had shown it, as a page shows a link."""
    programs: int = 0

    def __post_init__(self) -> None:
        self.phrases = phrases(self.instruction)

    def says(self, value: Any) -> bool:
        """Whether the instruction writes the value out."""
        return says(self.phrases, self.instruction, value)

    def about(self, value: Any) -> list[Document]:
        """Documents that were asked for with this value."""
        return [document for document in self.documents if plain(value) in document.about]

    @property
    def text(self) -> str:
        """All results."""
        return json.dumps([document.result for document in self.documents], ensure_ascii=False)


async def read_up(
    instruction: str, family: str | None, calls: Sequence[Call], box: Box, surroundings: Surroundings
) -> Library:
    """Read from the instruction, then from what `calls` used. Raises `SandboxError` when the sandbox fails."""
    library = Library(instruction)
    world = await box.world(family)
    try:
        reader = _Reader(library, surroundings, surroundings.tools(family), world, calls)
        await reader.follow(told=True)
        library.reached = set(reader.known)
        reader.learn_used()
        await reader.follow(told=False)
        await reader.trace()
    finally:
        await world.close()
    library.shown = await shown_on_the_way(calls, family, box, surroundings)
    return library


class _Reader:
    def __init__(
        self,
        library: Library,
        surroundings: Surroundings,
        tools: Mapping[str, ToolFacts],
        world: World,
        calls: Sequence[Call],
    ) -> None:
        self.library, self.surroundings, self.world, self.calls = library, surroundings, world, calls
        self.tools = [tool for tool in tools.values() if tool.kind in ("read", "move")]
        self.used = {plain(value) for call in calls for _, value in named_values(call.arguments)}
        self.mentioned = telling(library.instruction)
        self.known: dict[str, Any] = {}
        """Plain form → value, of all that is known so far."""
        self.open: dict[str, Any] = {}
        """Those of them that are followed further."""
        self.made: set[str] = set()
        self.said: dict[tuple[str, str], set[str]] = {}
        """Tool and parameter → what the instruction says outright that may stand there."""

    async def follow(self, *, told: bool) -> None:
        """Call tools with what is known until that brings nothing new."""
        for number in range(ROUNDS):
            calls = await self._next()
            if not calls:
                return
            self.made.update(_key(*call) for call in calls)
            self.library.programs += 1
            for (tool, arguments), said in zip(calls, await ask(self.world, calls), strict=True):
                if said[0] == "returned":
                    self.library.documents.append(Document(tool.name, arguments, said[1], told, told and not number))
                    self._learn(said[1])

    def learn_used(self) -> None:
        """Take the solution's own values as known."""
        for call in self.calls:
            for _, value in named_values(call.arguments):
                self.known.setdefault(plain(value), value)
                self.open.setdefault(plain(value), value)

    async def trace(self) -> None:
        """Make the solution's own reads that were not made yet."""
        tools = {tool.name: tool for tool in self.tools}
        calls = [(tools[call.name], call.arguments) for call in self.calls if call.kind == "read" and not call.error]
        missing = list({_key(*call): call for call in calls if _key(*call) not in self.made}.values())[:CALLS]
        if missing:
            self.library.programs += 1
            for (tool, arguments), said in zip(missing, await ask(self.world, missing), strict=True):
                if said[0] == "returned":
                    self.library.documents.append(Document(tool.name, arguments, said[1], told=False))

    def _learn(self, result: Any) -> None:
        for value, label, crowd in _contents(result):
            key = plain(value)
            self.known.setdefault(key, value)
            if not crowd or key in self.used or {stem(word) for word in label} & self.mentioned:
                self.open.setdefault(key, value)

    async def _next(self) -> list[tuple[ToolFacts, dict[str, Any]]]:
        """Calls that were not made yet."""
        found: list[tuple[ToolFacts, dict[str, Any]]] = []
        for tool in self.tools:
            await asyncio.sleep(0)  # with much data a tool's candidates take milliseconds; others may go on
            found += itertools.islice(self._calls(tool), max(0, CALLS - len(self.made) - len(found)))
        return found

    def _calls(self, tool: ToolFacts) -> Iterator[tuple[ToolFacts, dict[str, Any]]]:
        choices = [self._candidates(tool, parameter) for parameter in tool.required]
        for values in itertools.islice(itertools.product(*choices), COMBINATIONS):
            arguments = dict(zip(tool.required, values, strict=True))
            if _key(tool, arguments) not in self.made:
                yield tool, arguments

    def _candidates(self, tool: ToolFacts, parameter: str) -> list[Any]:
        """Known values that may stand for a parameter."""
        kind = self._of_kind(tool, parameter)
        if (tool.name, parameter) not in self.said:
            self.said[tool.name, parameter] = {key for key, value in kind.items() if self.library.says(value)}
        said = self.said[tool.name, parameter]
        found = {key: value for key, value in kind.items() if key in self.open or key in said}
        values = [found[key] for key in sorted(found)]
        return [[value] for value in values] if parameter in tool.lists else values

    def _of_kind(self, tool: ToolFacts, parameter: str) -> Mapping[str, Any]:
        named = self.surroundings.named(parameter)
        if named or not self.surroundings.values:
            return named
        used = {
            _shape(v) for call in self.calls if call.name == tool.name for v in [call.arguments.get(parameter)] if v
        }
        if not any(used):
            return {}
        every = {plain(phrase): phrase for phrase in self.library.phrases} | self.open
        return {key: value for key, value in every.items() if _shape(value) in used}


def _contents(result: Any, label: tuple[str, ...] = ()) -> Iterator[tuple[Any, tuple[str, ...], bool]]:
    """Every leaf and key, the words beside it, and whether it stands among many."""
    crowd = isinstance(result, (dict, list)) and len(result) > MANY
    if isinstance(result, dict):
        for key, inner in result.items():
            yield key, (), crowd
            beside = tuple(str(key).casefold().split())
            yield from ((value, words or beside, crowd or more) for value, words, more in _contents(inner, beside))
    elif isinstance(result, list):
        for inner in result:
            yield from ((value, words, crowd or more) for value, words, more in _contents(inner, label))
    elif isinstance(result, (str, int, float)) and not isinstance(result, bool):
        yield result, label, crowd


def _shape(value: Any) -> str:
    """`W12` and `X99` look alike; a plain word has no shape."""
    kinds = ["9" if c.isdigit() else "a" if c.isalpha() else c for c in str(value)]
    shape = "".join(kind for kind, _ in itertools.groupby(kinds))
    return shape if len(set(shape)) > 1 else ""


def _key(tool: ToolFacts, arguments: Mapping[str, Any]) -> str:
    return json.dumps([tool.name, arguments], sort_keys=True)
