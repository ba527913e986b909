"""Many things at once in one thread: with several, changing a uid and forking are full of surprises."""

import select
import time
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

TICK = 50
"""Milliseconds after which a task is woken though nothing has happened that it watches."""
Work: TypeAlias = Generator[None, None, Any]
"""Yields where it must wait."""


class Task:
    """Work under way, and what is to be done with what comes of it, or with the exception that ended it."""

    def __init__(self, work: Work, done: Callable[[Any], None]) -> None:
        self.work, self.done = work, done


class Loop:
    """Runs tasks; each is woken by the descriptors that it watches."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._watched: dict[int, tuple[Task | None, Callable[[], bool]]] = {}
        self._tasks: dict[Task, None] = {}
        self._now: Task | None = None

    def watch(self, fd: int, see: Callable[[], bool], events: int = select.POLLIN) -> None:
        """Call `see` when something happens there, and then the task that asked for it, until `see` returns False."""
        self._watched[fd] = self._now, see
        self._poll.register(fd, events)

    def forget(self, *fds: int) -> None:
        """Watch these no more."""
        for fd in fds:
            if self._watched.pop(fd, None):
                self._poll.unregister(fd)

    def start(self, work: Work, done: Callable[[Any], None]) -> None:
        """Begin with something."""
        task = Task(work, done)
        self._tasks[task] = None
        self._step(task)

    def run(self) -> None:
        """Go on for ever."""
        last = time.monotonic()
        while True:
            woken: dict[Task | None, None] = {}
            for fd, _ in self._poll.poll(TICK if self._tasks else None):
                task, see = self._watched.get(fd, (None, bool))  # one before it may have forgotten this one
                try:
                    if not see():
                        self.forget(fd)
                except Exception as error:
                    if task is None:
                        raise  # nobody's: this process ends, and the host reads why
                    self.forget(fd)
                    if task in self._tasks:
                        self._step(task, error)
                woken[task] = None
            if time.monotonic() - last > TICK / 1000:
                last = time.monotonic()
                woken = dict.fromkeys(self._tasks)
            for task in woken:
                if task in self._tasks:
                    self._step(task)

    def _step(self, task: Task, error: Exception | None = None) -> None:
        before, self._now = self._now, task
        try:
            if error:
                task.work.throw(error)
            else:
                next(task.work)
        except StopIteration as end:
            told = end.value
        except Exception as wrong:  # noqa: BLE001 - `done` says what it means
            told = wrong
        else:
            return
        finally:
            self._now = before
        del self._tasks[task]
        task.done(told)
