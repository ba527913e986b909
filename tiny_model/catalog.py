"""Every kind of task, of each family and by its tools: what `texts/programs.txt` does with what is drawn here."""

import random
from collections.abc import Callable
from functools import cache

from tiny_model import values as v
from tiny_model.kinds import Kind, Values
from tiny_model.wordings import sections

_Draw = Callable[[random.Random], Values]


@cache
def kinds() -> dict[str, list[Kind]]:
    """By family."""
    found: dict[str, list[Kind]] = {}
    for heading, lines in sections("programs").items():
        family, name, *marks = heading.split()
        right, *wrong = (line.replace("; ", "\n") for line in lines)
        kind = Kind(family, name, _DRAWS[name], right, tuple(wrong), strong="strong" in marks)
        found.setdefault(family, []).append(kind)
    return found


def _each(**sorts: Callable[[random.Random], v.Value]) -> _Draw:
    """Values that do not depend on each other."""
    return lambda rng: {name: sort(rng) for name, sort in sorts.items()}


def _hidden(name: str, *, hexadecimal: bool = False, backwards: bool = False, shifted: bool = False) -> _Draw:
    """A word, hidden in one or more ways; the key of the shift is `k`."""

    def draw(rng: random.Random) -> Values:
        text, key = (v.short_word(rng) if hexadecimal else v.word(rng)), v.key(rng)
        text = v.shifted(text, key) if shifted else text
        text = text[::-1] if backwards else text
        text = text.encode().hex() if hexadecimal else text
        return {name: v.quoted(text)} | ({"k": v.number(key)} if shifted else {})

    return draw


def _nights(rng: random.Random) -> v.Value:
    return v.number(rng.randint(2, 9))


def _flight(rng: random.Random) -> Values:
    a, b = v.cities(rng)
    return {"a": a, "b": b, "day": v.day(rng)}


def _hotel(rng: random.Random) -> Values:
    return {"a": v.cities(rng)[0], "f": v.wish(rng)}


_DRAWS: dict[str, _Draw] = {
    "least": _each(xs=v.numbers),
    "greatest": _each(xs=v.numbers),
    # message_decoder
    "hex": _hidden("h", hexadecimal=True),
    "reverse": _hidden("w", backwards=True),
    "caesar": _hidden("c", shifted=True),
    "length": _hidden("w"),
    "hex_reverse": _hidden("h", hexadecimal=True, backwards=True),
    "hex_caesar": _hidden("h", hexadecimal=True, shifted=True),
    "reverse_caesar": _hidden("c", shifted=True, backwards=True),
    "hex_length": _hidden("h", hexadecimal=True),
    # dna_sequencer
    "count": _each(s=v.dna),
    "transcribe": _each(s=v.gene),
    "translate": _each(m=v.mrna),
    "most": _each(n=v.counts),
    "valid": _each(x=v.maybe_dna),
    "back": _each(m=v.mrna),
    "transcribe_translate": _each(s=v.gene),
    # trade_calculator
    "convert": _each(p=v.price, r=v.rate),
    "tariff": _each(p=v.price, t=v.percent),
    "final": _each(p=v.price, d=v.duty),
    "calc": _each(e=v.expression),
    "convert_tariff": _each(p=v.price, r=v.rate, t=v.percent),
    "tariff_final": _each(p=v.price, t=v.percent),
    "convert_tariff_final": _each(p=v.price, r=v.rate, t=v.percent),
    "convert_min": _each(p=v.price, r=v.rate, q=v.price, s=v.rate),
    # travel_planner
    "budget": _each(p=v.price, q=v.price, n=_nights),
    "total": _each(xs=v.numbers),
    "flight": _flight,
    "hotels": _hotel,
    "hotel": _hotel,
}
