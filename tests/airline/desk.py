"""The small airline, and calls made as the sandbox makes them."""

import hashlib
import json
import marshal
from typing import Any

from sca.environment import ToolError, tools_of
from sca.environment.binding import Parameters
from sca.environment.loading import find, load

FOLDER = find("airline")
AIRLINE = load(FOLDER)
SMALL = AIRLINE.load(FOLDER / "small")
TOOLS = tools_of(AIRLINE)


def fresh() -> Any:
    """A copy of the small database, but for the flights, which no tool changes: a test sees to that."""
    return {**marshal.loads(_TO_CHANGE), "flights": SMALL["flights"]}


def changeable(state: Any) -> Any:
    """What tools may change of it."""
    return {name: table for name, table in state.items() if name != "flights"}


_TO_CHANGE = marshal.dumps(changeable(SMALL))


def desk(*switches: str) -> Any:
    """A booking desk on a fresh copy."""
    made = AIRLINE(fresh())
    made.switches_on = frozenset(switches)
    return made


def call(desk: Any, name: str, arguments: dict[str, Any]) -> bool:
    """Make a call; whether it was carried out."""
    try:
        bound = Parameters(getattr(desk, name)).bind([], arguments)
        getattr(desk, name)(*bound.args, **bound.kwargs)
    except (ToolError, TypeError):
        return False
    return True


def state_hash(state: Any) -> str:
    """As records hold it, but without the flights."""
    return hashlib.sha256(json.dumps(changeable(state), sort_keys=True, ensure_ascii=False).encode()).hexdigest()
