"""What can be trained on: attempts, and challengers' episodes, whose reward is the verdict on the task they wrote."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from sca.records.contract import Message, Record, Segment, Trajectory, Verdict
from sca.records.reading import Reading, read


class _Origin(Record):
    messages: list[Message]
    model: str | None = None
    tokens: list[Segment] | None = None


class _Episode(Record):
    """A judged task, as far as it says how it was written."""

    id: str
    environment: str
    family: str | None = None
    start: str | None = None
    verdict: Verdict
    origin: _Origin

    def attempt(self) -> Trajectory:
        """Episodes from one start are attempts at one task: to write a valid one."""
        return Trajectory(
            id=self.id,
            task_id=f"challenger:{self.environment}:{self.start or self.id}",
            environment=self.environment,
            family=self.family,
            attempt=0,
            reward=1 if self.verdict.valid else 0,
            outcome="success" if self.verdict.valid else "failure",
            detail=self.verdict.reason,
            messages=self.origin.messages,
            model=self.origin.model,
            tokens=self.origin.tokens,
        )


class _Trainable(Record):
    """An attempt, or a judged task as one."""

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **how: Any) -> Any:
        """Raises pydantic's `ValidationError`, or `ValueError` for a task without a verdict."""
        try:
            return Trajectory.model_validate_json(json_data, **how)
        except ValidationError:
            if not _is_task(json_data):
                raise
        if "verdict" not in from_json(json_data):
            raise ValueError("verdict: is missing; `sca validate` judges tasks")
        return _Episode.model_validate_json(json_data, **how).attempt()


def _is_task(json_data: str | bytes | bytearray) -> bool:
    try:
        fields = from_json(json_data)
    except ValueError:
        return False
    return isinstance(fields, dict) and "instruction" in fields and not {"task_id", "reward"} & fields.keys()


def trainable(path: Path, *, skip_bad_lines: bool = False) -> Reading[Any]:
    """The attempts of a file, those of challengers at writing a valid task included. Raises as `read` does."""
    return read(path, _Trainable, skip_bad_lines=skip_bad_lines)
