"""The frames in `texts/`: how kinds of task are put into words, and which frames no document ever uses.

A line is a frame. It begins with `!` where it is a command ("add up …") and with `?` where it is a noun phrase
("the sum of …"), which `wrappings.txt` makes sentences of. `<p>` is a value, `{a|b}` a choice, `{@price}` a choice
of `slots.txt`.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "texts"
_CHOICE = re.compile(r"\{([^{}@]*\|[^{}]*)\}")
_SLOT = re.compile(r"\{@(\w+)\}")
_VALUE = re.compile(r"<(\w+)>")
_A_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[aeio])")
BEFORE, AFTER = 0.2, 0.12
"""Shares of the instructions with a sentence before and a phrase after."""


@dataclass(frozen=True)
class Frames:
    """The frames of one kind."""

    seen: tuple[str, ...]
    """Those of the documents."""
    rephrased: tuple[str, ...]
    """Held out: other sentences of words that the documents know."""
    oblique: tuple[str, ...]
    """Held out: words that no document has."""


@cache
def frames() -> dict[str, dict[str, Frames]]:
    """By file and kind; `shared` holds those that several families use."""
    found = {}
    for name in ("shared", "message_decoder", "dna_sequencer", "trade_calculator", "travel_planner"):
        parts = sections(name)
        found[name] = {
            kind: Frames(lines, parts[f"{kind}, rephrased"], parts[f"{kind}, oblique"])
            for kind, lines in parts.items()
            if ", " not in kind
        }
    return found


def frames_of(family: str, kind: str) -> Frames:
    """The frames of a kind, shared ones included."""
    return frames()[family].get(kind) or frames()["shared"][kind]


def say(frame: str, values: Mapping[str, str], rng: random.Random) -> str:
    """One instruction from a frame: choices made, wrapped, values put in."""
    text = chosen(frame, rng)
    sort, text = (text[0], text[1:].strip()) if text[0] in "!?" else ("", text)
    if sort:
        wrapping = rng.choice(sections("wrappings")["command" if sort == "!" else "phrase"])
        text = wrapping.replace("{c}", text).replace("{C}", text[0].upper() + text[1:])
    if rng.random() < BEFORE:
        text = f"{rng.choice(sections('wrappings')['before'])} {text}"
    if rng.random() < AFTER:
        text = f"{text} {rng.choice(sections('wrappings')['after'])}"
    return with_values(text, values)


def chosen(frame: str, rng: random.Random) -> str:
    """A frame with its choices made."""
    frame = _SLOT.sub(lambda match: rng.choice(slots()[match[1]]), frame)
    text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), frame)
    return _A_BEFORE_VOWEL.sub(r"\1n ", text)


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text with its values put in."""
    return _VALUE.sub(lambda match: values[match[1]], text)


def words() -> list[str]:
    """Words that messages are made of."""
    return (_FOLDER / "words.txt").read_text(encoding="utf-8").split()


def themes(family: str) -> dict[str, list[str]]:
    """Words of a theme to the kinds that fit it."""
    lines = (line.split(" = ") for line in sections("themes")[family])
    return {words: kinds.split(", ") for words, kinds in lines}


@cache
def sections(name: str) -> dict[str, tuple[str, ...]]:
    """The lines of a file under each of its headings."""
    found: dict[str, list[str]] = {}
    for line in (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = lines = []
        elif line and not line.startswith("#"):
            lines.append(line)
    return {heading: tuple(lines) for heading, lines in found.items()}


@cache
def slots() -> dict[str, list[str]]:
    """The synonyms that frames share."""
    return {name: choices.split("|") for name, choices in pairs("slots")}


def pairs(name: str) -> list[tuple[str, str]]:
    """The lines `NAME = TEXT` of a file."""
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    split = (line.split(" = ") for line in lines if line and not line.startswith("#"))
    return [(name, text) for name, text in split]
