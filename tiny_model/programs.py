"""Running the generator's own programs, to see what the environment's real tools return.

They come from `catalog.py` and from nowhere else: nothing that a model wrote is ever run here.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from sca.dialogue.setting import Setting
from sca.environment import tools_of

ENVIRONMENT = "calculation"


@cache
def setting() -> Setting:
    """The environment whose dialogues are written."""
    return Setting.open(ENVIRONMENT)


@cache
def _namespace(family: str) -> Mapping[str, Any]:
    toolset = setting().environment.families[family]
    tools = toolset(setting().environment.load(setting().folder / "data"))
    return {name: _as_json(getattr(tools, name)) for name in tools_of(toolset)}


def _as_json(tool: Callable[..., Any]) -> Callable[..., Any]:
    """In the sandbox results cross a pipe: tuples arrive as lists."""
    return lambda *args: json.loads(json.dumps(tool(*args)))


def value_of(program: str, family: str) -> Any:
    """What the last line of a program is worth. Raises what the program raises."""
    *before, last = program.splitlines()
    names = dict(_namespace(family))
    exec("\n".join(before), names)
    return eval(last, names)


def printing(program: str) -> str:
    """The program as an action: it prints what its last line is worth."""
    return _around_last(program, "print({})")


def solving(program: str) -> str:
    """The program as a solution: its last line goes into `result`."""
    return _around_last(program, "result = {}")


def literal(value: Any) -> str:
    """A value as code; strings in double quotes, as everywhere here."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _around_last(program: str, form: str) -> str:
    *before, last = program.splitlines()
    return "\n".join([*before, form.format(last)])
