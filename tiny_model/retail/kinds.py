"""The kinds of request: programs from `texts/retail_programs.txt`, wordings from `texts/retail.txt`."""

import re
from dataclasses import dataclass
from functools import cache

from tiny_model.wordings import Frames, sections

_NAMED = re.compile(r"@(\w+)")
_VALUE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Kind:
    """One kind of request. Programs have `{x}` for values that code writes."""

    name: str
    strong: bool
    """Whether the systematic phase leaves this kind mostly right."""
    plan: str
    ask: str
    """What the agent asks before it changes anything; empty where it only looks."""
    do: str
    wrong: tuple[str, ...]
    """The first is the mistake that the systematic phase drills."""
    say: str
    check: str
    solve: str
    fail: tuple[str, ...]


@cache
def kinds() -> dict[str, Kind]:
    """By name."""
    found = {}
    for heading, lines in sections("retail_programs").items():
        name, *marks = heading.split()
        if name == "macros":
            continue
        parts: dict[str, list[str]] = {}
        for line in lines:
            key, _, text = line.partition(" = ")
            parts.setdefault(key, []).append(_spelled_out(text))
        found[name] = Kind(
            name,
            "strong" in marks,
            plan=parts["plan"][0],
            ask=parts.get("ask", [""])[0],
            do=parts["do"][0],
            wrong=tuple(parts["wrong"]),
            say=parts["say"][0],
            check=parts["check"][0],
            solve=parts["solve"][0],
            fail=tuple(parts["fail"]),
        )
    return found


@cache
def look() -> str:
    """The program that shows a customer's orders."""
    return _spelled_out("@look")


@cache
def frames_of(kind: Kind) -> Frames:
    """How its wish is put into words."""
    parts = sections("retail")
    return Frames(parts[kind.name], parts[f"{kind.name}, rephrased"], parts[f"{kind.name}, oblique"])


def fill(text: str, values: dict[str, str]) -> str:
    """A program or a sentence with its values."""
    while _VALUE.search(text):  # a value may name others
        text = _VALUE.sub(lambda match: values[match[1]], text)
    return text


@cache
def _macros() -> dict[str, str]:
    return dict(line.split(" = ", 1) for line in sections("retail_programs")["macros"])


def _spelled_out(text: str) -> str:
    """`@name` by what it stands for, and `;` by ends of lines."""
    while _NAMED.search(text):
        text = _NAMED.sub(lambda match: _macros()[match[1]], text)
    return re.sub(r"; ?", "\n", text)
