"""Calls to try the tools with: made from their types, and from names and values that the state holds."""

import inspect
import json
import math
import random
import sys
import types
import typing
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from sca.sandbox import Call

VALUES = 4
"""Values that are tried for a parameter."""
STRANGE = "no such thing"
_PLAIN: dict[Any, list[Any]] = {
    str: [STRANGE, ""],
    int: [0, 1, -1],
    float: [1.5, 0, -1.0],
    bool: [True, False],
    type(None): [None],
}


@dataclass(frozen=True)
class Probe:
    """One call of a tool."""

    tool: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @classmethod
    def of(cls, call: Call, signature: inspect.Signature) -> "Probe":
        """The same call again; the sandbox notes arguments by the names of their parameters."""
        bound = inspect.BoundArguments(signature, dict(call.arguments))
        return cls(call.name, bound.args, bound.kwargs)

    def __str__(self) -> str:
        arguments = [repr(arg) for arg in self.args] + [f"{name}={value!r}" for name, value in self.kwargs.items()]
        text = f"{self.tool}({', '.join(arguments)})"
        return text if len(text) <= 100 else text[:99] + "…"


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Without self."""
    signature = inspect.signature(function)
    return signature.replace(parameters=[p for p in signature.parameters.values() if p.name != "self"])


def probes(name: str, function: Callable[..., Any], vocabulary: "Vocabulary", number: int) -> list[Probe]:
    """At most `number` calls of a tool, the same ones each time. Optional parameters are left out in some."""
    hints = typing.get_type_hints(function)
    parameters = list(signature_of(function).parameters.values())
    choices = [vocabulary.values(p.name, hints.get(p.name, Any)) for p in parameters]
    count = math.prod(map(len, choices))
    places = range(min(count, sys.maxsize))
    chosen = places if count <= number else random.Random(name).sample(places, number)
    return [_probe(name, parameters, _combination(choices, place)) for place in chosen]


def _combination(choices: Sequence[Sequence[Any]], place: int) -> list[Any]:
    """The one that stands at a place of `itertools.product(*choices)`, which may be too long to be written out."""
    values = []
    for of_one in reversed(choices):
        place, index = divmod(place, len(of_one))
        values.append(of_one[index])
    return values[::-1]


def _probe(name: str, parameters: Sequence[inspect.Parameter], values: Sequence[Any]) -> Probe:
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for parameter, value in zip(parameters, values, strict=True):
        match parameter.kind:
            case parameter.VAR_POSITIONAL:
                args += [value, value]
            case parameter.VAR_KEYWORD:
                pass
            case parameter.KEYWORD_ONLY:
                kwargs[parameter.name] = value
            case _:
                args.append(value)
    return Probe(name, tuple(args), kwargs)


class Vocabulary:
    """Values that stand in the state, by the name under which they stand."""

    def __init__(self, state: Any) -> None:
        self._by_name: dict[str, list[Any]] = defaultdict(list)
        self._collect(state, "")

    def _collect(self, value: Any, name: str) -> None:
        """`orders: {A1: {…}}` makes A1 an order and an order_id; `status: pending` makes pending a status."""
        if isinstance(value, dict):
            table = name != "" and len(value) > 0 and all(isinstance(inner, dict) for inner in value.values())
            for key, inner in value.items():
                if table:
                    self._note(_singular(name), key)
                self._collect(inner, name if table else key)
        elif isinstance(value, list):
            for inner in value:
                self._collect(inner, _singular(name))
        else:
            self._note(name, value)

    def _note(self, name: str, value: Any) -> None:
        values = self._by_name[name.removesuffix("_id").lower()]
        if value not in values and len(values) < 50:
            values.append(value)

    def named(self, name: str) -> list[Any]:
        """Values that stand under this name, or under one that ends like it (`to_location`: location)."""
        name = name.removesuffix("_id").lower()
        ends = [
            known for known in self._by_name if known and (name.endswith(f"_{known}") or known.endswith(f"_{name}"))
        ]
        return [value for known in (name, *ends) for value in self._by_name.get(known, [])]

    def values(self, name: str, hint: Any) -> list[Any]:
        """A few values of a type for a parameter of a name."""
        origin, inner = get_origin(hint), get_args(hint)
        if origin is Literal:
            return [*inner, *([STRANGE] if isinstance(inner[0], str) else [])]
        if origin in (Union, types.UnionType):
            return list(_each_once(value for one in inner for value in self.values(name, one)))
        kind = origin or hint
        if kind is list:
            items = self.values(_singular(name), inner[0] if inner else Any)
            return [[], *([item] for item in items[: VALUES - 1])]
        if kind is dict or typing.is_typeddict(kind):
            return [{}]
        known = [value for value in self.named(name) if kind is Any or type(value) is kind][: VALUES - 1]
        return list(_each_once([*known, *_PLAIN.get(kind, [STRANGE])]))


def _each_once(values: Iterator[Any] | list[Any]) -> Iterator[Any]:
    seen = set()
    for value in values:
        key = json.dumps(value)
        if key not in seen:
            seen.add(key)
            yield value


def _singular(name: str) -> str:
    return name.removesuffix("s")
