"""Part b: what each filter lets through, against an oracle that knows the right answer. Nothing is trained.

The paper's Figure 4 in miniature. An attempt is
a true positive  when its task's check rewards it and its answer is right,
a false positive when it is rewarded and wrong,
a false negative when it is right and not rewarded,
where right is what `experiments.oracle` reads out of the *instruction*. Attempts at instructions that it cannot
read are counted apart.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.oracle import Reading, read
from sca.judging.estimates import bootstrap
from sca.judging.figures import rounded
from sca.judging.funnel import admits
from sca.records.contract import JudgedTask, Trajectory

KINDS = ("true_positive", "false_positive", "false_negative", "true_negative", "unread")


def _quality(name: str, wanted: Any) -> Callable[[JudgedTask], bool]:
    return lambda task: admits("full", task) and task.verdict.quality.get(name) == wanted


VARIANTS: Mapping[str, Callable[[JudgedTask], bool]] = {
    "none": lambda task: admits("none", task),
    "verifier": lambda task: admits("verifier", task),
    "solution": lambda task: admits("solution", task),
    "full": lambda task: admits("full", task),
    "full, mutation score 1": _quality("mutation_score", 1.0),
    "full, grounded": _quality("grounded", True),
    "full, tolerant": _quality("tolerant", True),
    "full, no duplicate": _quality("duplicate_of", None),
}
"""The paper's four, and what the numbers beside the verdict add."""


@dataclass(frozen=True)
class Judged:
    """A task with its attempts, and what its instruction asks as far as the oracle can read it."""

    task: JudgedTask
    attempts: Sequence[Trajectory]
    reading: Reading | None

    @property
    def sound(self) -> bool:
        """Whether the check compares with the answer that the instruction asks for."""
        if self.reading is None or (expected := expected_of(self.task)) is None:
            return False
        (value,) = expected
        return self.reading.right(value if isinstance(value, str) else repr(value))

    def kinds(self) -> Counter[str]:
        """How many of its attempts are of which kind."""
        return Counter(self._kind(attempt) for attempt in self.attempts)

    def _kind(self, attempt: Trajectory) -> str:
        if self.reading is None:
            return "unread"
        right = self.reading.right(attempt.answer)
        if attempt.reward:
            return "true_positive" if right else "false_positive"
        return "false_negative" if right else "true_negative"


def judged(tasks: Iterable[JudgedTask], attempts: Iterable[Trajectory]) -> list[Judged]:
    """Tasks that were attempted, in their order."""
    of_task: dict[str, list[Trajectory]] = {}
    for attempt in attempts:
        of_task.setdefault(attempt.task_id, []).append(attempt)
    return [
        Judged(task, of_task[task.id], read(task.instruction or "", task.family or ""))
        for task in tasks
        if task.id in of_task
    ]


def expected_of(task: JudgedTask) -> tuple[Any] | None:
    """What `same(answer, …)` compares with, where the check is nothing but that."""
    try:
        statements = ast.parse(task.evaluation_function or "").body
    except (SyntaxError, ValueError):
        return None
    match statements:
        case [
            ast.FunctionDef(
                body=[ast.Return(value=ast.Call(func=ast.Name(id="same"), args=[ast.Name(id="answer"), value]))]
            )
        ]:
            try:
                return (ast.literal_eval(value),)
            except ValueError:
                return None
    return None


def table(rows: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """Of each variant: tasks, their sound share, attempts by kind (shares with intervals over tasks), rewards."""
    return {name: _row([row for row in rows if admitted(row.task)]) for name, admitted in VARIANTS.items()}


def _row(rows: Sequence[Judged]) -> dict[str, Any]:
    if not rows:
        return {"tasks": 0}
    kinds = [row.kinds() for row in rows]
    shares = {kind: rounded(bootstrap([counted[kind] / counted.total() for counted in kinds])) for kind in KINDS}
    return {
        "tasks": len(rows),
        "read": sum(row.reading is not None for row in rows),
        "sound": rounded(bootstrap([float(row.sound) for row in rows])),
        "attempts": sum(counted.total() for counted in kinds),
        **shares,
        "precision": _precision(kinds),
        "successes": _distribution(rows),
    }


def _precision(kinds: Sequence[Counter[str]]) -> float | None:
    """Of the rewarded attempts at instructions that can be read, the share that is right."""
    right = sum(counted["true_positive"] for counted in kinds)
    rewarded = right + sum(counted["false_positive"] for counted in kinds)
    return round(right / rewarded, 6) if rewarded else None


def _distribution(rows: Sequence[Judged]) -> list[int]:
    """Tasks with 0, 1, 2 … successes."""
    most = max(len(row.attempts) for row in rows)
    counted = Counter(int(sum(attempt.reward for attempt in row.attempts)) for row in rows)
    return [counted[number] for number in range(most + 1)]
