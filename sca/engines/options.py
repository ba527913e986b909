"""Settings of one engine as they stand on a command line: text, to be read as the type that the engine wants."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from sca.errors import UsageError

OURS = frozenset({"self", "model", "path", "label", "base_url", "api_key_env", "return"})
"""Parameters of engines that have flags of their own."""


def parsed(options: Sequence[str]) -> dict[str, str]:
    """`["dtype=float32"]` as `{"dtype": "float32"}`. Raises `UsageError`."""
    found: dict[str, str] = {}
    for option in options:
        name, sign, value = option.partition("=")
        name = name.strip().replace("-", "_")
        if not sign or not name:
            raise UsageError(f"--engine-option {option}: write it as NAME=VALUE")
        if name in OURS:
            raise UsageError(f"--engine-option {option}: say --{name.replace('_', '-')}")
        if name in found:
            raise UsageError(f"--engine-option {name}: said twice")
        found[name] = value
    return found


def typed(options: Mapping[str, Any], wanted: Callable[..., Any], engine: str) -> dict[str, Any]:
    """Options as keyword arguments of `wanted`, texts as its annotations want them. Raises `UsageError`."""
    hints = get_type_hints(wanted)
    known = {name: hints.get(name, Any) for name in inspect.signature(wanted).parameters}
    return {name: value_of(name, value, known, engine) for name, value in options.items() if value is not None}


def value_of(name: str, value: Any, known: Mapping[str, Any], engine: str) -> Any:
    """One option's value in its type; what is no text is taken as it is. Raises `UsageError`."""
    if name not in known:
        names = ", ".join(sorted(set(known) - OURS)) or "none"
        raise UsageError(f"--engine-option {name}: engine {engine} has no such option; it knows {names}")
    if not isinstance(value, str):
        return value
    kind = TypeAdapter(known[name])
    try:
        return kind.validate_python(_plain(value))
    except ValidationError as error:
        try:
            return kind.validate_python(value)
        except ValidationError:
            pass
        raise UsageError(f"--engine-option {name}={value}: {error.errors()[0]['msg']}") from error


def _plain(text: str) -> Any:
    """The JSON that a text is, else itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
