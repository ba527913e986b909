"""One task drawn: values, the right program and what it returns, and what may pass for it."""

import random
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sca.environment import ToolError
from tiny_model import wordings
from tiny_model.catalog import kinds
from tiny_model.kinds import Kind, Values, fill
from tiny_model.programs import literal, solving, value_of

LONGEST_RESULT = 40  # characters
_LONGEST_NUMBER = 8
_WRONG: Mapping[type, Callable[[random.Random], Any]] = {
    str: lambda rng: rng.choice(wordings.words()),
    int: lambda rng: rng.randint(1, 999),
    float: lambda rng: float(rng.randint(1, 999)),
    dict: lambda rng: {letter: rng.randint(0, 4) for letter in "ACGT"},
    list: lambda rng: [rng.choice("ACGT"), rng.randint(1, 40)],
}


@dataclass(frozen=True)
class Draw:
    """A task of one kind with its values."""

    kind: Kind
    values: Values
    result: Any

    @property
    def program(self) -> str:
        """The right one."""
        return fill(self.kind.right, self.values)

    def said(self, frame: str, rng: random.Random) -> str:
        """An instruction for it."""
        return wordings.say(frame, {name: value.said for name, value in self.values.items()}, rng)


def draw(kind: Kind, rng: random.Random, without: Collection[str] = ()) -> Draw:
    """Draw until the result is short enough to be copied, and the solution is none of those `without`."""
    while True:
        values = kind.draw(rng)
        program = fill(kind.right, values)
        result = run(program, kind.family)
        if result is not None and solving(program) not in without:
            return Draw(kind, values, result)


def run(program: str, family: str) -> Any:
    """What a program returns; None where a tool refuses or the result is long."""
    try:
        value = value_of(program, family)
    except ToolError:
        return None
    longest = _LONGEST_NUMBER if isinstance(value, float) else LONGEST_RESULT
    return value if len(str(value)) <= longest or isinstance(value, dict) else None


def wrong_results(of: Draw, rng: random.Random, count: int = 3) -> list[str]:
    """Literals that are not the result: what the instruction gives, and things of the same sort."""
    given = [piece for value in of.values.values() for piece in re.split(r", ", value.coded)]
    found: list[str] = []
    while len(found) < count:
        if isinstance(of.result, bool):
            guess = rng.choice((repr(not of.result), '"yes"', '"no"', '"DNA"', "0", "100"))
        elif of.kind.name in ("translate", "transcribe_translate"):
            guess = literal("-".join(rng.choices(("Methionine", "Phenylalanine", "X"), k=rng.randint(1, 3))))
        elif given and not isinstance(of.result, (dict, list)) and rng.random() < 0.4:
            guess = rng.choice(given)
        else:
            guess = literal(_WRONG[type(of.result)](rng))
        if guess not in found and guess.strip('"') != str(of.result) and guess != literal(of.result):
            found.append(guess)
    return found


def altered(text: str, rng: random.Random) -> str:
    """The text with one digit or letter changed for another of its sort."""
    places = [match.start() for match in re.finditer(r"[0-9A-Za-z]", text)]
    place = rng.choice(places)
    old = text[place]
    sort = next((sort for sort in ("0123456789", "ACGT", ascii_lowercase) if old in sort), ascii_uppercase)
    new = rng.choice([each for each in sort if each not in (old, "0")])
    return text[:place] + new + text[place + 1 :]


def siblings(kind: Kind) -> list[Kind]:
    """The other kinds of its family."""
    return [other for other in kinds()[kind.family] if other is not kind]
