"""Who knows the right answer: reads a calculation instruction back into the kind of task and its values.

The model that ships learned its wording from the frames in `tiny_model/texts/`, and what it writes itself is mostly
made of them. A frame read backwards gives the values, and the kind's right program gives the answer. What no frame
fits has no known answer; it is counted as unread and never guessed at.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sca.environment import same
from tiny_model import wordings
from tiny_model.catalog import kinds
from tiny_model.draws import run
from tiny_model.kinds import Kind, fill
from tiny_model.values import Value

_NUMBER = r"-?\d+(?:\.\d+)?"
_COUNT = r"[ACGT] \d+"
_SAID = "|".join(
    (
        r'"[^"\\\n]*"',
        rf"{_COUNT}(?:, {_COUNT})* and {_COUNT}",
        rf"{_NUMBER}(?:, {_NUMBER})* and {_NUMBER}",
        r"\d{4}-\d\d-\d\d",
        _NUMBER,
        r"[A-Z]?[a-z]+",
    )
)
"""A value as an instruction says it: quoted, counts, several numbers, a day, a number, a name.

A model wrote it, and it becomes part of a program that runs here: none of these can be anything but a literal.
"""
_TOKEN = re.compile(r"<(\w+)>|\{@(\w+)\}|\{([^{}@]*\|[^{}]*)\}")


@dataclass(frozen=True)
class Reading:
    """One way to understand an instruction."""

    kind: Kind
    program: str
    result: Any

    def right(self, answer: str | None) -> bool:
        """Whether an answer is what the instruction asks for."""
        return answer is not None and same(answer, self.result)


def read(instruction: str, family: str) -> Reading | None:
    """What the instruction asks; None where no frame fits it, or frames fit that lead to different answers."""
    found: dict[str, Reading] = {}
    for kind, pattern in _patterns(family):
        if (match := pattern.fullmatch(instruction.strip())) is None:
            continue
        values = {name: _value(said) for name, said in match.groupdict().items()}
        if missing := set(re.findall(r"\{(\w+)\}", kind.right)) - values.keys():
            raise ValueError(f"a frame of {kind.name} does not say {', '.join(sorted(missing))}")
        program = fill(kind.right, values)
        result = _run(program, family)
        if result is not None:
            found[repr(result)] = Reading(kind, program, result)
    return next(iter(found.values())) if len(found) == 1 else None


def _run(program: str, family: str) -> Any:
    try:
        return run(program, family)
    except (ArithmeticError, LookupError, NameError, SyntaxError, TypeError, ValueError):
        return None  # values that the tools cannot take, as numbers for words: then it is not this kind


def _value(said: str) -> Value:
    """The value as code writes it."""
    if said.startswith('"') or re.fullmatch(_NUMBER, said):
        return Value(said, said)
    if re.match(_COUNT, said):
        counts = re.findall(r"([ACGT]) (\d+)", said)
        return Value(said, ", ".join(f'"{letter}", {count}' for letter, count in counts))
    if re.match(rf"{_NUMBER}(?:,| and)", said):
        return Value(said, ", ".join(re.findall(_NUMBER, said)))
    return Value(said, f'"{said}"')


@cache
def _patterns(family: str) -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    return tuple(
        (kind, re.compile(_around(frame), re.IGNORECASE))
        for kind in kinds().get(family, ())
        for frames in [wordings.frames_of(family, kind.name)]
        for frame in (*frames.seen, *frames.rephrased, *frames.oblique)
    )


def _around(frame: str) -> str:
    """A pattern of the frame with what may stand around it.

    Any beginning goes with any end ("Please … ?"), and case does not count: that changes no meaning.
    """
    wrappings = wordings.sections("wrappings")
    before, after = (_one_of(wrappings[where]) for where in ("before", "after"))
    sort, text = (frame[0], frame[1:].strip()) if frame[0] in "!?" else ("", frame)
    pattern = _pattern(text)
    if sort:
        forms = wrappings["command" if sort == "!" else "phrase"]
        begin, end = (_one_of({re.split(r"\{[cC]\}", form)[side] for form in forms}) for side in (0, 1))
        pattern = f"{begin}{pattern}{end}"
    return f"(?:{before} )?{pattern}(?: {after})?"


def _pattern(text: str) -> str:
    """A frame's own text: choices become alternatives, values become groups."""
    parts, at = [], 0
    seen: set[str] = set()
    for match in _TOKEN.finditer(text):
        value, slot, choice = match.groups()
        parts.append(_literal(text[at : match.start()]))
        if value:
            parts.append(f"(?P={value})" if value in seen else f"(?P<{value}>{_SAID})")
            seen.add(value)
        else:
            parts.append(_one_of(wordings.slots()[slot] if slot else choice.split("|")))
        at = match.end()
    return "".join([*parts, _literal(text[at:])])


def _literal(text: str) -> str:
    """`a` before a vowel became `an` when it was said."""
    return re.sub(r"\ba\\ ", r"an?\\ ", re.escape(text))


def _one_of(texts: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(map(re.escape, texts), key=len, reverse=True)) + ")"
