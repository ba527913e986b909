"""Outputs of a stage: files that can be killed at any moment and continued, or stdout.

    with Output.open("tasks.jsonl", Task, settings, force=False) as out:
        for id in wanted - out.done:
            out.write(await make(id))
        out.finish(counts={...}, timings={...})

The same command again does only what is missing. A file that was made with other settings is refused, and so is one
without a sidecar, of which nobody knows how it was made; `force` begins it afresh: what it held is gone. `-` is
stdout: there, as on anything that is no regular file, nothing can be continued and no sidecar is written.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from sca.errors import ScaError, UsageError
from sca.records.contract import Record
from sca.records.journal import Journal, Span, id_of, index, records_at
from sca.records.scrubbing import plain_data
from sca.records.sidecar import Sidecar, differences
from sca.records.stdout import STDOUT, is_stream, own_stdout, write_all
from sca.records.whole import behind
from sca.records.writing import line_of

R = TypeVar("R", bound=Record)


class Output(ABC, Generic[R]):
    """Lines being written to one place. Opened by `Output.open`, begun by `with`."""

    complete: bool = False
    """Whether an earlier run finished it. What is missing is to be told from `done` all the same."""

    @staticmethod
    def open(
        path: str | Path,
        kind: type[R],
        settings: Mapping[str, Any],
        *,
        force: bool = False,
        dry_run: bool = False,
        option: str = "-o",
    ) -> "Output[R]":
        """Look whether the file can be begun or continued, and keep others from writing it.

        `settings` are all that shapes a record: model, method, seed, environment and its content's hash; not the
        number of episodes, the concurrency or the path, so that a file can be extended. With `dry_run` nothing on the
        disk changes, and nothing can be written. `option` is the one that names the file. Raises `UsageError` where
        the file was made otherwise, is being written or cannot be, and `BadInput` where it holds broken lines.
        """
        if is_stream(path):
            return _Stream(str(path))
        file = Path(path)
        if file.is_dir():
            raise UsageError(f"{path} is a folder; name a file")
        if file.is_symlink():
            file = behind(file)
        sidecar = Sidecar(file, settings)
        if dry_run:
            return _Glance(file, kind, sidecar, option, force=force)
        return _File(file, kind, sidecar, option, force=force)

    @property
    @abstractmethod
    def done(self) -> AbstractSet[str]:
        """Ids that are there: of an earlier run with the same settings, and of what was written since."""

    def __enter__(self) -> Self:
        """Begin: the sidecar is on disk from here on."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Let go. What was not finished can be continued."""

    @abstractmethod
    def write(self, record: R) -> None:
        """Write one line, whole or not at all. Raises `ValueError` for an id that is there already."""

    def records(self) -> Iterator[R]:
        """What is there, read back from the disk one by one; nothing of a stream."""
        return iter(())

    def note(self, **facts: Any) -> None:
        """Add top-level fields to the sidecar: `model`, `environment`, `limits`, …; credentials are left out."""

    def finish(
        self,
        *,
        counts: Mapping[str, Any],
        timings: Mapping[str, Any] | None = None,
        complete: bool = True,
        **facts: Any,
    ) -> None:
        """Put the lines in the order of their ids and write the sidecar.

        With `complete=False` (the machinery failed some) only the sidecar: the same command does the rest. `timings`
        gets `seconds`, the wall time of all runs that this file took.
        """


