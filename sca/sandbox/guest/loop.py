"""Many things at once in one thread: with several, changing a uid and forking are full of surprises."""

import select
import time
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

TICK = 50
"""Milliseconds after which work is woken though nothing has happened that it watches."""
Work: TypeAlias = Generator[None, None, Any]
"""Yields where it must wait."""


class Loop:
    """Does work; each is woken by the descriptors that it watches."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._watched: dict[int, Work] = {}
        self._works: dict[Work, None] = {}
        self._now: Any = None

    def watch(self, fd: int, events: int = select.POLLIN) -> None:
        """Wake the work that asks for it as long as something can be done there."""
        self._watched[fd] = self._now
        self._poll.register(fd, events)

    def forget(self, *fds: int) -> None:
        """Watch these no more."""
        for fd in fds:
            if self._watched.pop(fd, None):
                self._poll.unregister(fd)

    def start(self, work: Work) -> None:
        """Begin with something."""
        self._works[work] = None
        self._step(work)

    def run(self, hear: Callable[[], None]) -> None:
        """Go on for ever, and `hear` what comes from the host."""
        self._poll.register(0, select.POLLIN)
        last = time.monotonic()
        while True:
            ready = [fd for fd, _ in self._poll.poll(TICK if self._works else None)]
            woken = dict.fromkeys(self._watched[fd] for fd in ready if fd)
            if 0 in ready:
                hear()
            if time.monotonic() - last > TICK / 1000:
                last = time.monotonic()
                woken = dict.fromkeys(self._works)
            for work in woken:
                if work in self._works:
                    self._step(work)

    def _step(self, work: Work) -> None:
        self._now = work
        try:
            next(work)
        except StopIteration:
            del self._works[work]
