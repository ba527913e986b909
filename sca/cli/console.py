"""Where messages go: stderr, so that stdout holds data alone. Texts are shown as they are, never read as markup."""

import logging
from functools import cache
from typing import TYPE_CHECKING

from sca.controls import show_controls

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console() -> "Console":
    """The console of messages; long paths stay whole."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True)


def say(text: str, *, style: str | None = None) -> None:
    """Print one message. Brackets stay brackets, and control characters of a model's text become visible."""
    console().print(show_controls(text), style=style, markup=False, highlight=False, emoji=False)


def hush(quiet: bool) -> None:
    """Say nothing from here on, or speak again: of several processes, one speaks."""
    console().quiet = quiet


class Warnings(logging.Handler):
    """Warnings of ours as lines of the console, so that they do not tear the live line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one."""
        say(f"{record.levelname.lower()}: {record.getMessage()}", style="yellow")
