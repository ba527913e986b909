"""Grounding: can all that a solution needs be had from the instruction?

The executor serves a user who knows the instruction and nothing else, and it can read. So a value is supported if the
instruction says it, if reading leads to it from there, or if the user may choose it among values that a docstring
names. Who the user is must be said in a way that a look-up understands: an order number is no proof of it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sca.judging.kinship import Kinship
from sca.judging.mutants import leaves
from sca.judging.reading import Library
from sca.judging.surroundings import Surroundings, named_values
from sca.judging.telling import Telling
from sca.judging.verdict import Attempted
from sca.judging.wording import LARGE, numbers, plain
from sca.sandbox import Call

_COMMON = frozenset({0.0, 1.0, 2.0, 7.0, 10.0, 12.0, 24.0, 60.0, 100.0, 365.0, 1000.0})
"""Numbers that need no source: units, percent, a half."""
_MANY = 40
"""Of more numbers, pairs are not worked out."""


def identities(
    attempted: Attempted, library: Library, kinship: Kinship, surroundings: Surroundings, instruction: str
) -> Iterator[str]:
    """Whom the solution serves and the instruction does not identify."""
    if not surroundings.starts:
        return
    names = {plain(start): start for start in surroundings.starts}
    found = {plain(d.result) for d in library.documents if d.first and isinstance(d.result, str)}
    established = {key for key in names if key in found or library.says(names[key])}
    writes = [call for call in attempted.calls if call.kind == "write" and call.error is None]
    touched = {plain(value) for call in writes or attempted.calls for _, value in named_values(call.arguments)}
    served = {key for key in names if key in touched}
    for document in library.documents:
        if document.about & touched:
            served |= {key for _, value in named_values(document.result) if (key := plain(value)) in names}
    for key in sorted(served - established):
        yield f"who {names[key]} is: the instruction has nothing by which a tool finds them"
    if not served and not established:
        yield "who the user is: the instruction has nothing by which a tool finds them"


def unsupported(
    attempted: Attempted, family: str | None, library: Library, telling: Telling, free: set[str]
) -> list[str]:
    """Values that the instruction neither says nor leads to; `free` are places that the check does not care about."""
    writes = [call for call in attempted.calls if call.kind != "read" and call.error is None]
    if writes:
        return [problem for call in writes for problem in _of_write(call, family, library, telling, free)]
    return [problem for call in attempted.calls for problem in _of_read(call, attempted, family, library, telling)]


def _of_write(call: Call, family: str | None, library: Library, telling: Telling, free: set[str]) -> Iterator[str]:
    tool = telling.surroundings.tools(family)[call.name]
    for parameter, index, value in leaves(call):
        place = f"{call.name}.{parameter}" + (f"[{index}]" if index is not None else "")
        if place in free or parameter in tool.choices or isinstance(value, (int, float)) or not value.strip():
            continue
        shown = library.shown if call.kind == "move" else ()
        if not library.says(value) and plain(value) not in library.reached and plain(value) not in shown:
            yield f"{place}: {value!r} is not in the instruction and cannot be looked up from it"


def _of_read(
    call: Call, attempted: Attempted, family: str | None, library: Library, telling: Telling
) -> Iterator[str]:
    """Where nothing is written, what was looked up is what had to be known."""
    if call.error is not None:
        return
    tool = telling.surroundings.tools(family)[call.name]
    used = {plain(value) for other in attempted.calls for _, value in named_values(other.arguments)}
    for parameter, value in named_values(call.arguments):
        place = f"{call.name}.{parameter}"
        if not isinstance(value, str) or not telling.surroundings.named(parameter):
            if not _derived(value, library):
                yield f"{place}: {value!r} is neither in the instruction nor worked out from it"
        elif plain(value) not in telling.surroundings.named(parameter):
            continue
        elif not library.says(value) and plain(value) not in library.reached:
            yield f"{place}: {value!r} is not in the instruction and cannot be looked up from it"
        else:
            for other in telling.kinship.neighbours(value, parameter):
                if plain(other) not in used and not telling.apart(tool, parameter, value, other):
                    yield f"{place}: nothing tells {value!r} from {other!r}"
                    break


def _derived(value: Any, library: Library) -> bool:
    """Whether a number or a text can come from the instruction or from what tools returned."""
    if isinstance(value, int) and abs(value) >= LARGE:
        value = str(value)
    if isinstance(value, str):
        text = re.sub(r"\s+", "", f"{library.instruction} {library.text}".casefold())
        wanted = re.sub(r"\s+", "", value.casefold())
        if wanted in text or wanted[::-1] in text or all(p in text for p in re.findall(r"[^\W_]+", value.casefold())):
            return True
        found = set(map(abs, numbers(value)))
        if found and not re.search(r"[^\W\d]", value):
            return _worked_out(found, library)
        return _put_together(wanted, set(re.findall(r"[^\W_]+", f"{library.instruction} {library.text}".casefold())))
    return _worked_out({abs(float(value))}, library)


def _put_together(text: str, pieces: set[str]) -> bool:
    """Whether a text is a row of known pieces."""
    ends = {0}
    for end in range(1, len(text) + 1):
        if any(start in ends for start in range(max(0, end - 40), end) if text[start:end] in pieces):
            ends.add(end)
    return len(text) in ends


def _worked_out(wanted: set[float], library: Library) -> bool:
    """Whether each number is one that was said or read, or comes of two such; of many none is worked out."""
    known = {abs(n) for n in numbers(library.instruction)} | {abs(n) for n in numbers(library.text)} | _COMMON
    unknown, some = wanted - known, sorted(known)[:_MANY]
    return len(unknown) <= _MANY and all(_comes_of_two(number, some) for number in unknown)


def _comes_of_two(number: float, some: Sequence[float]) -> bool:
    for a in some:
        for b in some:
            results = (a + b, a - b, a * b, a / b if b else a, a * b / 100, a * (1 + b / 100), a * (1 - b / 100))
            if any(abs(result - number) <= 1e-6 * max(1.0, number) for result in results):
                return True
    return False
