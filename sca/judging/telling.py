"""Does an instruction tell one value from another that could stand in its place?

An agent that serves a user knows what the instruction says and what it can read. Where no word of the instruction
fits one candidate and not the other, it can only guess.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sca.judging.kinship import Fact, Kinship
from sca.judging.surroundings import Surroundings, ToolFacts, named_values
from sca.judging.wording import STOP, phrases, plain, stem, telling, words
from sca.sandbox import Call

_COMPARES = re.compile(
    r"\b(cheap\w+|dear\w+|expensive|low\w*st|lower|high\w*|larg\w+|big\w+|small\w+|long(?:est)|short\w+|light\w+"
    r"|heav\w+|earl\w+|recent|first(?! (?:name|of all|line))|last(?! (?:name|week|month|year|night|time))"
    r"|second|third|most|fewe\w+|max(?:im\w+)?|min(?:im\w+)?"
    r"|(?:bright|dark|warm|cold|thick|thin|wid|narrow|strong|weak|tall|soft|firm|fast|quick|new|old|fin|deep)er"
    r"|(?!request|interest|rest\b|west|test|guest|chest|forest|harvest|suggest|honest|protest|quest)\w{2,}est"
    r"|under|below|above|exceed\w*|at most|up to|more than|less than|no more|upgrade|downgrade|cost\w* less)\b"
)
_RELATES = re.compile(
    r"\b(original\w*|same|paid|pay\w*|used|charged|back to|otherwise|else|identical|current\w*|own|home|default"
    r"|profile|account|like the|bought|went)\b"
)
_EXCLUDES = re.compile(
    r"\b(other|others|rest|remaining|except|but|not|keep|instead|rather|apart|without|only|alone|neither|stay\w*)\b"
)
_EXPLAINS = re.compile(
    r"\b(because|since|reason|due|mistake\w*|accident\w*|wrong\w*|error|mind|any ?more"
    r"|no (?:longer|use|interest)|twice|already|meant"
    r"|slip|oops|changed?|found|need\w*|as (?:you|it|the)|so (?:you|it)|after all|regret\w*|too)\b"
)
_INDEFINITE = frozenset(map(stem, ("different", "another", "other", "any", "some", "new", "which", "what", "change")))
"""Before the name of an option: it is to be another one, nobody says which."""
_WEAK = frozenset({"yes", "no", "true", "false", "with", "without", "none"})
_LEAST = 100
"""Smaller numbers say too little by themselves."""


@dataclass
class Telling:
    """One task's instruction, held against candidates."""

    instruction: str
    calls: Sequence[Call]
    kinship: Kinship
    surroundings: Surroundings

    @cached_property
    def text(self) -> str:
        """The instruction in its plain form."""
        return plain(self.instruction)

    @cached_property
    def words(self) -> frozenset[str]:
        """Words that may point at something: not who the user is, not what is written down anew."""
        spent: set[str] = set()
        library = self.kinship.library
        for document in library.documents:
            if document.first and not isinstance(document.result, (dict, list)):
                spent.update(*(telling(str(value)) for value in document.arguments.values()))
        for call in self.calls:
            for name, value in named_values(call.arguments if call.kind == "write" else {}):
                if name not in self._ids and plain(value) not in self.kinship.entries and library.says(value):
                    spent |= telling(str(value))
        return frozenset(set(words(self.instruction)) - STOP - spent - self.surroundings.dull)

    @cached_property
    def _established(self) -> frozenset[str]:
        """What a look-up finds from the instruction alone, as the user's id."""
        found = (d.result for d in self.kinship.library.documents if d.first)
        return frozenset(plain(result) for result in found if isinstance(result, str))

    def _asked_for(self, tool: ToolFacts, parameter: str) -> list[set[str]]:
        """What each call of the solution gives this tool for a parameter."""
        calls = (call.arguments for call in self.calls if call.name == tool.name and call.error is None)
        return [{plain(value) for _, value in named_values(a.get(parameter))} for a in calls]

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(name for name in self.surroundings.values if name.endswith("_id"))

    def apart(self, tool: ToolFacts, parameter: str, value: Any, other: Any, beside: Sequence[Any] = ()) -> bool:
        """Whether the instruction tells `value` from `other`; `beside` are other arguments of the call."""
        if self.kinship.library.says(value) or plain(value) in self._established:
            return True
        if any(plain(other) in used for used in self._asked_for(tool, parameter)):
            return True  # of both the same is wanted
        if parameter in tool.choices:
            spoken_for = self.chooses(value, other)
            return bool(_EXPLAINS.search(self.text)) if spoken_for is None else spoken_for
        mine, its = (self.kinship.all_facts(one, parameter) for one in (value, other))
        near, far = (self.kinship.facts(one, parameter) for one in (value, other))
        if self._points(mine - its, its) or self._points_weakly(near - far) or self._names(near - far):
            return True
        if _EXCLUDES.search(self.text) and (
            self._points(its - mine, mine) or self.kinship.library.says(other) or self._relates(other, value, beside)
        ):
            return True
        return (
            self._compares(near, far, parameter, value, other)
            or self._relates(value, other, beside)
            or self._resembles(parameter, value, other, beside)
        )

    def chooses(self, value: Any, other: Any) -> bool | None:
        """Of two values that a docstring names, whether the instruction speaks for the first; None: for neither."""
        said = set(words(self.instruction)) | set(phrases(self.instruction, 1))
        mine, its = (telling(str(one)) - self.surroundings.dull for one in (value, other))
        scores = [len(one & said) / max(1, len(one)) for one in (mine - its, its - mine)]
        return None if scores[0] == scores[1] else scores[0] > scores[1]

    def _points(self, facts: frozenset[Fact], others: frozenset[Fact]) -> bool:
        """Whether a word of the instruction is in one's facts alone."""
        elsewhere = {word for _, value in others for word in telling(value)}
        own = {word for _, value in facts for word in telling(value)} - elsewhere - _WEAK
        return any(word in self.words and not _small(word) for word in own)

    def _points_weakly(self, facts: frozenset[Fact]) -> bool:
        """Small numbers, sizes, yes and no: in the record close by, and with their number or their name said."""
        said = set(words(self.instruction))
        for name, value in facts:
            own = set(words(value))
            if own & (_WEAK | STOP) or any(_small(word) for word in own):
                named = set(words(name.replace("_", " "))) - self.surroundings.dull
                if named & said or any(_small(word) and word in said - STOP for word in own):
                    return True
        return False

    def _names(self, facts: frozenset[Fact]) -> bool:
        """`whose plates can be taken out`: the name of an option, which is to have a certain value."""
        said = words(self.instruction)
        names = {word for name, _ in facts for word in words(name.replace("_", " "))} - STOP - self.surroundings.dull
        for place, word in enumerate(said):
            if word in names and not _INDEFINITE & set(said[max(0, place - 2) : place]):
                return True
        return False

    def _compares(self, near: frozenset[Fact], far: frozenset[Fact], parameter: str, value: Any, other: Any) -> bool:
        if not _COMPARES.search(self.text):
            return False
        if {name for name, one in near - far if _measure(one) is not None}:
            return True
        places = [self.kinship.position(one, parameter) for one in (value, other)]
        return not near and places[0] != places[1]

    def _relates(self, value: Any, other: Any, beside: Sequence[Any]) -> bool:
        """`the card that you paid with`: the order, another argument, speaks of it and not of the other."""
        if not _RELATES.search(self.text):
            return False
        for owner in beside:
            told = {fact for document in self.kinship.library.about(owner) for fact in _values(document.result)}
            if plain(value) in told and plain(other) not in told:
                return True
        return _of_first(value, self.kinship) and not _of_first(other, self.kinship)

    def _resembles(self, parameter: str, value: Any, other: Any, beside: Sequence[Any]) -> bool:
        """`the same in red`: otherwise as what it takes the place of, and more so than the other is."""
        mine, its = (self.kinship.facts(one, parameter) for one in (value, other))
        for replaced in beside:
            facts = self.kinship.facts(replaced, parameter)
            if facts and len(mine & facts) > len(its & facts):
                asked = _RELATES.search(self.text) or self._points(mine - facts, facts)
                if asked or self._points_weakly(mine - facts):
                    return True
        return False


def _small(word: str) -> bool:
    """A size or a small number."""
    return word in _SMALL or (word.isdecimal() and int(word) < _LEAST)


_SMALL = frozenset(
    map(stem, re.findall(r"\w+", "zero one two three four five six seven eight nine ten eleven twelve s m l xl"))
)


def _measure(value: str) -> float | None:
    """The number that a value begins with: `160 cm`."""
    match = re.match(r"-?\d+(?:\.\d+)?(?=\D{0,8}$)", value)
    return float(match[0]) if match and len(match[0]) < 8 else None


def _values(result: Any) -> set[str]:
    return {plain(value) for _, value in named_values(result)}


def _of_first(value: Any, kinship: Kinship) -> bool:
    """Whether it stands by itself in a document that tells who the user is, as a home address does."""
    return any(
        plain(value) == plain(one)
        for document in kinship.library.documents
        if document.told and isinstance(document.result, dict)
        for inner in document.result.values()
        if isinstance(inner, dict)
        for one in inner.values()
        if isinstance(one, str)
    )
