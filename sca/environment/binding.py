"""JSON arguments against a tool's signature and annotations."""

import inspect
import types
import typing
from collections.abc import Callable
from typing import Any, Literal, Union

_JSON: dict[Any, Any] = {
    str: str,
    int: int,
    float: (int, float),
    bool: bool,
    list: list,
    dict: dict,
    tuple: list,
    type(None): type(None),
}


class Parameters:
    """The parameters of one tool, without `self`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.name != "self"]
        self.name = function.__name__
        self.signature = signature.replace(parameters=own)
        self.variadic = {p.name: p.kind for p in own if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
        try:
            self.hints = typing.get_type_hints(function)
        except (NameError, TypeError):  # an annotation that only a type checker can resolve
            self.hints = {}

    def bind(self, args: list[Any], kwargs: dict[str, Any]) -> inspect.BoundArguments:
        """The arguments by name; `TypeError`, worded as Python does, if they do not fit."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.name}() {error}") from None
        for name, value in bound.arguments.items():
            hint = self.hints.get(name, Any)
            kind = self.variadic.get(name)
            values = [value] if kind is None else value.values() if isinstance(value, dict) else value
            for one in values:
                if not fits(one, hint):
                    wanted = getattr(hint, "__name__", None) if not typing.get_args(hint) else None
                    raise TypeError(f"{self.name}(): {name} must be {wanted or hint}, not {type(one).__name__}")
        return bound


def fits(value: object, hint: Any) -> bool:
    """Whether a JSON value may stand where `hint` is written; a hint that is not understood lets anything pass."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    plain = _JSON.get(origin or hint)
    if plain is None:
        return True
    if isinstance(value, bool) and bool not in (hint, origin):
        return False
    if not isinstance(value, plain):
        return False
    if origin is list:
        return all(fits(one, inner[0]) for one in typing.cast(list[Any], value))
    if origin is dict:
        return all(fits(one, inner[1]) for one in typing.cast(dict[str, Any], value).values())
    return True
