"""The kinds of task: what is drawn, the program that does it, and programs that look as if they did."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tiny_model.values import Value

Values = Mapping[str, Value]


@dataclass(frozen=True)
class Kind:
    """One kind of task. Programs are lines with `{p}` for values; the last line is an expression, the answer."""

    family: str
    name: str
    draw: Callable[[random.Random], Values]
    right: str
    wrong: tuple[str, ...]
    """The first is the mistake that the systematic phase drills."""
    strong: bool = False
    """Whether the systematic phase leaves this kind mostly right."""

    @property
    def calls(self) -> int:
        """Tool calls of the right program, at most 3."""
        return min(3, len(tools_in(self.right)))


def fill(program: str, values: Values) -> str:
    """A program with its values written in."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]].coded, program)


def tools_in(program: str) -> list[str]:
    """Names called, in order of execution; `len` counts, for it is a step of the plan."""
    return [name for line in program.splitlines() for name in re.findall(r"(\w+)\(", line)[::-1]]
