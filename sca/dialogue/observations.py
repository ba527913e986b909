"""How an action's observation is shown: plain, as Python printed it, or compact, for models with few tokens to spend.

Compact, the literals that were printed lose what only a parser needs. `['Apron', 'Tent']` is `Apron, Tent`; a dict of
plain values is `name: Apron, price: 27.42`; what holds containers has a line for each entry, with inner ones in
parentheses; records of the same fields are a table, the fields named once. All other text, and whatever follows a
traceback's first line, stays as it is.
"""

import ast
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sca.dialogue.turns import cut

Observations = Literal["plain", "compact"]

_LONGEST = 20_000  # characters of a literal; longer ones are cut off anyway
_LONGEST_NUMBER = 1_000  # characters; Python writes out no number of more than 4,300 digits
_DEEPEST = 20  # containers within each other
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):", re.MULTILINE)
_STRINGS = {"'": r"'(?:[^'\\\n]|\\.)*'", '"': r'"(?:[^"\\\n]|\\.)*"'}
_QUOTED = {quote: re.compile(string) for quote, string in _STRINGS.items()}
_MARK = re.compile(r"[\[\](){}'\"]")
_STRING = "|".join(_STRINGS.values())
_TOKEN = re.compile(rf"{_STRING}|-?\d[\w.+-]*|\b(?:True|False|None|true|false|null)\b|[\[\](){{}},:]|\s+")
_JSON_NAMES = {"true": "True", "false": "False", "null": "None"}
_OPENING, _CLOSING = "[({", "])}"
_UNCLEAR = re.compile(r"[\n,:;|()\[\]{}'\"]|^\s|\s$|^$")
"""Texts that could not be told from what is around them; they keep their quotes."""


def shown(text: str, style: Observations, limit: int) -> str:
    """What the agent sees of an observation, at most `limit` characters."""
    return cut(compact(text) if style == "compact" else text, limit)


def compact(text: str) -> str:
    """The text with its literals in short; each begins a line or follows a blank, and ends likewise."""
    found = _TRACEBACK.search(text)
    printed, rest = (text[: found.start()], text[found.start() :]) if found else (text, "")
    whole = _value(printed.strip())  # it may go over many lines, as JSON with an indentation does
    if isinstance(whole, (list, tuple, dict, str)):
        return _block(whole) + ("\n" + rest if rest else "")
    return "\n".join(map(_line, printed.split("\n"))) + rest


def _line(line: str) -> str:
    """One printed line. Each character is looked at a few times at most, whatever the line holds."""
    if line[:1] in ("'", '"') and isinstance(value := _value(line), str):
        return _scalar(value)
    parts, done = [], 0
    unclosed: set[str] = set()
    for start in (match.start() for match in re.finditer(r"(?<!\S)[\[({]", line)):
        if start < done:
            continue
        end = _end(line, start, unclosed)
        if end is None:
            break
        value = _value(line[start:end]) if line[end : end + 1] in ("", " ", ",") else None
        if isinstance(value, (list, tuple, dict)):
            parts += [line[done:start], _within(value) if line[:start].strip() else _block(value)]
        else:
            parts.append(line[done:end])
        done = end
    return "".join(parts) + line[done:]


def _end(line: str, start: int, unclosed: set[str]) -> int | None:
    """The place behind the bracket that closes the one at `start`; None where none does.

    `unclosed` are quotes of which none was found to close one that came before; so none closes a later one either.
    """
    depth, place = 0, start
    while found := _MARK.search(line, place):
        mark, place = found[0], found.end()
        if mark in _QUOTED:
            if mark not in unclosed and (string := _QUOTED[mark].match(line, found.start())):
                place = string.end()
            else:
                unclosed.add(mark)
            continue
        depth += 1 if mark in _OPENING else -1
        if depth == 0:
            return place
    return None


def _value(text: str) -> Any:
    """What a Python or JSON literal is worth; None where it is no string, list, tuple or dict.

    The text may be hostile. Only flat sequences of literals and brackets, bounded in length and depth, are parsed.
    """
    if len(text) > _LONGEST or text[:1] not in ("[", "(", "{", "'", '"'):
        return None
    tokens: list[str] = []
    place = depth = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            return None
        place, token = match.end(), match[0]
        if len(token) > _LONGEST_NUMBER and token[0] in "-0123456789":
            return None
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth > _DEEPEST:
            return None
        tokens.append(_JSON_NAMES.get(token, token))
    try:
        value = ast.literal_eval("".join(tokens))
    except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, (list, tuple, dict, str)) and not _holds_set(value) else None


def _holds_set(value: Any) -> bool:
    """Whether a set is in it: its order is another in each process, and what an agent sees must not be."""
    if isinstance(value, dict):
        return any(map(_holds_set, value.values()))
    return isinstance(value, set) or (isinstance(value, (list, tuple)) and any(map(_holds_set, value)))


def _block(value: Any) -> str:
    """A value with lines of its own."""
    if isinstance(value, dict):
        rows = _without_ids(value)
        return _table(["id", *fields], rows.items()) if (fields := _fields(rows.values())) else _entries(rows)
    if isinstance(value, (list, tuple)):
        if fields := _fields(value):
            return _table(fields, value)
        return ("\n" if any(map(_is_container, value)) else ", ").join(map(_inner, value)) or str(value)
    return _scalar(value)


def _entries(record: dict[Any, Any]) -> str:
    between = "\n" if any(map(_is_container, record.values())) else ", "
    return between.join(f"{_scalar(key)}: {_inner(each)}" for key, each in record.items()) or "{}"


def _table(fields: Sequence[str], rows: Iterable[Any]) -> str:
    """Rows of a list of records, or of a table of records by id."""
    cells = [row.values() if isinstance(row, dict) else [row[0], *row[1].values()] for row in rows]
    return "\n".join(
        " | ".join(line).strip() for line in [map(_scalar, fields), *(map(_inner, row) for row in cells)]
    )


def _fields(rows: Iterable[Any]) -> list[str]:
    """The fields that two records or more have in common; none where they differ."""
    names = [list(row) if isinstance(row, dict) else [] for row in rows]
    return names[0] if len(names) > 1 and all(each == names[0] for each in names) else []


def _without_ids(table: dict[Any, Any]) -> dict[Any, Any]:
    """A table of records by id, without the id in each of them."""
    if not table or not all(isinstance(row, dict) and key in row.values() for key, row in table.items()):
        return table
    return {key: {name: each for name, each in row.items() if each != key} for key, row in table.items()}


def _inner(value: Any) -> str:
    """A value within a line."""
    return f"({_within(value)})" if _is_container(value) else _scalar(value)


def _within(value: Any) -> str:
    """What a container holds, within a line."""
    if isinstance(value, dict):
        return ", ".join(f"{_scalar(key)}: {_inner(each)}" for key, each in _without_ids(value).items()) or "{}"
    return ", ".join(map(_inner, value)) or str(value)


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) and not _UNCLEAR.search(value) else repr(value)


def _is_container(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict))
