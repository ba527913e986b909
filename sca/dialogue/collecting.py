"""Python's collector of garbage in cycles, kept from holding the event loop up.

A full pass looks at every object that there is: with the modules of a command loaded that took 75 to 150 ms, a dozen
times in 16,000 turns. What was there before a run, and what a long pass found alive, is not looked at again.
"""

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

LONG = 0.01
"""Seconds of a pass after which the objects that it found alive are put aside."""


class Passes:
    """Times the collector's passes, which run in the thread that has just made an object."""

    seconds = 0.0
    """All of them together."""
    _began = 0.0

    def __call__(self, phase: str, _: Mapping[str, Any]) -> None:
        """As an entry of `gc.callbacks`."""
        if phase == "start":
            self._began = time.perf_counter()
            return
        took = time.perf_counter() - self._began
        self.seconds += took
        if took > LONG:
            gc.freeze()


@contextmanager
def short_passes() -> Iterator[Passes]:
    """In here passes of the collector stay short. What is put aside is freed as ever, unless it is in a cycle."""
    gc.collect()
    gc.freeze()
    passes = Passes()
    gc.callbacks.append(passes)
    try:
        yield passes
    finally:
        gc.callbacks.remove(passes)
        gc.unfreeze()