class _File(Output[R]):
    """A file with its sidecar."""

    def __init__(self, path: Path, kind: type[R], sidecar: Sidecar, option: str, *, force: bool) -> None:
        self.path = path
        self._sidecar = sidecar
        self._journal = Journal(path, kind)
        try:
            self._fresh = force or not _agrees(path, sidecar, option)
            if not self._fresh:
                sidecar.close_runs(path.stat().st_mtime)
                self._journal.scan()
        except BaseException:
            self._journal.close()
            raise
        self.complete = not self._fresh and sidecar.complete
        self._began: float | None = None

    @property
    def done(self) -> AbstractSet[str]:
        return set() if self._fresh else self._journal.spans.keys()

    def __enter__(self) -> Self:
        try:
            if self._fresh:
                self._journal.empty()  # first, for an empty file is begun afresh whatever its sidecar says
                self._fresh = False
            if not self.complete:
                self._begin()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if self._began is not None and self._run["seconds"] is None:
                self._end()
                self._save()
        finally:
            self._leave()

    def _leave(self) -> None:
        try:
            if self._journal.made and not self._journal.size and not self.complete:
                self._sidecar.remove()
                self.path.unlink(missing_ok=True)
        finally:
            self._journal.close()

    def write(self, record: R) -> None:
        name = id_of(record)
        if name in self._journal.spans:
            raise ValueError(f"{name} is in {self.path} already")
        self._begin()
        self._journal.append(name, line_of(record))
        self._run["lines"] += 1

    def records(self) -> Iterator[R]:
        return self._journal.records()

    def note(self, **facts: Any) -> None:
        self._sidecar.note(**facts)
        if self._began is not None:
            self._save()

    def finish(
        self,
        *,
        counts: Mapping[str, Any],
        timings: Mapping[str, Any] | None = None,
        complete: bool = True,
        **facts: Any,
    ) -> None:
        if self.complete and self._sidecar.counts == plain_data(counts):
            return  # nothing was written since it was finished
        if complete:
            self._journal.sort()
        if self._began is not None:
            self._end()
        seconds = sum(run["seconds"] for run in self._sidecar.runs)
        self._sidecar.note(counts=counts, timings={"seconds": round(seconds, 3), **(timings or {})}, **facts)
        self._sidecar.complete = self.complete = complete
        self._save()

    def _begin(self) -> None:
        """Tell the disk that a run is under way; a complete file is left alone until there is something to add."""
        if self._began is not None:
            return
        self._began = time.monotonic()
        self._run: dict[str, Any] = {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": None,  # until it ends
            "lines": 0,
        }
        self._sidecar.runs.append(self._run)
        self._sidecar.complete = self.complete = False
        self._save()

    def _end(self) -> None:
        self._run["seconds"] = round(time.monotonic() - (self._began or 0.0), 3)

    def _save(self) -> None:
        self._sidecar.save()


class _Glance(Output[R]):
    """A file that is only looked at: `--dry-run`."""

    def __init__(self, path: Path, kind: type[R], sidecar: Sidecar, option: str, *, force: bool) -> None:
        self._path, self._kind = path, kind
        self._spans: dict[str, Span] = {}
        if not force and _agrees(path, sidecar, option):
            with path.open("rb") as file:
                self._spans = index(file, kind, path)[0]
            self.complete = sidecar.complete

    @property
    def done(self) -> AbstractSet[str]:
        return self._spans.keys()

    def write(self, record: R) -> None:
        raise TypeError(f"{self._path} is only looked at")

    def records(self) -> Iterator[R]:
        return records_at(self._path, self._spans.values(), self._kind) if self._spans else iter(())


class _Stream(Output[R]):
    """Stdout or a pipe: each line goes on its way."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._done: set[str] = set()
        self._stack = ExitStack()

    @property
    def done(self) -> AbstractSet[str]:
        return self._done

    def __enter__(self) -> Self:
        self._to = self._stack.enter_context(
            own_stdout() if self._path in STDOUT else Path(self._path).open("wb", buffering=0)
        )
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def write(self, record: R) -> None:
        name = id_of(record)
        if name in self._done:
            raise ValueError(f"{name} was written already")
        try:
            write_all(self._to, line_of(record))
        except BrokenPipeError:  # the reader has had enough; the command line ends in silence
            raise
        except OSError as error:
            raise ScaError(f"cannot write {self._path}: {error.strerror}") from error
        self._done.add(name)


def _agrees(path: Path, sidecar: Sidecar, option: str) -> bool:
    """Whether there is something to go on with. Raises `UsageError` where it was made otherwise."""
    if not path.exists() or not path.stat().st_size:
        return False
    held = sidecar.load()
    if held is None:
        raise UsageError(
            f"{path} is there, and no {sidecar.path.name} beside it says how it was made; "
            f"name another file with {option}, or begin it afresh with --force"
        )
    if different := differences(held["settings"], sidecar.settings):
        raise UsageError(
            f"{path} was made with other settings; name another file with {option}, or begin it afresh with "
            "--force:\n" + "\n".join(f"  {line}" for line in different)
        )
    sidecar.go_on(held)
    return True
