"""A text browser on one company's site: pages are found by following links, and what counts is the answer."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from sca.environment import Environment, Start, ToolError, load_tables, move, read
from sca.environment.arithmetic import calculate

from .themes import THEMES

START_PAGE = "/"
LINES = 5
"""Of a page that are seen at a time."""
_LINK = re.compile(r"\[Clickable '([^']*)'\]")


class WebBrowsing(Environment):
    """A text browser on the site of one company: its people, departments, products and news. It begins on the
    start page "/" and shows five lines at a time; other pages are reached by the links that a page shows.
    Nothing can be changed; give the answer itself, as the question wants it written."""

    counts = "answer"
    themes = THEMES
    switches: ClassVar[Mapping[str, str]] = {
        "any_address": "click_url opens every page of the site, linked to or not, as the original does"
    }

    @classmethod
    def load(cls, data: Path) -> dict[str, Any]:
        """`pages.json`, the text of each page by address, and a browser on the start page.

        Raises FileNotFoundError without that file, ValueError for a site without a start page.
        """
        pages = load_tables(data, ("pages",))["pages"]
        if START_PAGE not in pages:
            raise ValueError(f"pages.json has no page {START_PAGE!r}, where browsing begins")
        return {"pages": pages, "history": [{"url": START_PAGE, "top": 0}]}

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """A part of the site each: the pages that lead to several others."""
        return [Start(f"the page {url}") for url, text in state["pages"].items() if len(links(text)) >= 4]

    @classmethod
    def first_observation(cls, state: Any, start: Start) -> str:
        """The start page, whole."""
        return str(state["pages"][START_PAGE])

    @move
    def click_url(self, url: str) -> str:
        """Open the page that a link of the current page leads to, and return its first lines.

        A link looks like [Clickable '/people'] and is opened by click_url('/people').
        Example: click_url("/products")
        """
        if url not in self._pages or not (url in links(self._text) or "any_address" in self.switches_on):
            raise ToolError(
                f"this page has no link to {url!r}; click one that stands on it as [Clickable '…'], "
                "scroll_down() to see more of it, or go_to_previous_page()"
            )
        self.state["history"].append({"url": url, "top": 0})
        return self._view()

    @move
    def go_to_previous_page(self) -> str:
        """Go back to the page from which the current one was opened, and return its lines as they were left.

        Example: go_to_previous_page()
        """
        if len(self.state["history"]) == 1:
            raise ToolError("this is the page that browsing began on; click_url(url) opens another")
        self.state["history"].pop()
        return self._view()

    @move
    def scroll_down(self) -> str:
        """Scroll the current page down by five lines, and return them.

        Example: scroll_down()
        """
        if self._top + LINES >= len(self._lines):
            raise ToolError("the page ends here; scroll_up(), click a link or go_to_previous_page()")
        self.state["history"][-1]["top"] += LINES
        return self._view()

    @move
    def scroll_up(self) -> str:
        """Scroll the current page up by five lines, and return them.

        Example: scroll_up()
        """
        if self._top == 0:
            raise ToolError("the page begins here; scroll_down(), click a link or go_to_previous_page()")
        self.state["history"][-1]["top"] -= LINES
        return self._view()

    @read
    def view(self) -> str:
        """Return the lines of the current page that are in view: its address, five lines, and whether more follow.

        Example: view()
        """
        return self._view()

    @read
    def calculator(self, expression: str) -> float:
        """Return the value of an arithmetic expression with + - * / // % ** and parentheses.

        Example: calculator("(19.90 + 4.10) * 3") returns 72.0
        """
        return calculate(expression)

    @property
    def _pages(self) -> dict[str, str]:
        pages: dict[str, str] = self.state["pages"]
        return pages

    @property
    def _text(self) -> str:
        return self._pages[self.state["history"][-1]["url"]]

    @property
    def _lines(self) -> list[str]:
        return self._text.splitlines()

    @property
    def _top(self) -> int:
        return int(self.state["history"][-1]["top"])

    def _view(self) -> str:
        url, lines, top = self.state["history"][-1]["url"], self._lines, self._top
        last = min(top + LINES, len(lines))
        end = "(more below)" if last < len(lines) else "(end of the page)"
        return "\n".join([f"Page {url}, lines {top + 1} to {last} of {len(lines)}", *lines[top:last], end])


def links(text: str) -> list[str]:
    """The addresses that a page links to, in order."""
    return _LINK.findall(text)
