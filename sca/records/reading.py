"""Reading JSONL files: every line is looked at before anything starts, and every bad one is named.

A bad line is named as `FILE, line 3: FIELD: what is wrong`. Empty lines, a byte order mark and Windows line ends
are read past in silence.
"""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar, cast

import jsonlines
from pydantic import ValidationError

from sca.errors import BadInput, UsageError
from sca.records.contract import Record
from sca.records.problems import not_json, problems

R = TypeVar("R", bound=Record)

LONGEST = 256 * 1024 * 1024
"""Bytes of a line; what is longer is no record of ours, and reading on would fill the memory."""


@dataclass(frozen=True)
class Reading(Generic[R]):
    """What a file held."""

    records: list[R]
    skipped: list[str] = field(default_factory=list)
    """A string for each line that was left out, with all its problems, ready to print."""


@dataclass(frozen=True)
class Line(Generic[R]):
    """One line that is not empty."""

    number: int
    """From 1, empty lines counted."""
    start: int
    """Where it begins, in bytes."""
    end: int
    """Where it ends, its newline included."""
    whole: bool
    """Whether it ends in a newline."""
    record: R | None
    problems: tuple[str, ...] = ()
    torn: bool = False
    """Whether it is the beginning of a line whose writer was interrupted."""


def read(path: str | Path, kind: type[R], *, skip_bad_lines: bool = False) -> Reading[R]:
    """Read the whole of a file, or of stdin where the path is `-`.

    An id may come twice only with two values of `run`. With `skip_bad_lines` bad lines are left out (of two of the
    same id, the second) and listed. Raises `UsageError` where there is no such file, `BadInput` with all problems.
    """
    records: list[R] = []
    bad: list[str] = []
    skipped: list[str] = []
    seen: dict[tuple[str, object], int] = {}
    with _opened(path) as (file, name):
        for line in each_line(file, kind):
            found = list(line.problems)
            if line.record is not None and (first := _twice(line.record, line.number, seen)):
                found = [f"id: is the same as on line {first}"]
            if line.record is not None and not found:
                records.append(line.record)
            if found:
                skipped.append(f"{name}, line {line.number}: {'; '.join(found)}")
            bad += [f"{name}, line {line.number}: {problem}" for problem in found]
    if bad and not skip_bad_lines:
        raise BadInput(bad, hint="mend these lines, or go on without them with --skip-bad-lines")
    return Reading(records, skipped)


def each_line(file: BinaryIO, kind: type[R]) -> Iterator[Line[R]]:
    """Every line of a file opened in binary that is not empty: its record, or what is wrong with it."""
    lines = _Lines(file)
    # The record is made by the parser itself, which knows where in the text a wrong value stands.
    reader = jsonlines.Reader(lines, loads=lambda text: parse(text, kind))
    while True:
        record: R | None = None
        found: list[str] = []
        torn = False
        try:
            record = cast(R, reader.read(skip_empty=True))
        except EOFError:
            return
        except jsonlines.InvalidLineError as error:
            torn = not lines.whole and not lines.too_long and _is_broken(error.__cause__)
            found = lines.too_long or _explain(error, torn)
        yield Line(lines.number, lines.start, lines.end, lines.whole, record, tuple(found), torn)


def parse(line: str | bytes, kind: type[R]) -> R:
    """One record from one line of JSON. Raises `ValueError`, as a rule pydantic's."""
    text = line.decode() if isinstance(line, bytes) else line
    record = kind.model_validate_json(text.rstrip("\r\n"), strict=True)
    if wrong := not_json(text):
        raise ValueError(wrong)
    return record


def identity(record: Record) -> tuple[str, object] | None:
    """What may come only once in a file: the id, and the run where the record says one; None without an id."""
    own = getattr(record, "id", None)
    return None if own is None else (own, str(getattr(record, "run", None)))


def one_stdin(files: Sequence[str | Path]) -> None:
    """Raise `UsageError` where `-` is named twice: the second time nothing would be left to read."""
    if sum(str(file) == "-" for file in files) > 1:
        raise UsageError("stdin can be read once; name `-` for one input only")


def refuse_repeated(files: Sequence[str | Path], readings: Sequence[Reading[R]]) -> None:
    """Raise `BadInput` where several files hold the same record: it would count more than once."""
    seen: dict[tuple[str, object], str | Path] = {}
    bad: list[str] = []
    for file, reading in zip(files, readings, strict=True):
        here = {key: record for record in reading.records if (key := identity(record)) is not None}
        bad += [f"{file}: {key[0]}: id: is in {seen[key]} too" for key in here if key in seen]
        seen |= dict.fromkeys(here, file)
    if bad:
        raise BadInput(bad, hint="name each file once, and leave out what is in another")


class _Lines:
    """The lines of a file, and where the last one stood."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = self.start = self.end = 0
        self.whole = True
        self.too_long: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        while line := self._file.readline(LONGEST):
            self.too_long = []
            self.number += 1
            self.start, self.end = self.end, self.end + len(line)
            self.whole = line.endswith(b"\n")
            if not self.whole and len(line) == LONGEST:
                self._read_past()
                line = b"too long"  # which is no JSON, so that the reader stops here
            yield line

    def _read_past(self) -> None:
        self.too_long = [f"is longer than {LONGEST // 2**20} MiB"]
        while more := self._file.readline(2**20):
            self.end += len(more)
            self.whole = more.endswith(b"\n")
            if self.whole:
                return


def _is_broken(cause: BaseException | None) -> bool:
    if isinstance(cause, ValidationError):
        return cause.errors(include_url=False)[0]["type"] == "json_invalid"
    return isinstance(cause, UnicodeDecodeError)


def _explain(error: jsonlines.InvalidLineError, torn: bool) -> list[str]:
    match error.__cause__:
        case ValidationError() as cause:
            found = list(problems(cause))
        case UnicodeDecodeError() as cause:
            found = [f"is not UTF-8: byte {cause.object[cause.start]:#04x} at position {cause.start + 1}"]
        case cause:
            found = [str(cause)]
    return [f"{problem} (the last line, without a newline: was it cut off?)" for problem in found] if torn else found


def _twice(record: Record, number: int, seen: dict[tuple[str, object], int]) -> int | None:
    key = identity(record)
    if key is None:
        return None
    first = seen.setdefault(key, number)
    return None if first == number else first


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[BinaryIO, str]]:
    if str(path) == "-":
        with suppress(OSError, io.UnsupportedOperation):  # it is no file
            os.set_blocking(sys.stdin.fileno(), True)  # else what has not come yet would be the end
        yield sys.stdin.buffer, "stdin"
        return
    try:
        with Path(path).open("rb") as file:
            yield file, str(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
