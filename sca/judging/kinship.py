"""What else a value could have been: those that stand beside it in what was read, and what is known of each.

An order id stands in its customer's list of orders, an item in its order or among the items of a product, a payment
method among those of a customer. Its neighbours there are what a careless agent would take instead.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from sca.judging.reading import Document, Library
from sca.judging.surroundings import bare, named_values
from sca.judging.wording import plain

Fact = tuple[str, str]
"""Name and plain value of a leaf."""


@dataclass(frozen=True)
class Entry:
    """One value at its place in a document."""

    document: Document
    path: tuple[str, ...]
    """Names on the way to it, without numbers and without keys of tables."""
    value: Any
    record: dict[str, Any] | None
    """What it names or stands in; None in a list of bare values."""
    crowd: int
    """Number of the container, the same for all neighbours."""
    position: int

    def is_called(self, parameter: str) -> bool:
        """Whether its name is the parameter's, or what that ends with."""
        wanted, name = bare(parameter), bare(self.path[-1]) if self.path else ""
        return bool(name) and (wanted == name or wanted.endswith(f"_{name}"))


class Kinship:
    """Neighbours of values, and facts about them."""

    def __init__(self, library: Library) -> None:
        self.library = library

    @cached_property
    def entries(self) -> dict[str, list[Entry]]:
        """Plain form → where the value stands."""
        found: dict[str, list[Entry]] = defaultdict(list)
        counter = iter(range(10**9))
        for document in self.library.documents:
            for entry in _entries(document, document.result, (), counter):
                found[plain(entry.value)].append(entry)
        return dict(found)

    @cached_property
    def by_name(self) -> dict[str, dict[str, Any]]:
        """Name of a leaf → plain form → value, in all that was read."""
        found: dict[str, dict[str, Any]] = defaultdict(dict)
        for document in self.library.documents:
            for name, value in named_values(document.result):
                found[name].setdefault(plain(value), value)
        return dict(found)

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """Plain form of a leaf → the names under which it stands."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, values in self.by_name.items():
            for value in values:
                found[value].append(name)
        return dict(found)

    @cached_property
    def _crowds(self) -> dict[tuple[int, tuple[str, ...]], list[Entry]]:
        crowds: dict[tuple[int, tuple[str, ...]], list[Entry]] = defaultdict(list)
        for entries in self.entries.values():
            for entry in entries:
                crowds[entry.crowd, entry.path].append(entry)
        return dict(crowds)

    @cached_property
    def _by_owner(self) -> dict[str, list[Entry]]:
        """Plain form of an argument → what stands in the documents about it."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entries in self.entries.values():
            for entry in entries:
                for owner in entry.document.about:
                    found[owner].append(entry)
        return dict(found)

    def places(self, value: Any, parameter: str) -> list[Entry]:
        """Where a value stands under a parameter's name, or else anywhere."""
        entries = self.entries.get(plain(value), [])
        return [entry for entry in entries if entry.is_called(parameter)] or entries

    def neighbours(self, value: Any, parameter: str) -> list[Any]:
        """Other values at the same places, each once: in turn one of each place, the least crowded first.

        Of one place those first that are most like the value, for they are the most easily taken for it.
        """
        places = self.places(value, parameter)
        crowds = {(place.crowd, place.path): self._crowds[place.crowd, place.path] for place in places}
        mine = self.facts(value, parameter)

        def unlike(entry: Entry) -> tuple[int, bytes]:
            return -len(_facts(entry.record) & mine), sha256(f"{value} {entry.value}".encode()).digest()

        rows = [sorted(crowd, key=unlike) for crowd in sorted(crowds.values(), key=len)]
        found: dict[str, Any] = {}
        for entry in filter(None, itertools.chain.from_iterable(itertools.zip_longest(*rows))):
            found.setdefault(plain(entry.value), entry.value)
        found.pop(plain(value), None)
        return list(found.values())

    def facts(self, value: Any, parameter: str) -> frozenset[Fact]:
        """Leaves of the records that it names or stands in, close by."""
        found: set[Fact] = set()
        for place in self.places(value, parameter):
            found |= _facts(place.record)
        return frozenset(found)

    def position(self, value: Any, parameter: str) -> int:
        """Where in its list it stands."""
        return next((place.position for place in self.places(value, parameter)), 0)

    def all_facts(self, value: Any, parameter: str) -> frozenset[Fact]:
        """`facts`, and what reading it up tells."""
        found = set(self.facts(value, parameter))
        for document in self.library.about(value):
            found |= _facts(document.result)
        return frozenset(found)

    def counterpart(self, value: Any, owner: Any, other: Any) -> Any:
        """What is to `other` as `value` is to `owner`: of another order, the item most like this item; or None."""
        here = [entry for entry in self.entries.get(plain(value), []) if plain(owner) in entry.document.about]
        if not here or any(plain(other) in entry.document.about for entry in self.entries.get(plain(value), [])):
            return None
        mine = _facts(here[0].record)
        there = [entry for entry in self._by_owner.get(plain(other), []) if entry.path == here[0].path]
        return max(there, key=lambda entry: len(_facts(entry.record) & mine)).value if there else None


def _facts(record: Any, name: str = "") -> frozenset[Fact]:
    if isinstance(record, dict):
        return frozenset().union(*(_facts(inner, str(key)) for key, inner in record.items()))
    if isinstance(record, list):
        return frozenset().union(*(_facts(inner, name) for inner in record))
    return frozenset({(name, plain(record))}) if record not in (None, "") else frozenset()


def _entries(document: Document, value: Any, path: tuple[str, ...], counter: Iterator[int]) -> Iterator[Entry]:
    """Values in containers that hold several of a kind: lists of values, lists of records, tables of records."""
    crowd = next(counter)
    if isinstance(value, dict):
        records = [(key, inner) for key, inner in value.items() if isinstance(inner, dict)]
        table = bool(value) and bool(path) and len(records) == len(value)
        for position, (key, record) in enumerate(records if table else []):
            yield Entry(document, path, key, record, crowd, position)
            yield from _leaves(document, record, path, crowd, position)
        for key, inner in value.items():
            yield from _entries(document, inner, path if table else (*path, str(key)), counter)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            if isinstance(inner, dict):
                yield from _leaves(document, inner, path, crowd, position)
            elif isinstance(inner, (str, int, float)):
                yield Entry(document, path, inner, None, crowd, position)
            yield from _entries(document, inner, path, counter)


def _leaves(
    document: Document, record: dict[str, Any], path: tuple[str, ...], crowd: int, position: int
) -> Iterator[Entry]:
    for name, leaf in record.items():
        if isinstance(leaf, (str, int, float)) and not isinstance(leaf, bool) and leaf != "":
            yield Entry(document, (*path, name), leaf, record, crowd, position)
