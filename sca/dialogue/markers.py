"""The form of one turn: an optional thought, then exactly one action, response or answer.

THOUGHT: the tariff is eight percent END THOUGHT
ACTION:
calculate_tariff(12.5, 8)
END ACTION
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from textwrap import dedent
from typing import Literal, cast

Kind = Literal["action", "response", "answer"]

_OPENING = re.compile(r"\b(THOUGHT|ACTION|RESPONSE|ANSWER):")
_BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
_FENCE, _LANGUAGE = "```", re.compile(r"[\w+-]*[ \t]*")


@dataclass(frozen=True)
class Turn:
    """What the model wants to do."""

    kind: Kind
    body: str
    thought: str | None = None


@dataclass(frozen=True)
class BadTurn:
    """A text that is no turn; `problem` goes into the reminder."""

    problem: str


def stops(allowed: Collection[Kind]) -> tuple[str, ...]:
    """Strings at which generation of a turn ends."""
    return tuple(f"END {kind.upper()}" for kind in sorted(allowed))


def parse(text: str, allowed: Collection[Kind]) -> Turn | BadTurn:
    """Read one turn. What stands outside the markers is passed over, as models like to talk around them."""
    blocks: list[tuple[str, str]] = []
    position = 0
    while opening := _OPENING.search(text, position):
        name = opening[1]
        end = text.find(f"END {name}", opening.end())
        if end < 0:
            return BadTurn(f"{name}: is not closed with END {name}.")
        blocks.append((name.lower(), text[opening.end() : end]))
        position = end + len(f"END {name}")
    moves = [(name, body) for name, body in blocks if name != "thought"]
    if not moves:
        return BadTurn("The turn has no marked block.")
    if len(moves) > 1:
        return BadTurn(f"The turn has {len(moves)} blocks; it must have exactly one.")
    name, body = moves[0]
    if name not in allowed:
        return BadTurn(f"{name.upper()} cannot be used here.")
    thought = next((body.strip() for name, body in blocks if name == "thought"), None)
    kind = cast(Kind, name)
    return Turn(kind, without_fence(body) if kind == "action" else body.strip(), thought)


def without_fence(code: str) -> str:
    """Code without the Markdown fence around it, blank lines before and after, and what indents all of it."""
    code = code.replace("\r\n", "\n")
    first, _, fenced = code.strip().partition("\n")
    if first.startswith(_FENCE) and fenced.endswith(_FENCE) and _LANGUAGE.fullmatch(first, len(_FENCE)):
        code = "\n" + fenced.removesuffix(_FENCE).rstrip(" \t").removesuffix("\n")
    above, line_end, _ = code.partition("\n")
    if above.strip() or not line_end:
        return code.strip()  # it begins behind its marker: ACTION: f() END ACTION
    code = _BLANK_LINES.sub("", code).rstrip()
    return dedent(code) if code.startswith((" ", "\t")) else code
