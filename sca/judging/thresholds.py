"""What is held against a task by the numbers beside its verdict, and which of that keeps it out."""

from dataclasses import asdict, dataclass
from typing import Any

from sca.records.contract import JudgedTask

OBJECTIONS = ("lenient", "not_grounded", "over_strict", "duplicate")


@dataclass(frozen=True)
class Thresholds:
    """Demands beyond the verdict. A number that is null is never held against a task."""

    min_mutation_score: float | None = None
    require_grounded: bool = False
    require_tolerant: bool = False
    drop_duplicates: bool = False

    @property
    def any(self) -> bool:
        """Whether anything is asked for."""
        return self != Thresholds()

    def objections(self, task: JudgedTask) -> list[str]:
        """Those of `OBJECTIONS` that the task meets with."""
        quality = task.verdict.quality
        score = quality.get("mutation_score")
        lenient = self.min_mutation_score is not None and score is not None and score < self.min_mutation_score
        held = (
            lenient,
            self.require_grounded and quality.get("grounded") is False,
            self.require_tolerant and quality.get("tolerant") is False,
            self.drop_duplicates and quality.get("duplicate_of") is not None,
        )
        return [name for name, applies in zip(OBJECTIONS, held, strict=True) if applies]

    def asdict(self) -> dict[str, Any]:
        """For a sidecar."""
        return asdict(self)


STRICTEST = Thresholds(1.0, require_grounded=True, require_tolerant=True, drop_duplicates=True)
"""What `flags` in a record and the summary go by. One accepted mutant is one way to be paid for the wrong thing,
one guess that the check insists on is one that an executor cannot but lose by chance."""
