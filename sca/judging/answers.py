"""Other answers than the solution's: wrong ones that a check should reject, and right ones that it should accept.

Where a user takes part the answer is all that the agent said, so that words around a fact, their order and the way in
which a number is written must not matter. Where the answer is the value alone, only the way in which it is written.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from math import isclose

from sca.judging.kinship import Kinship
from sca.judging.wording import STOP, number_spans, numbers, phrases, plain, stem, words

_ASKS = re.compile(
    r"\?|\b(how (?:much|many|long)|what|which|when|where|whether|tell|told|know|ask|find out|learn|hear|curious|say"
    r"|name|list|confirm\w*|remind|total|price|cost)\b",
    re.IGNORECASE,
)
_PROPER = re.compile("[a-z][A-Z]")
"""PayPal is written so by everybody."""
_EVERYWHERE = STOP | {stem(word) for word in ("order", "item", "product", "user", "payment", "method", "option")}
"""Names that say nothing of what is asked."""
Span = tuple[int, int]
"""Where a piece of an answer begins and ends."""
FACTS = 4
"""Facts of one answer that are changed at most."""
_LONGEST_UNIT = 5


@dataclass(frozen=True)
class Fact:
    """A piece of an answer that the instruction does not hold."""

    spans: tuple[Span, ...]
    """Where it is said, in order."""
    text: str
    amount: bool
    """Whether it is a sum of money or another number with decimals."""
    instead: tuple[str, ...]
    """Wrong values, plausible ones first."""


@dataclass
class Answers:
    """One task's answer."""

    answer: str
    instruction: str
    user: bool
    kinship: Kinship
    prose: str

    @property
    def asked_for(self) -> bool:
        """Whether the instruction asks something."""
        return bool(_ASKS.search(self.instruction))

    @cached_property
    def facts(self) -> list[Fact]:
        """Numbers, and words that stand as values in what was read."""
        found = list(islice(self._numbers(), FACTS))
        if self.user and len(found) < FACTS:
            taken = {place for fact in found for span in fact.spans for place in range(*span)}
            found += [w for w in self._values() if not any(taken.intersection(range(*span)) for span in w.spans)]
        return found[:FACTS]

    def places(self) -> dict[str, Fact]:
        """The facts by the names of their places; in a bare answer two can have one text."""
        named: dict[str, Fact] = {}
        for fact in self.facts:
            name = f"answer[{fact.text}]"
            named[name if name not in named else f"answer[{fact.text} at {fact.spans[0][0]}]"] = fact
        return named

    def _numbers(self) -> Iterator[Fact]:
        known = set(numbers(self.instruction)) if self.user else set()
        for spans in self._said(number_spans(self.answer), lambda text: float(text.replace(",", ""))):
            text = self.answer[slice(*spans[0])]
            value = float(text.replace(",", ""))
            if value not in known:
                near = self._neighbours(text.replace(",", ""))
                yield Fact(spans, text, "." in text, tuple(dict.fromkeys([*near[:2], *_near_misses(text, value)])))

    def _values(self) -> Iterator[Fact]:
        said = phrases(self.instruction)
        places = [match.span() for match in re.finditer(r"[^\W\d_][\w-]{2,}", self.answer)]
        for spans in self._said(places, plain):
            word = self.answer[slice(*spans[0])]
            if plain(word) not in said and (near := self._neighbours(word)[:2]):
                yield Fact(spans, word, False, tuple(near))

    def _said(self, spans: Iterable[Span], read: Callable[[str], object]) -> list[tuple[Span, ...]]:
        """Places that say the same, together: a user may be told it twice. In a bare answer each place counts."""
        found: dict[object, list[Span]] = {}
        for span in spans:
            found.setdefault(read(self.answer[slice(*span)]) if self.user else span, []).append(span)
        return [tuple(places) for places in found.values()]

    def _neighbours(self, text: str) -> list[str]:
        """Values under the same name elsewhere, in the order of reading."""
        found: dict[str, None] = {}
        for name in self.kinship.names.get(plain(text), []):
            for key, value in self.kinship.by_name[name].items():
                if key != plain(text):
                    found.setdefault(str(value))
        return list(found)[:FACTS]

    def asked_by_name(self, fact: Fact) -> bool:
        """Whether the instruction names what the fact is in the records: a city, a tracking number."""
        said = set(words(self.instruction)) - _EVERYWHERE
        names = self.kinship.names.get(plain(fact.text), [])
        return any(said & set(words(name.replace("_", " "))) for name in names)

    def without(self, fact: Fact) -> str:
        """The answer with the fact left out."""
        return self._put(dict.fromkeys(fact.spans, ""))

    def wrong(self, fact: Fact) -> list[str]:
        """The answer with something else in the place of the fact."""
        return [self._put(dict.fromkeys(fact.spans, other)) for other in fact.instead[:3]]

    def _put(self, instead: Mapping[Span, str]) -> str:
        """The answer with something else at these places."""
        parts, done = [], 0
        for (start, end), other in sorted(instead.items()):
            parts += [self.answer[done:start], other]
            done = end
        return "".join([*parts, self.answer[done:]])

    def corrupted(self) -> list[str]:
        """Wrong answers where there is no number and no user: another text, a list in another order or shorter."""
        try:
            value = json.loads(self.answer)
        except (ValueError, RecursionError):
            value = self.answer
        if isinstance(value, str) and len(value) > 1:
            last = value[:-1] + ("b" if value[-1] == "a" else "a")
            return list(dict.fromkeys(text for text in (value[::-1], last, value[:-1]) if text != value))
        if isinstance(value, list) and value:
            return [json.dumps(other) for other in (value[::-1], value[1:]) if other != value]
        return [json.dumps(not value)] if isinstance(value, bool) else []

    def equivalent(self) -> dict[str, str]:
        """Other ways to say the same, by what is other about them."""
        ways = dict(self._rewritten_numbers())
        if self.user:
            ways["said among other things"] = (
                f"May I have your e-mail address, please?\nThank you for waiting. {self.answer} Is there anything "
                "else that I can help you with?\nYou are welcome. Goodbye!"
            )
            ways["said twice"] = f"{self.answer}\nAs I said: {self.answer}"
            ways["in other capitals"] = self._other_capitals()
            ways["in another order of words"] = self._reworded()
        return {way: text for way, text in ways.items() if text != self.answer}

    def _rewritten_numbers(self) -> Iterator[tuple[str, str]]:
        """1234.5 as 1,234.50 and 1234.50 in a sentence; 13.5 as 13.50, 15 as 15.0 where it is all."""
        if self.user:
            values = {fact: float(fact.text.replace(",", "")) for fact in self.facts if fact.amount}
            money = {fact: value for fact, value in values.items() if isclose(round(value, 2), value, rel_tol=1e-6)}
            for way, form in (("with two decimals and commas", "{:,.2f}"), ("with two decimals", "{:.2f}")):
                yield (
                    f"numbers {way}",
                    self._put({span: form.format(value) for fact, value in money.items() for span in fact.spans}),
                )
        elif number_spans(self.answer) == [(0, len(self.answer))]:
            yield "with another zero", self.answer + ("0" if "." in self.answer else ".0")

    def _other_capitals(self) -> str:
        """Words that no record writes so in small letters."""
        known = self.kinship.library.text + self.instruction
        return re.sub(
            r"[^\W\d_]+", lambda m: m[0] if m[0] in known or _PROPER.search(m[0]) else m[0].lower(), self.answer
        )

    def _reworded(self) -> str:
        """The same words in another order; what records or the instruction say in one piece stays in one."""
        known = f" {' '.join(_tokens(' '.join((self.instruction, self.kinship.library.text, self.prose))))} "
        parts, units = self.answer.split(), []
        while parts:
            size = next(n for n in range(min(_LONGEST_UNIT, len(parts)), 0, -1) if n == 1 or _one(parts[:n], known))
            if size == 1 and parts[0].casefold() in ("not", "no", "isn't", "cannot", "can't") and len(parts) > 1:
                size = 2
            units.append(" ".join(parts[:size]))
            parts = parts[size:]
        facts: list[str] = []
        rest: list[str] = []
        for unit in units:
            (facts if re.search(r"\d", unit) else rest).append(unit.strip(".,;:!?"))
        return f"Well: {', '.join(reversed(rest))}; {', '.join(reversed(facts))}."


def _tokens(text: str) -> list[str]:
    return re.findall(r"(?<![\w.-])[\w.-]*\w", text.casefold().replace("_", " "))


def _one(parts: list[str], known: str) -> bool:
    """Whether these words stand side by side in what is known."""
    if any(part[-1] in ".,;:!?" for part in parts[:-1]):
        return False
    return f" {' '.join(_tokens(' '.join(parts)))} " in known


def _near_misses(text: str, value: float) -> list[str]:
    """Numbers that are easily taken for it."""
    if "." in text:
        digits = len(text.partition(".")[2])
        return [f"{value + 10:.{digits}f}", f"{value + 1:.{digits}f}"]
    whole = int(value)
    return [str(whole + 1), str(10 ** len(str(abs(whole))) + whole)] if abs(whole) < 1000 else [str(whole + 1)]
