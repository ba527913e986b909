"""Many records at a glance, one a line."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from sca.cli.filters import Fields, ending, kind_of, went_well
from sca.controls import show_controls

_FIRST = 200
"""Letters of a text that a list shows at most."""


def listing(records: Sequence[Fields]) -> list[Text]:
    """A line each: id, family, how it went, and the first words; cut where the terminal ends."""
    rows = [
        [_short(record.get("id", "–")), _short(record.get("family") or ""), _short(ending(record))]
        for record in records
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return [_line(record, row, widths) for record, row in zip(records, rows, strict=True)]


def on_stdout() -> Console:
    """The console that records go to."""
    return Console(markup=False, highlight=False, emoji=False)


def colour(record: Fields) -> str:
    """Green, red, or none."""
    return {True: "green", False: "red", None: ""}[went_well(record)]


def _line(record: Fields, row: list[str], widths: list[int]) -> Text:
    styles = ("", "dim", colour(record))
    cells = [
        (cell.ljust(width) + "  ", style) for cell, width, style in zip(row, widths, styles, strict=True) if width
    ]
    line = Text.assemble(*cells, _short(_words(record)), no_wrap=True, overflow="ellipsis")
    line.rstrip()
    return line


def _words(record: Fields) -> Any:
    if kind_of(record) == "record":
        return json.dumps({name: value for name, value in record.items() if name != "id"}, ensure_ascii=False)
    if kind_of(record) != "attempt":
        return record.get("instruction") or ""
    if (answer := record.get("answer")) is not None:
        return f"→ {answer}"
    return record.get("detail") or ""


def _short(text: Any) -> str:
    return show_controls(" ".join(str(text)[:_FIRST].split()))
