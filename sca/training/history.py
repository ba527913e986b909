"""What an online run writes down and takes up again: its lines, and the states that it may go back to."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


class History:
    """Two files of lines: one of iterations, one of optimiser steps."""

    def __init__(
        self, iterations: Path, metrics: Path, track: Callable[[int, dict[str, Any]], None], *, writes: bool = True
    ) -> None:
        """`track` hears of each step, too. Of several processes one `writes`; the others only count."""
        self._writes = writes
        self.iterations = iterations
        self.metrics = metrics
        self._track = track
        self.steps = 0
        """Taken so far."""

    def resume(self, done: int) -> list[dict[str, Any]]:
        """Forget what was written after iteration `done`, and give back the lines of the iterations up to it."""
        lines = _cut(self.iterations, done)
        self.steps = len(_cut(self.metrics, done))
        return lines

    def add(self, line: dict[str, Any]) -> None:
        """An iteration is over."""
        if self._writes:
            _append(self.iterations, line)

    def add_step(self, line: dict[str, Any]) -> None:
        """A step was taken."""
        self.steps += 1
        if not self._writes:
            return
        _append(self.metrics, line)
        self._track(self.steps, line)


def keep(state: Path, place: Path) -> None:
    """Let `place` be the state as it is now, without a copy where the disk can hold one file under two names."""
    fresh = place.with_name(f"{place.name}.tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(state, fresh, copy_function=_linked)
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _cut(path: Path, done: int) -> list[dict[str, Any]]:
    """The lines of iterations up to `done`, which are all that stays; those after it were not all written."""
    kept: list[dict[str, Any]] = []
    for text in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            line = json.loads(text)
        except ValueError:
            break
        if line["iteration"] > done:
            break
        kept.append(line)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
    return kept


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
