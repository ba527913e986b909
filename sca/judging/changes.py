"""Which entries of a state an attempt changed: JSON pointers (RFC 6901) to what was there before and is after."""

import json
from collections.abc import Iterator
from typing import Any

MOST = 1000
"""Changes that are kept of one attempt."""
MOST_CHARACTERS = 262_144
"""Characters of JSON that they may take in all."""
_NOTHING = object()
Change = dict[str, Any]
"""`before` and `after`; only the one of them that there is, where an entry came or went."""


def changes(before: Any, after: Any) -> tuple[dict[str, Change], int]:
    """The changes by the pointer to each, smallest entries first to differ, and how many were left out as too many.

    A dict differs by its keys, a list by its places; everything else, and 1 from 1.0, as a whole.
    """
    found: dict[str, Change] = {}
    room, left_out = MOST_CHARACTERS, 0
    for pointer, was, now in _differences(before, after, ""):
        change = {name: value for name, value in (("before", was), ("after", now)) if value is not _NOTHING}
        size = len(pointer) + len(json.dumps(change))
        if len(found) == MOST or size > room:
            left_out += 1
            continue
        found[pointer] = change
        room -= size
    return found, left_out


def _differences(was: Any, now: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            step = key.replace("~", "~0").replace("/", "~1")
            yield from _differences(was.get(key, _NOTHING), now.get(key, _NOTHING), f"{pointer}/{step}")
    elif isinstance(was, list) and isinstance(now, list):
        for index in range(max(len(was), len(now))):
            one, other = (items[index] if index < len(items) else _NOTHING for items in (was, now))
            yield from _differences(one, other, f"{pointer}/{index}")
    elif type(was) is not type(now) or was != now:
        yield pointer, was, now
