"""Two outputs of one command: `sca validate` writes the valid tasks to one file and the rejected ones to another."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from sca.errors import BadInput, UsageError
from sca.records.contract import Record
from sca.records.ids import natural
from sca.records.output import Output
from sca.records.stdout import STDOUT

R = TypeVar("R", bound=Record)
S = TypeVar("S")


class Pair(Generic[R]):
    """Two outputs that one command writes and continues together, as validated and rejected tasks."""

    def __init__(self, first: Output[R], second: Output[R]) -> None:
        self.first, self.second = first, second

    @classmethod
    def open(
        cls,
        first: str | Path,
        second: str | Path,
        kind: type[R],
        settings: Mapping[str, Any],
        *,
        force: bool = False,
        dry_run: bool = False,
    ) -> "Pair[R]":
        """As `Output.open`, of both; neither is touched unless both can be had. --rejected names the second."""
        refuse_same([first, second])
        one = Output.open(first, kind, settings, force=force, dry_run=dry_run)
        try:
            two = Output.open(second, kind, settings, force=force, dry_run=dry_run, option="--rejected")
            _refuse_shared(first, one.done, second, two.done)
        except BaseException:
            one.__exit__()
            raise
        return cls(one, two)

    @property
    def done(self) -> AbstractSet[str]:
        """Ids that are in either."""
        return _Either(self.first.done, self.second.done)

    @property
    def complete(self) -> bool:
        """Whether an earlier run finished both."""
        return self.first.complete and self.second.complete

    def __enter__(self) -> Self:
        self.first.__enter__()
        self.second.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        with ExitStack() as both:
            both.callback(self.second.__exit__, *exc)
            both.callback(self.first.__exit__, *exc)

    def records(self) -> Iterator[R]:
        """What is in the first, then what is in the second."""
        yield from self.first.records()
        yield from self.second.records()

    def note(self, **facts: Any) -> None:
        """As `Output.note`, in both sidecars."""
        self.first.note(**facts)
        self.second.note(**facts)

    def finish(
        self,
        *,
        counts: Mapping[str, Any],
        timings: Mapping[str, Any] | None = None,
        complete: bool = True,
        **facts: Any,
    ) -> None:
        """As `Output.finish`, of both."""
        self.first.finish(counts=counts, timings=timings, complete=complete, **facts)
        self.second.finish(counts=counts, timings=timings, complete=complete, **facts)


def _refuse_shared(first: str | Path, one: AbstractSet[str], second: str | Path, two: AbstractSet[str]) -> None:
    if shared := sorted(one & two, key=natural):
        raise BadInput(
            [f"{name} is in {first} and in {second}" for name in shared],
            hint="remove one line of each, or begin both files afresh with --force",
        )


class _Either(AbstractSet[str]):
    """The union of two sets that have nothing in common, without a copy."""

    def __init__(self, first: AbstractSet[str], second: AbstractSet[str]) -> None:
        self._first, self._second = first, second

    def __contains__(self, name: object) -> bool:
        return name in self._first or name in self._second

    def __iter__(self) -> Iterator[str]:
        yield from self._first
        yield from self._second

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    @classmethod
    def _from_iterable(cls, names: Iterable[S]) -> AbstractSet[S]:
        return set(names)


def refuse_same(outputs: Sequence[str | Path], inputs: Iterable[str | Path] = ()) -> None:
    """Raise `UsageError` where an output is an input or another output, by whatever name."""
    taken: dict[str, str | Path] = {os.path.realpath(path): path for path in inputs if str(path) != "-"}
    for path in outputs:
        place = "-" if str(path) in STDOUT else os.path.realpath(path)
        if place in taken and place != os.devnull:
            raise UsageError(f"{path} would be written over {taken[place]}; name another file")
        taken[place] = path
