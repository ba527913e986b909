"""How far a command is: one live line on a terminal, a plain line now and then elsewhere."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sca.cli.console import console, say

EVERY = 10.0
"""Seconds between two plain lines."""

SILENCE = 30.0
"""Seconds without anything ended after which the line says so: the work may be long, or its engine dead."""


@contextmanager
def progress(stage: str, *, total: int, done: int = 0, good: str = "good", unit: str = "done") -> Iterator["Meter"]:
    """A progress to hand to a stage that has `done` of `total` already; `good` is the word for what is hoped for.

    with progress("rollout", total=160, done=len(out.done), good="success") as meter: …
    """
    meter = Meter(stage, total=total, done=done, good=good, unit=unit)
    try:
        with _live(meter) if console().is_terminal else _plain(meter):
            yield meter
    finally:
        say(meter.line())


class Meter:
    """Counts and the line that tells of them: `rollout  12/160 done  58% success  431 tokens/s  4:10 left`."""

    def __init__(
        self,
        stage: str,
        *,
        total: int,
        done: int = 0,
        good: str = "good",
        unit: str = "done",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stage, self._total, self._good_word, self._unit = stage, total, good, unit
        self._before = self._done = done
        self._good: int | None = None
        self._tokens = 0
        self._note = ""
        self._clock = clock
        self._began = self._last = clock()

    def update(self, *, done: int, good: int | None, tokens: int, note: str = "") -> None:
        """See `sca.progress.Progress`; `note` is a word more on how it goes."""
        self._done, self._good, self._tokens, self._note = done, good, tokens, note
        self._last = self._clock()

    def line(self) -> str:
        """How far it is now."""
        now = self._clock()
        passed = now - self._began
        parts = [f"{self._stage}  {self._done}/{self._total} {self._unit}"]
        if self._good is not None and self._done:
            parts.append(f"{self._good / self._done:.0%} {self._good_word}")
        if self._tokens and passed:
            parts.append(f"{self._tokens / passed:,.0f} tokens/s")
        if self._note:
            parts.append(self._note)
        made, left = self._done - self._before, self._total - self._done
        if left > 0 and made:
            parts.append(f"{_clock_time(left * (self._last - self._began) / made)} left")
        if left <= 0:
            parts.append(f"in {_clock_time(passed)}")
        elif now - self._last > SILENCE:
            parts.append(f"nothing ended for {_clock_time(now - self._last)}")
        return "  ".join(parts)


@contextmanager
def _live(meter: Meter) -> Iterator[None]:
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.table import Table
    from rich.text import Text

    spinner = Spinner("dots")

    def render() -> Table:
        row = Table.grid(padding=(0, 1))
        row.add_row(spinner, Text(meter.line(), no_wrap=True, overflow="ellipsis"))
        return row

    # stdout is left alone: it is data.
    with Live(get_renderable=render, console=console(), refresh_per_second=4, transient=True, redirect_stdout=False):
        yield


@contextmanager
def _plain(meter: Meter) -> Iterator[None]:
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(EVERY):
            say(meter.line())

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
