"""How many tasks survive each check, and which variant of the filter admits a task."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sca.judging.verdict import CHECKS
from sca.records.contract import JudgedTask

Filter = Literal["none", "verifier", "solution", "full"]

_NEEDED: dict[Filter, tuple[str, ...]] = {
    "none": (),
    "verifier": ("parses", "evaluate_runs"),
    "solution": ("parses", "evaluate_runs", "solution_runs", "solution_passes"),
    "full": CHECKS,
}
"""The paper's four variants (its Figure 4) by the checks that they ask for; only `full` knows of no-ops."""


def admits(variant: Filter, task: JudgedTask) -> bool:
    """Whether a filter lets a task through. Something that can be asked and checked is needed by all of them."""
    if not (task.instruction or "").strip() or task.evaluation_function is None:
        return False
    return all(task.verdict.checks.get(check) is True for check in _NEEDED[variant])


@dataclass(frozen=True)
class Funnel:
    """Episodes, and what is left of them after each check."""

    episodes: int
    survivors: dict[str, int]
    """Check → tasks that passed it and all before it."""
    reasons: dict[str, int]
    """Reason → tasks rejected for it, the most frequent first."""

    def asdict(self) -> dict[str, Any]:
        """For a sidecar."""
        return {"episodes": self.episodes, "survivors": self.survivors, "reasons": self.reasons}


def funnel(tasks: Iterable[JudgedTask]) -> Funnel:
    """Count. Every task needs to have been judged by the same checks."""
    episodes = 0
    survivors = dict.fromkeys(CHECKS, 0)
    reasons: Counter[str] = Counter()
    for task in tasks:
        episodes += 1
        if task.verdict.reason is not None:
            reasons[task.verdict.reason] += 1
        for check in CHECKS:
            if task.verdict.checks.get(check) is not True:
                break
            survivors[check] += 1
    return Funnel(episodes, survivors, dict(reasons.most_common()))
