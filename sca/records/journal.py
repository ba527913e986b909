"""A file of lines that grows: locked, appended to a whole line at a time, and put in order by one rename.

Knows bytes, ids and places; not settings. A process may be killed at any moment: then at most the last line is torn,
and nobody else ever sees half of a rename.
"""

import errno
import fcntl
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from sca.errors import BadInput, ScaError, UsageError
from sca.records.contract import Record
from sca.records.ids import natural
from sca.records.reading import Line, each_line

R = TypeVar("R", bound=Record)
Span = tuple[int, int]

_log = logging.getLogger(__name__)


class Journal(Generic[R]):
    """A locked file and where in it each id stands. Only one process at a time has it."""

    def __init__(self, path: Path, kind: type[R]) -> None:
        """Lock the file, making it where there is none. Raises `UsageError` where that cannot be."""
        self.path = path
        self._kind = kind
        self.made = not path.exists()
        self._file = locked(path)
        self.spans: dict[str, Span] = {}
        self.size = os.fstat(self._file).st_size

    def scan(self) -> None:
        """Find out which ids are there, and cut off a torn last line. Raises `BadInput` for lines that are broken."""
        with open(self._file, "rb", closefd=False) as file:
            file.seek(0)
            self.spans, last = index(file, self._kind, self.path)
        if last is None or last.whole:
            return
        if last.torn:
            _log.warning("%s: cut off its last line, which was torn (%d bytes)", self.path, last.end - last.start)
            os.ftruncate(self._file, last.start)
            self.size = last.start
        elif last.record is not None:  # torn just before its newline
            os.write(self._file, b"\n")
            self.size = last.end + 1
            self.spans[id_of(last.record)] = (last.start, self.size)

    def empty(self) -> None:
        """Forget all lines."""
        os.ftruncate(self._file, 0)
        self.spans, self.size = {}, 0

    def append(self, name: str, line: bytes) -> None:
        """Write a line, newline included, whole or not at all. Raises `ScaError` where the disk is full."""
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except BaseException as error:
            os.ftruncate(self._file, self.size)
            if isinstance(error, OSError):
                raise ScaError(f"cannot write {self.path}: {error.strerror}; the same command goes on") from error
            raise
        self.spans[name] = (self.size, self.size + len(line))
        self.size += len(line)

    def records(self) -> Iterator[R]:
        """The records that are there, read from the disk one by one."""
        for start, end in list(self.spans.values()):
            yield self._kind.model_validate_json(os.pread(self._file, end - start, start))

    def sort(self) -> None:
        """Put the lines in the order of their ids by one rename."""
        order = sorted(self.spans, key=lambda name: (natural(name), name))
        if order == list(self.spans):
            os.fsync(self._file)
            return
        aside = self.path.with_name(self.path.name + ".tmp")
        try:
            aside.unlink(missing_ok=True)  # of a run that was killed
            self._become(locked(aside), order, aside)
        except OSError as error:
            raise ScaError(f"cannot put {self.path} in order: {error.strerror}; the same command goes on") from error

    def _become(self, fresh: int, order: list[str], aside: Path) -> None:
        """Copy the lines to a file that is locked already, lest another command come in between, and rename it."""
        at, spans = 0, {}
        try:
            os.fchmod(fresh, os.fstat(self._file).st_mode & 0o777)
            with open(fresh, "wb", closefd=False) as file:
                for name in order:
                    start, end = self.spans[name]
                    file.write(os.pread(self._file, end - start, start))
                    spans[name] = (at, at + end - start)
                    at += end - start
            os.fsync(fresh)
            aside.replace(self.path)
        except BaseException:
            os.close(fresh)
            aside.unlink(missing_ok=True)
            raise
        os.close(self._file)
        self._file, self.spans, self.size = fresh, spans, at
        _sync(self.path.parent)

    def close(self) -> None:
        """Let go of the file and of its lock."""
        os.close(self._file)


def index(file: BinaryIO, kind: type[R], path: Path) -> tuple[dict[str, Span], Line[R] | None]:
    """Where each id stands, and the last line, which may be torn. Raises `BadInput` for broken lines before it."""
    spans: dict[str, Span] = {}
    bad: list[str] = []
    line: Line[R] | None = None
    for line in each_line(file, kind):
        if line.record is None:
            bad += [f"{path}, line {line.number}: {problem}" for problem in line.problems if not line.torn]
            continue
        name = id_of(line.record)
        if name in spans:
            bad.append(f"{path}, line {line.number}: id: comes twice")
        spans[name] = (line.start, line.end)
    if bad:
        raise BadInput(
            bad, hint="mend or remove these lines to go on with this file, or begin it afresh with --force"
        )
    return spans, line


def records_at(path: Path, spans: Iterable[Span], kind: type[R]) -> Iterator[R]:
    """The records that stand at these places of a file that is not locked."""
    with path.open("rb") as file:
        for start, end in spans:
            file.seek(start)
            yield kind.model_validate_json(file.read(end - start))


def id_of(record: Record) -> str:
    """The id, which every record that an output holds must have."""
    own: object = getattr(record, "id", None)
    if not isinstance(own, str):
        raise TypeError(f"{type(record).__name__} has no id")
    return own


def locked(path: Path, shown: Path | None = None) -> int:
    """Open a file for appending and lock it. Raises `UsageError`, which calls it `shown`, where it cannot be had."""
    shown = shown or path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            if _lock(file, shown) and is_at(file, path):
                return file
            os.close(file)  # another command renamed it in between: this is no longer the file of that name
    except OSError as error:
        raise UsageError(f"cannot write {shown}: {error.strerror}") from error


def _lock(file: int, path: Path) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise UsageError(f"{path} is being written by another command; wait for it, or name another file") from error
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        _log.warning("%s: this file system has no locks; let only one command at a time write it", path)
    return True


def is_at(file: int, path: Path) -> bool:
    """Whether an open file is the one of that name."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _sync(folder: Path) -> None:
    """See to it that a rename in this folder outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
