"""Letters in the drawers of a town archive, five on a page."""

import json
from pathlib import Path
from typing import Any

from sca.environment import Environment, Start, ToolError, check, move, read, write

ON_A_PAGE = 5


class Archive(Environment):
    """A town archive: page through its drawers, read letters, and put labels on them."""

    counts = "state"
    themes = ("one letter is labelled", "all letters of one sender in a drawer are labelled", "a label is replaced")

    @classmethod
    def load(cls, data: Path) -> dict[str, Any]:
        """Letters by id, and a desk on which nothing lies yet: where one is stands in the state, too."""
        letters = json.loads((data / "letters.json").read_text(encoding="utf-8"))
        return {"letters": letters, "desk": {"drawer": None, "page": 0}}

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """A drawer each."""
        return [Start(f"the drawer {drawer}") for drawer in _drawers(state)]

    @read
    def list_drawers(self) -> list[str]:
        """Return the names of the drawers."""
        return _drawers(self.state)

    @move
    def open_drawer(self, drawer: str) -> dict[str, Any]:
        """Open a drawer and return its first page: page, pages, and letters by id with year and sender."""
        if drawer not in _drawers(self.state):
            raise ToolError(f"there is no drawer {drawer!r}; list_drawers() names them")
        self.state["desk"] = {"drawer": drawer, "page": 1}
        return self._page()

    @move
    def next_page(self) -> dict[str, Any]:
        """Turn to the next page of the open drawer and return it, as open_drawer does."""
        return self._turn(1)

    @move
    def previous_page(self) -> dict[str, Any]:
        """Turn to the page before and return it, as open_drawer does."""
        return self._turn(-1)

    @read
    def read_letter(self, letter_id: str) -> dict[str, Any]:
        """Return a letter on the page that is open: drawer, year, sender, text and label, a text or null."""
        return self._in_sight(letter_id)

    @write
    def label_letter(self, letter_id: str, label: str) -> dict[str, Any]:
        """Put a label of at most 20 characters on a letter on the page that is open, in place of any other."""
        letter = self._in_sight(letter_id)
        if not 0 < len(label.strip()) <= 20:
            raise ToolError("a label has 1 to 20 characters; use a shorter one")
        letter["label"] = label.strip().lower()
        return letter

    @check
    def labels(self) -> dict[str, str]:
        """Return the label of each letter that has one, by id, whatever page is open."""
        return {key: letter["label"] for key, letter in self.state["letters"].items() if letter["label"]}

    def _drawer(self) -> list[str]:
        name = self.state["desk"]["drawer"]
        if name is None:
            raise ToolError("no drawer is open; open_drawer(drawer) first")
        return [key for key, letter in self.state["letters"].items() if letter["drawer"] == name]

    def _turn(self, by: int) -> dict[str, Any]:
        page = self.state["desk"]["page"] + by
        if not 1 <= page <= _pages(self._drawer()):
            raise ToolError(f"the drawer has no page {page}; open_drawer(drawer) begins with its first")
        self.state["desk"]["page"] = page
        return self._page()

    def _page(self) -> dict[str, Any]:
        letters, page = self._drawer(), self.state["desk"]["page"]
        shown = letters[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        brief = {key: {name: self.state["letters"][key][name] for name in ("year", "sender")} for key in shown}
        return {"page": page, "pages": _pages(letters), "letters": brief}

    def _in_sight(self, letter_id: str) -> dict[str, Any]:
        self._drawer()
        if letter_id not in self._page()["letters"]:
            raise ToolError(f"{letter_id} is not on the page that is open; turn to its page first")
        letter: dict[str, Any] = self.state["letters"][letter_id]
        return letter


def _drawers(state: Any) -> list[str]:
    return sorted({letter["drawer"] for letter in state["letters"].values()})


def _pages(letters: list[str]) -> int:
    return -(-len(letters) // ON_A_PAGE)
