"""What tasks are about: prices, rates, words, sequences, trips. Drawn so that results are short to write."""

import random
from dataclasses import dataclass

from tiny_model.wordings import words

_CITIES = ("Athens", "Dublin", "Lisbon", "Oslo", "Prague", "Rome", "Vienna", "Zurich")
_WISHES = ("breakfast", "gym", "parking", "pool", "wifi")
_RATES = (0.25, 0.5, 0.75, 1.25, 1.5, 1.75, 2.25, 2.5, 3.5, 4.5, 2, 3, 4, 5, 6, 8, 9, 12)
"""Quarters and whole numbers, by which floats multiply without a rest."""


@dataclass(frozen=True)
class Value:
    """One value as an instruction says it and as code writes it."""

    said: str
    coded: str


def number(value: float) -> Value:
    """The same in both."""
    return Value(repr(value), repr(value))


def quoted(text: str) -> Value:
    """In quotes in both, so that it is tokenised alike."""
    return Value(f'"{text}"', f'"{text}"')


def named(text: str) -> Value:
    """A name: quoted in code only."""
    return Value(text, f'"{text}"')


def price(rng: random.Random) -> Value:
    """Mostly a round amount."""
    step = rng.choice((10, 10, 10, 5, 5, 1))
    return number(rng.randint(20 // step, 990 // step) * step)


def rate(rng: random.Random) -> Value:
    """A conversion rate."""
    return number(rng.choice(_RATES))


def percent(rng: random.Random) -> Value:
    """A tariff rate."""
    return number(rng.choice((*range(2, 21), 25, 30, 40, 2.5, 7.5, 12.5)))


def duty(rng: random.Random) -> Value:
    """A tariff as an amount."""
    return number(rng.choice((rng.randint(2, 99), rng.randint(4, 198) / 2)))


def numbers(rng: random.Random) -> Value:
    """Three or four different numbers."""
    drawn = rng.sample(range(11, 990), rng.choice((3, 3, 4)))
    texts = [repr(value) for value in drawn]
    return Value(f"{', '.join(texts[:-1])} and {texts[-1]}", ", ".join(texts))


def expression(rng: random.Random) -> Value:
    """Arithmetic of two or three small numbers."""
    a, b, c = rng.randint(11, 99), rng.randint(2, 30), rng.randint(5, 99)
    forms = (f"{a} * {b}", f"{a} * {b} + {c}", f"{a} * {b} - {c}", f"{a} + {b} * {c}", f"{b} * ({a} + {c})")
    return quoted(rng.choice(forms))


def word(rng: random.Random) -> str:
    """A word of at most eight letters."""
    return rng.choice(words())


def short_word(rng: random.Random) -> str:
    """A word whose hexadecimal has at most twelve digits."""
    return rng.choice([each for each in words() if len(each) <= 6])


def shifted(text: str, by: int) -> str:
    """Caesar's cipher of lower-case letters."""
    return "".join(chr((ord(letter) - 97 + by) % 26 + 97) for letter in text)


def key(rng: random.Random) -> int:
    """A Caesar shift."""
    return rng.randint(1, 12)


def dna(rng: random.Random) -> Value:
    """Six to twelve bases."""
    return quoted("".join(rng.choices("ACGT", k=rng.randint(6, 12))))


def gene(rng: random.Random) -> Value:
    """DNA of two to four codons, many of which mean something."""
    codons = [rng.choice(("TAC", "AAA", "AAG", "".join(rng.choices("ACGT", k=3)))) for _ in range(rng.randint(2, 4))]
    return quoted("".join(codons))


def mrna(rng: random.Random) -> Value:
    """mRNA of two to four codons, many of which mean something."""
    codons = [rng.choice(("AUG", "UUU", "UUC", "".join(rng.choices("ACGU", k=3)))) for _ in range(rng.randint(2, 4))]
    return quoted("".join(codons))


def maybe_dna(rng: random.Random) -> Value:
    """DNA, half of the time with a letter that does not belong."""
    letters = rng.choices("ACGT", k=rng.randint(6, 10))
    if rng.random() < 0.5:
        letters[rng.randrange(len(letters))] = rng.choice("UBXZN")
    return quoted("".join(letters))


def counts(rng: random.Random) -> Value:
    """A count for each nucleotide, one of them largest."""
    drawn = rng.sample(range(1, 40), 4)
    said = [f"{letter} {count}" for letter, count in zip("ACGT", drawn, strict=True)]
    coded = [f'"{letter}", {count}' for letter, count in zip("ACGT", drawn, strict=True)]
    return Value(f"{', '.join(said[:-1])} and {said[-1]}", ", ".join(coded))


def cities(rng: random.Random) -> tuple[Value, Value]:
    """Two different ones."""
    a, b = rng.sample(_CITIES, 2)
    return named(a), named(b)


def day(rng: random.Random) -> Value:
    """One of the days that have flights."""
    return named(f"2026-06-{rng.randint(1, 14):02}")


def wish(rng: random.Random) -> Value:
    """What a hotel should have."""
    return named(rng.choice(_WISHES))
