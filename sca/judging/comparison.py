"""Two results side by side, over the tasks that both have."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sca.errors import BadInput, UsageError
from sca.judging.estimates import Tally, difference, estimate
from sca.judging.figures import rounded, statistics, tally
from sca.records.contract import Trajectory
from sca.records.reading import read
from sca.records.sidecar import beside

ALIKE = ("environments", "reward")
"""Settings that must be the same for figures to be comparable; models, prompts and sampling are what one compares."""


@dataclass(frozen=True)
class Result:
    """Attempts of `sca eval` or `sca rollout`, and what their sidecar says."""

    file: Path
    attempts: list[Trajectory]
    meta: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "Result":
        """Raises `ScaError` where the file or its sidecar cannot be read."""
        try:
            attempts = read(file, Trajectory).records
        except BadInput as bad:
            hint = "mend these lines; one that was cut off is made anew by the command that made the file"
            raise BadInput(bad.problems, hint=hint) from bad
        if not attempts:
            raise UsageError(f"{file} holds no attempts, so that nothing can be compared")
        place = beside(file.resolve())
        try:
            meta = json.loads(place.read_text("utf-8")) if place.is_file() else {}
        except ValueError as error:
            raise UsageError(f"{place} is not JSON: {error}") from error
        if not isinstance(meta, dict) or not all(isinstance(meta.get(n, {}), dict) for n in ("settings", "counts")):
            raise UsageError(f"{place} is not a sidecar of ours")
        return cls(file, attempts, meta)

    def about(self) -> dict[str, Any]:
        """For the head of a comparison."""
        return {"file": str(self.file), "model": self.model, "trials": self.trials, "tasks": len(self.tasks)}

    @property
    def model(self) -> str:
        """Who acted."""
        return ", ".join(dict.fromkeys(attempt.model or "unknown" for attempt in self.attempts))

    @property
    def settings(self) -> dict[str, Any]:
        """How it was made; empty where nobody knows."""
        return dict(self.meta.get("settings") or {})

    @cached_property
    def trials(self) -> int:
        """Attempts at each task: as many as were asked for, else the most that a task has."""
        asked = (self.meta.get("counts") or {}).get("trials")
        return int(asked or max(Counter(attempt.task_id for attempt in self.attempts).values()))

    @cached_property
    def tasks(self) -> dict[str, Trajectory]:
        """An attempt at each task, by the task's id."""
        return {attempt.task_id: attempt for attempt in self.attempts}

    @cached_property
    def tallies(self) -> dict[str, Tally]:
        """Of the tasks that have all their trials."""
        return tally([a for a in self.attempts if a.attempt < self.trials], self.tasks, self.trials)


def refuse_unlike(first: Result, second: Result) -> None:
    """Raise `UsageError` that says why the figures of two results do not compare."""
    for result in (first, second):
        if not result.settings:
            raise UsageError(
                f"no {beside(result.file).name} says how {result.file} was made; --force compares all the same"
            )
    problems = [
        f"  {name}: {json.dumps(first.settings.get(name))} in {first.file}, "
        f"{json.dumps(second.settings.get(name))} in {second.file}"
        for name in ALIKE
        if first.settings.get(name) != second.settings.get(name)
    ]
    shared = [task for task in first.tasks if task in second.tasks]
    changed = [task for task in shared if first.tasks[task].task_hash != second.tasks[task].task_hash]
    if changed:
        problems.append(f"  {len(changed)} tasks have another text or check under the same id, as {changed[0]}")
    if problems:
        raise UsageError(
            "these results are not of the same benchmark; --force compares all the same:\n" + "\n".join(problems)
        )


def compare(first: Result, second: Result) -> dict[str, Any]:
    """Each figure as {first, second, difference}, each {value, low, high}, over the tasks that are whole in both.

    `difference` is second less first with a paired interval. Raises `UsageError` where no task is whole in both.
    """
    both = [task for task in first.tallies if task in second.tallies]
    if not both:
        raise UsageError(f"{first.file} and {second.file} have no task in common that has all its trials in both")
    trials = min(first.trials, second.trials)
    families: dict[str, list[str]] = defaultdict(list)
    for task in both:
        if (family := first.tasks[task].family) is not None:
            families[family].append(task)
    changes = {task: _rate(second.tallies[task]) - _rate(first.tallies[task]) for task in both}
    return {
        "first": first.about(),
        "second": second.about(),
        "tasks_shared": len(both),
        "tasks_only_first": len(first.tasks.keys() - second.tasks.keys()),
        "tasks_only_second": len(second.tasks.keys() - first.tasks.keys()),
        "tasks_incomplete": len(first.tasks.keys() & second.tasks.keys()) - len(both),
        **_figures(first, second, both, trials),
        "families": {family: _figures(first, second, tasks, trials) for family, tasks in families.items()},
        "better": [task for task, change in changes.items() if change > 0],
        "worse": [task for task, change in changes.items() if change < 0],
    }


def _figures(first: Result, second: Result, tasks: Sequence[str], trials: int) -> dict[str, Any]:
    pairs = [(first.tallies[task], second.tallies[task]) for task in tasks]
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    return {
        name: {
            "first": rounded(estimate(ones, k, statistic)),
            "second": rounded(estimate(others, k, statistic)),
            "difference": rounded(difference(pairs, k, statistic)),
        }
        for name, k, statistic in statistics(trials)
    }


def _rate(of: Tally) -> float:
    return of.successes / of.trials
