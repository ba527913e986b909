"""Files of tasks: our own JSON Lines, TauBench's Python literals, TauBench 2's JSON. None is ever run or imported."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sca.errors import BadInput, UsageError
from sca.records.contract import Task
from sca.records.ids import task_id
from sca.records.reading import Reading, read

HINT = "mend these tasks, or go on without them with --skip-bad-lines"


@dataclass(frozen=True)
class Entry:
    """One task of a benchmark's file: the fields of ours, or what is wrong with it."""

    line: int
    """Where it begins, from 1."""
    fields: dict[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = ()
    """Each begins with `line N: FIELD: `."""


def is_official(path: str | Path) -> bool:
    """Whether a file is a benchmark's own: Python, or JSON that is one list."""
    path = Path(path)
    if path.suffix == ".py":
        return True
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def read_tasks(path: str | Path, environment: str | None, *, skip_bad_lines: bool = False) -> Reading[Task]:
    """The tasks of a file of any of the three kinds; `-` is JSON Lines from stdin.

    A benchmark's file does not say which environment its tasks are of, so that must be known. Raises `UsageError`
    where it is not or there is no such file, `BadInput` that names file, line and field of all that is wrong.
    """
    if not is_official(path):
        return read(path, Task, skip_bad_lines=skip_bad_lines)
    if environment is None:
        raise UsageError(f"{path} is a benchmark's own task file; say with --env which environment its tasks are of")
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    digest = hashlib.sha256(content).hexdigest()[:6]
    tasks: list[Task] = []
    bad: list[list[str]] = []
    for index, entry in enumerate(_entries(path, content)):
        if entry.problems:
            bad.append([f"{path}, {problem}" for problem in entry.problems])
            continue
        origin = entry.fields.pop("origin") | {"file": path.name, "index": index}
        tasks.append(
            Task(id=task_id(environment, digest, index), environment=environment, origin=origin, **entry.fields)
        )
    if bad and not skip_bad_lines:
        raise BadInput([problem for problems in bad for problem in problems], hint=HINT)
    return Reading(tasks, ["; ".join(problems) for problems in bad])


def _entries(path: Path, content: bytes) -> Iterator[Entry]:
    from sca.records import taubench, taubench2

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput([f"{path}, line {content[: error.start].count(10) + 1}: is not UTF-8"]) from None
    kind = taubench if path.suffix == ".py" else taubench2
    try:
        yield from kind.entries(text)
    except ValueError as error:  # the file as a whole
        raise BadInput([f"{path}, {error}"]) from None
