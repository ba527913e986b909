"""Words of an instruction, an answer or a record, in a form in which they can be compared."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[\w@#.&+/-]*\w|\$")
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,3}(?:,\d{3}){1,5}(?:\.\d+)?(?![\w])|(?<![\w.])-?\d{1,18}(?:\.\d+)?(?!\w)")
LONG = 200
"""Characters of what is taken for no part of another word."""
LARGE = 10**18
"""From here on digits are a name and no number."""
_DIGITS = re.findall(r"\w+", "zero one two three four five six seven eight nine ten eleven twelve")
NUMBERS = {word: number for number, word in enumerate(_DIGITS)} | {"half": 0.5, "dozen": 12, "twice": 2, "double": 2}
_ALIASES = {"s": "small", "m": "medium", "l": "large", "xl": "extra"} | {str(n): w for n, w in enumerate(_DIGITS)}


def plain(value: Any) -> str:
    """Small letters, single blanks, no # before a number; a whole float as an integer."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).casefold().split()).removeprefix("#")


@lru_cache(4096)
def stem(word: str) -> str:
    """Without a plural s, -ed or -ing; sizes and small numbers as words."""
    word = _ALIASES.get(word, word)
    for end, least in (("ing", 6), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(end) and len(word) >= least and not word.endswith("ss"):
            return word.removesuffix(end)
    return word.removesuffix("e") if len(word) > 3 else word


_PLAIN = re.findall(
    r"\w+",
    "a an and any are as at be been but by can do does for from get go had has have he her his how i if in into "
    "is it its just like me my no none not of off on one or our out she so some than that the their them then "
    "there these they this those to too up us want was we were what when where which who will with without would "
    "yes you your please also only all both each every name id true false customer",
)
STOP = frozenset(_PLAIN) | frozenset(map(stem, _PLAIN))
"""Words that tell nothing, whole and as stems."""


def words(text: str) -> list[str]:
    """Stems of the words of a text, in their order, possessives and punctuation gone."""
    text = re.sub(r"['’](s|m|re|ve|d|ll|t)\b", "", text.casefold())
    return [stem(word) for word in re.findall(r"[^\W_]+", text)]


def telling(text: str) -> set[str]:
    """Stems that may tell one thing from another."""
    return {word for word in words(text) if word not in STOP}


def phrases(text: str, longest: int = 8) -> set[str]:
    """Every run of up to so many words of a text in its plain form, with and without what surrounds a word."""
    parts = [part.strip(".,;:!?()[]{}\"'“”‘’") for part in re.sub(r"['’]s\b", "", text.casefold()).split()]
    runs = (parts[i : i + n] for n in range(1, longest + 1) for i in range(len(parts) - n + 1))
    found = {" ".join(run).strip(".,;:!?") for run in runs}
    found |= {re.sub(r"[,;:]", "", phrase) for phrase in found}
    return {phrase.removeprefix("#") for phrase in found} | {plain(number) for number in numbers(text)}


def numbers(text: str) -> Iterator[float]:
    """Numbers that a text writes in digits (`1,234.50`) or, up to twelve, in words."""
    for match in _NUMBER.finditer(text):
        yield float(match[0].replace(",", ""))
    for word in re.findall(r"[a-z]+", text.casefold()):
        if word in NUMBERS:
            yield float(NUMBERS[word])


def number_spans(text: str) -> list[tuple[int, int]]:
    """Where a text writes numbers in digits; not within an id."""
    return [match.span() for match in _NUMBER.finditer(text)]


def says(text_phrases: set[str], text: str, value: Any) -> bool:
    """Whether an instruction writes a value out: as one of its phrases, or, if it is long, as a part of the text."""
    wanted = plain(value)
    if wanted in text_phrases or wanted.replace(",", "") in text_phrases:
        return True
    if len(wanted) < 6 or wanted not in (small := _casefolded(text)):
        return False
    if len(wanted) > LONG:
        return True  # to look at each place where it stands would take the square of its length
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", small) is not None


@lru_cache(64)
def _casefolded(text: str) -> str:
    """Kept, for a text is searched for thousands of values."""
    return text.casefold()
