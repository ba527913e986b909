"""Reading records of whatever stage: each line tells by its fields what it is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from sca.errors import UsageError
from sca.records.contract import JudgedTask, Record, Task, Trajectory
from sca.records.reading import one_stdin, read, refuse_repeated

Gathered = list[Task] | list[Trajectory]


class _Either(Record):
    """A task, a judged task or an attempt."""

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **how: Any) -> Any:
        """The record of the kind that the line's fields tell. Raises pydantic's `ValidationError`."""
        kind: type[Record] = Task
        try:
            fields = from_json(json_data)
        except ValueError:
            fields = None  # the kind's own parser says what is wrong
        if isinstance(fields, dict):
            if "task_id" in fields or "reward" in fields:
                kind = Trajectory
            elif "verdict" in fields:
                kind = JudgedTask
        return kind.model_validate_json(json_data, **how)


def gather(
    files: Sequence[Path], *, skip_bad_lines: bool = False, left_out: Callable[[str], None] = lambda line: None
) -> Gathered:
    """All records of all files: attempts, or tasks. `left_out` hears of the lines that are skipped.

    Raises `BadInput` naming bad lines and records that come twice, `UsageError` where attempts and tasks are mixed.
    """
    one_stdin(files)
    readings = [read(file, _Either, skip_bad_lines=skip_bad_lines) for file in files]
    for reading in readings:
        for line in reading.skipped:
            left_out(line)
    refuse_repeated(files, readings)
    records: list[Any] = [record for reading in readings for record in reading.records]
    kinds = {isinstance(record, Trajectory) for record in records}
    if len(kinds) > 1:
        names = ", ".join(str(file) for file in files)
        raise UsageError(f"{names} hold attempts and tasks; say one kind at a time")
    return records
