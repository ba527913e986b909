"""A watch over the event loop: while one step on it takes long, no episode goes on, whatever else is ready."""

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from sca.dialogue.collecting import Passes

LONGEST = 0.05
"""Seconds that one step may take."""
_LOOK = 0.0125  # seconds between two looks, and how much too short a step may be measured
_PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep
_STEP = asyncio.Handle._run.__code__
_COLLECTION = "Python's collection of garbage"


@dataclass
class Stalls:
    """Steps that took longer than `LONGEST`. Time in which the thread waited for a core is not theirs."""

    count: int = 0
    longest: float = 0.0  # seconds
    places: Counter[str] = field(default_factory=Counter)
    """Where they were seen: `records/writing.py:36 line_of` → how often."""

    def __str__(self) -> str:
        """`3 times for more than 50 ms, at most 120 ms, in records/writing.py:36 line_of`."""
        where = f", in {self.places.most_common(1)[0][0]}" if self.places else ""
        times = "once" if self.count == 1 else f"{self.count} times"
        return f"{times} for more than {1e3 * LONGEST:.0f} ms, at most {1e3 * self.longest:.0f} ms{where}"


@contextlib.contextmanager
def watching(stalls: Stalls, passes: Passes | None = None) -> Iterator[None]:
    """Count what holds the loop of this thread up. Steps are told apart, so that many short ones are no stall.

    The collector's `passes`, where they are timed, are told apart from the code that happened to set them off.
    """
    ended = threading.Event()
    watch = _Watch(stalls, passes or Passes(), threading.get_ident(), _Queued(threading.get_native_id()))
    thread = threading.Thread(target=watch.look, args=[ended], name="stalls", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Watch:
    """Looks again and again which step the loop is at; one seen twice has lasted since the first time."""

    def __init__(self, stalls: Stalls, passes: Passes, thread: int, queued: "_Queued") -> None:
        self._stalls, self._passes, self._thread, self._queued = stalls, passes, thread, queued
        self._step: object | None = None
        self._since = 0.0
        self._collected = 0.0
        self._place = ""

    def look(self, ended: threading.Event) -> None:
        own = _Queued(threading.get_native_id())
        looked, spent = time.perf_counter() - own.seconds(), time.process_time()
        while not ended.wait(_LOOK):
            # Nobody can look while a thread keeps the interpreter. One that waits for a core meanwhile is not to
            # blame: of the time between two looks only what the process was given of the processors counts.
            before, earlier = looked, spent
            looked, spent = time.perf_counter() - own.seconds(), time.process_time()
            held = min(looked - before - _LOOK, spent - earlier)
            self._see(sys._current_frames().get(self._thread), self._awake(), held if held > LONGEST else 0.0)
        self._see(None, self._awake(), 0.0)

    def _awake(self) -> float:
        """A clock that stands still while the loop's thread waits for a core."""
        return time.perf_counter() - self._queued.seconds()

    def _see(self, frame: FrameType | None, now: float, held: float) -> None:
        step = _step(frame)
        if step is not None and step is self._step:
            self._place = _place(frame)
            return
        if self._step is not None:
            self._end(max(now - _LOOK - self._since, held))
        elif held:
            # What kept the interpreter to itself has just ended: C code, collection, or another thread's.
            self._place = _place(frame) if step is not None else "a step or thread that had ended by then"
            self._end(held)
        self._step, self._since, self._place = step, now, _place(frame)
        self._collected = self._passes.seconds

    def _end(self, seconds: float) -> None:
        if seconds > LONGEST:
            self._stalls.count += 1
            self._stalls.longest = max(self._stalls.longest, seconds)
            collected = self._passes.seconds - self._collected
            self._stalls.places[_COLLECTION if collected > seconds / 2 else self._place] += 1


def _step(frame: FrameType | None) -> object | None:
    """What the loop is running; None where it waits."""
    while frame is not None:
        if frame.f_code is _STEP:
            step: object = frame.f_locals["self"]
            return step
        frame = frame.f_back
    return None


def _place(frame: FrameType | None) -> str:
    """The innermost frame that is ours, else the innermost."""
    ours = frame
    while ours is not None and not ours.f_code.co_filename.startswith(_PACKAGE):
        ours = ours.f_back
    at = ours or frame
    if at is None:
        return "an unknown place"
    return f"{at.f_code.co_filename.removeprefix(_PACKAGE)}:{at.f_lineno} {at.f_code.co_name}"


class _Queued:
    """How long a thread has waited for a core, as Linux tells; elsewhere never."""

    def __init__(self, thread: int) -> None:
        self._path = f"/proc/self/task/{thread}/schedstat"

    def seconds(self) -> float:
        """Since the thread began."""
        try:
            with open(self._path, "rb", buffering=0) as file:
                return int(file.read().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0
