"""What the host knows of an environment for judging tasks: signatures, choices, and which values stand where.

Read from trusted code and data. Nothing here calls a tool.
"""

import inspect
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args, get_origin

from sca.environment import Environment, Toolset, tools_of
from sca.environment.authoring import Kind
from sca.environment.binding import Parameters
from sca.judging.wording import plain, stem

_QUOTED = re.compile(r'"([^"\n]{2,60})"')
_LEAST_EVIDENCE = 3
"""So many values must be seen in different records before one field is said to determine another."""


@dataclass(frozen=True)
class ToolFacts:
    """One tool as a caller needs to know it."""

    name: str
    kind: Kind
    signature: inspect.Signature
    lists: frozenset[str]
    """Parameters that take a list."""
    choices: Mapping[str, tuple[str, ...]]
    """Parameter → the few values that its type or the docstring names, which a user can choose among."""

    @property
    def required(self) -> list[str]:
        """Parameters without a default; of `*args` and `**kwargs` none."""
        parameters = self.signature.parameters.values()
        return [
            p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]

    def call(self, arguments: Mapping[str, Any]) -> list[Any]:
        """`[name, positional, by name]` from arguments by parameter, as a journal holds them."""
        bound = inspect.BoundArguments(self.signature, dict(arguments))
        return [self.name, list(bound.args), bound.kwargs]


@dataclass(frozen=True)
class Surroundings:
    """An environment, seen from outside."""

    environment: type[Environment]
    state: Any = None
    """As it is before anything is done."""
    policy: str = ""
    _tools: dict[str | None, dict[str, ToolFacts]] = field(default_factory=dict)
    _determined: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)

    def tools(self, family: str | None) -> dict[str, ToolFacts]:
        """The tools that a task of `family` sees, by name."""
        if family not in self._tools:
            toolset = self.environment if family is None else self.environment.families[family]
            self._tools[family] = {facts.name: facts for facts in _facts(toolset)}
        return self._tools[family]

    @cached_property
    def starts(self) -> frozenset[str]:
        """Ids of those whom a user may be, where a user takes part."""
        if not self.environment.user:
            return frozenset()
        named = set().union(*self.values.values()) if self.values else set()
        return frozenset(s.text for s in self.environment.starts(self.state) if plain(s.text) in named)

    @cached_property
    def values(self) -> dict[str, dict[str, Any]]:
        """Name under which values stand in the state → plain form → value. `orders: {A1: …}` makes A1 an order."""
        found: dict[str, dict[str, Any]] = defaultdict(dict)
        for name, value in named_values(self.state):
            found[bare(name)].setdefault(plain(value), value)
        return dict(found)

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """Every table of plain values in the state."""
        return list(_records(self.state))

    def named(self, parameter: str) -> dict[str, Any]:
        """Values that stand under a parameter's name, or under one that it ends with (`new_item_ids`: item)."""
        name = bare(parameter)
        if name in self.values:
            return self.values[name]
        ends = [known for known in self.values if known and name.endswith(f"_{known}")]
        return self.values[max(ends, key=len)] if ends else {}

    @cached_property
    def dull(self) -> frozenset[str]:
        """Words of tools and parameters: they tell no record from another."""
        words: set[str] = set()
        for family in self.environment.families or (None,):
            for tool in self.tools(family).values():
                words.update(*(re.findall("[a-z]+", name) for name in (tool.name, *tool.signature.parameters)))
        return frozenset(map(stem, words))

    @cached_property
    def prose(self) -> str:
        """Policy and docstrings."""
        return f"{self.policy}\n" + "\n".join(
            inspect.getdoc(getattr(toolset, name)) or ""
            for toolset in (*self.environment.families.values(), self.environment)
            for name in tools_of(toolset)
        )

    def determined(self, names: frozenset[str]) -> frozenset[str]:
        """Those of `names` that another of them determines throughout the state, as a zip code its city.

        Also what has the same value everywhere.
        """
        if names not in self._determined:
            constant = {name for name in names if len(self.values.get(bare(name), ())) == 1}
            self._determined[names] = frozenset(b for _, b in self._laws(names)) | constant
        return self._determined[names]

    def _laws(self, names: frozenset[str]) -> set[tuple[str, str]]:
        every = [record for record in self.records if len(names & record.keys()) > 1]
        records = {json.dumps(record, sort_keys=True): record for record in every}
        laws = set()
        for a in names:
            groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for record in records.values():
                if a in record:
                    groups[plain(record[a])].append(record)
            shared = [group for group in groups.values() if len(group) > 1]
            for b in names - {a}:
                said = [{plain(record[b]) for record in group if b in record} for group in shared]
                if sum(map(bool, said)) >= _LEAST_EVIDENCE and all(len(values) < 2 for values in said):
                    laws.add((a, b))
        return laws


def bare(name: str) -> str:
    """`item_ids` → item."""
    return name.lower().removesuffix("s").removesuffix("_id")


def named_values(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf and every key of a table, with the name under which it stands."""
    if isinstance(value, dict):
        table = bool(name) and bool(value) and all(isinstance(inner, dict) for inner in value.values())
        for key, inner in value.items():
            if table:
                yield name, key
            yield from named_values(inner, name if table else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from named_values(inner, name)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield name, value


def _records(value: Any) -> Iterator[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and not any(isinstance(one, (dict, list)) for one in value.values()):
        yield value
    for one in inner:
        yield from _records(one)


def _facts(toolset: type[Toolset]) -> Iterator[ToolFacts]:
    for name, tool in tools_of(toolset).items():
        parameters = Parameters(getattr(toolset, name))
        lists = {p for p, hint in parameters.hints.items() if (get_origin(hint) or hint) is list}
        choices = {p: get_args(h) for p, h in parameters.hints.items() if get_origin(h) is Literal}
        free = [p for p, hint in parameters.hints.items() if hint is str and p not in choices and p != "return"]
        for parameter, quoted in _named_choices(tool.doc, free):
            choices.setdefault(parameter, quoted)
        yield ToolFacts(name, tool.kind, parameters.signature, frozenset(lists), choices)


def _named_choices(doc: str, parameters: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A sentence that names a parameter and quotes two values or more names the choices."""
    for sentence in re.split(r"(?<=[.:])\s+(?=[A-Z])", doc):
        quoted = tuple(dict.fromkeys(_QUOTED.findall(sentence)))
        for parameter in parameters:
            said = re.search(rf"\b{re.escape(parameter)}\b", sentence, re.IGNORECASE)
            if said and len(quoted) > 1 and "(" not in sentence[: sentence.index(quoted[0])]:
                yield parameter, quoted
