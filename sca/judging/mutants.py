"""Mutants: the solution's own tool calls, each time with one thing changed, and replayed.

What is changed are the calls that the trusted side of the sandbox recorded, not the source: that works where the
solution computes its arguments. A value gives way to another that stands beside it in what can be read (another
order of the customer, another item of the product, another of the reasons that the docstring names), so that a mutant
is what a careless agent would do. Mutation testing: DeMillo, Lipton, Sayward 1978, "Hints on Test Data Selection".
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import Parameter
from itertools import islice
from typing import Any, Literal

from sca.judging.kinship import Kinship
from sca.judging.surroundings import Surroundings, ToolFacts
from sca.judging.telling import Telling
from sca.judging.wording import LARGE, plain
from sca.sandbox import Call

CANDIDATES = 6
"""Values that are tried in one place until `ENOUGH` of them are not refused."""
ENOUGH = 3
PLACES = 200
"""Values of one call that give way to others; a call has thousands only by malice."""
Kind = Literal["other_value", "dropped_call", "dropped_item", "added_item", "swapped", "extra_call"]


@dataclass(frozen=True)
class Mutant:
    """A changed sequence of calls."""

    kind: Kind
    calls: tuple[Call, ...]
    place: str
    """Which argument of which call, or which call: mutants of one place stand for the same thing."""
    was: Any = None
    now: Any = None
    apart: bool = True
    """Whether the instruction tells what the solution did from this; else the choice was open to the agent."""

    def __str__(self) -> str:
        return f"{self.place}: {self.was!r} → {self.now!r}" if self.kind == "other_value" else f"{self.place}"


@dataclass
class Mutator:
    """Makes the mutants of one task, the same each time."""

    key: str
    calls: tuple[Call, ...]
    """All that is not a read."""
    tools: Mapping[str, ToolFacts]
    surroundings: Surroundings
    kinship: Kinship
    telling: Telling

    def values(self) -> Iterator[Iterator[Mutant]]:
        """For each value of each write call: the same calls with another one, candidates best first.

        None is made before it is asked for: of a long list they take long to make.
        """
        for number, call in self._writes():
            for parameter, index, value in islice(leaves(call), PLACES):
                yield self._others(number, call, parameter, index, value)

    def structures(self) -> Iterator[Mutant]:
        """Calls and items left out, added and swapped."""
        writes = list(self._writes())
        for number, call in writes:
            rest = tuple(other for i, other in enumerate(self.calls) if i != number)
            yield Mutant("dropped_call", rest, f"{call.name} left out")
            yield from self._shorter(number, call)
            yield from self._longer(number, call)
        for one, (number, call) in enumerate(writes):
            for other_number, other in writes[one + 1 :]:
                yield from self._swapped(number, call, other_number, other)

    def extras(self, others: Sequence[Mutant]) -> Iterator[Mutant]:
        """One more write after the solution: what a mutant would have done in place of a call of it."""
        for other in others:
            new = next((a for a, b in zip(other.calls, self.calls, strict=False) if a != b), None)
            if new is not None:
                yield replace(other, kind="extra_call", calls=(*self.calls, new), place=f"{new.name} once more")

    def _writes(self) -> Iterator[tuple[int, Call]]:
        for number, call in enumerate(self.calls):
            if call.kind == "write" and call.error is None and _simple(self.tools[call.name], call):
                yield number, call

    def _others(self, number: int, call: Call, parameter: str, index: int | None, value: Any) -> Iterator[Mutant]:
        tool = self.tools[call.name]
        beside = [one for name, _, one in leaves(call) if name != parameter]
        place = f"{call.name}.{parameter}" + (f"[{index}]" if index is not None else "")
        held = call.arguments[parameter]
        for other in self._candidates(number, call, parameter, value)[:CANDIDATES]:
            if other in beside or (index is not None and other in held):
                continue
            changed = self._coherent(call, parameter, index, value, other)
            apart = self.telling.apart(tool, parameter, value, other, beside)
            yield Mutant("other_value", self._with(number, changed), place, value, other, apart)

    def _candidates(self, number: int, call: Call, parameter: str, value: Any) -> list[Any]:
        rng = random.Random(f"{self.key} {number} {parameter} {plain(value)}")
        tool = self.tools[call.name]
        if parameter in tool.choices:
            return [other for other in tool.choices[parameter] if other != value]
        if isinstance(value, (int, float)):
            return [value + 1, value - 1] if abs(value) < LARGE else []
        if parameter in self.surroundings.determined(frozenset(call.arguments)):
            return []
        near = self.kinship.neighbours(value, parameter)
        if near or not value:
            return near
        read = {plain(v) for v in self.kinship.entries}
        known = [other for key, other in self.surroundings.named(parameter).items() if key != plain(value) and other]
        rng.shuffle(known)
        known.sort(key=lambda other: plain(other) not in read)
        if not self.surroundings.named(parameter):
            return [f"{value}, in other words"]
        return known[:2]

    def _coherent(self, call: Call, parameter: str, index: int | None, value: Any, other: Any) -> Call:
        """With another order, also the items of that order."""
        arguments = dict(call.arguments)
        for name, position, one in leaves(call):
            if name == parameter and position == index:
                arguments[name] = put(arguments[name], position, other)
            elif (instead := self.kinship.counterpart(one, value, other)) is not None:
                arguments[name] = put(arguments[name], position, instead)
        return self.with_arguments(call, arguments)

    def _shorter(self, number: int, call: Call) -> Iterator[Mutant]:
        lists = _lists(call)
        size = len(next(iter(lists.values()), []))
        if size > 1 and all(len(value) == size for value in lists.values()):
            for i in range(size):
                arguments = {name: [*value[:i], *value[i + 1 :]] for name, value in lists.items()}
                changed = self.with_arguments(call, {**call.arguments, **arguments})
                yield Mutant("dropped_item", self._with(number, changed), f"{call.name}: one item fewer")

    def _longer(self, number: int, call: Call) -> Iterator[Mutant]:
        lists = _lists(call)
        if len(lists) == 1:
            ((name, held),) = lists.items()
            for other in (
                [o for o in self.kinship.neighbours(held[0], name) if o not in held][:CANDIDATES] if held else []
            ):
                changed = self.with_arguments(call, {**call.arguments, name: [*held, other]})
                yield Mutant("added_item", self._with(number, changed), f"{call.name}: one item more", now=other)

    def _swapped(self, number: int, call: Call, other_number: int, other: Call) -> Iterator[Mutant]:
        for name in call.arguments:
            if other.name == call.name and call.arguments[name] != other.arguments.get(name):
                calls = list(self.calls)
                calls[number] = self.with_arguments(call, {**call.arguments, name: other.arguments[name]})
                calls[other_number] = self.with_arguments(other, {**other.arguments, name: call.arguments[name]})
                yield Mutant("swapped", tuple(calls), f"{call.name}.{name} swapped")

    def _with(self, number: int, changed: Call) -> tuple[Call, ...]:
        return (*self.calls[:number], changed, *self.calls[number + 1 :])

    def with_arguments(self, call: Call, arguments: dict[str, Any]) -> Call:
        """The same call of a tool with other arguments."""
        _, args, kwargs = self.tools[call.name].call(arguments)
        return replace(call, arguments=arguments, made=(args, kwargs))


def leaves(call: Call) -> Iterator[tuple[str, int | None, Any]]:
    """Parameter, place in its list, value; texts and numbers only."""
    for name, value in call.arguments.items():
        for index, one in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(one, (str, int, float)) and not isinstance(one, bool):
                yield name, index, one


def put(held: Any, index: int | None, value: Any) -> Any:
    """A value, or a list with one value at a place."""
    return value if index is None else [*held[:index], value, *held[index + 1 :]]


def _lists(call: Call) -> dict[str, list[Any]]:
    return {name: value for name, value in call.arguments.items() if isinstance(value, list)}


def _simple(tool: ToolFacts, call: Call) -> bool:
    """Whether arguments by name say it all."""
    kinds = {p.kind for p in tool.signature.parameters.values()}
    return call.made is not None and not kinds & {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}
