"""Evaluate: from attempts on held-out tasks to success rates with error bars."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sca.errors import BadInput, ScaError
from sca.judging.estimates import Tally, estimate, pass_at_k, pass_hat_k
from sca.records.contract import Task, Trajectory
from sca.records.stdout import is_stream


def check_evaluable(tasks: Sequence[Task], file: str, environment: str) -> None:
    """Raise `ScaError` where there is nothing to measure, or not in this environment alone."""
    if not tasks:
        raise BadInput([f"{file}: holds no tasks, so that nothing can be measured"])
    if others := [
        f"{file}: {task.id}: environment: is {task.environment}, not {environment}"
        for task in tasks
        if task.environment != environment
    ]:
        raise BadInput(others)


def summarise(attempts: Sequence[Trajectory], tasks: Sequence[Task], trials: int) -> dict[str, Any]:
    """The summary of an evaluation: coverage, then each estimate as {value, low, high} over tasks.

    Only tasks with all their trials count: an attempt that the machinery lost is missing, not a failure. An estimate
    is None where no task has all its trials.
    """
    tallies = _tallies(attempts, tasks, trials)
    return {
        "tasks": len(tasks),
        "tasks_counted": len(tallies),
        "trials": trials,
        "attempts": len(attempts),
        "coverage": round(len(attempts) / (len(tasks) * trials), 6),
        "successes": sum(attempt.reward for attempt in attempts),
        "outcomes": dict(Counter(attempt.outcome for attempt in attempts)),
        **_estimates(list(tallies.values()), trials),
        "families": {
            family: _estimates([tallies[task.id] for task in members if task.id in tallies], trials)
            for family, members in _families(tasks).items()
            if any(task.id in tallies for task in members)
        },
        "completion_tokens": sum(attempt.usage.get("completion_tokens", 0) for attempt in attempts),
    }


def _tallies(attempts: Iterable[Trajectory], tasks: Iterable[Task], trials: int) -> dict[str, Tally]:
    rewards: dict[str, list[int]] = defaultdict(list)
    for attempt in attempts:
        rewards[attempt.task_id].append(attempt.reward)
    return {
        task.id: Tally(trials, sum(rewards[task.id])) for task in tasks if len(rewards.get(task.id, ())) == trials
    }


def _estimates(tallies: Sequence[Tally], trials: int) -> dict[str, Any]:
    wanted: list[tuple[str, int, Callable[[Tally, int], float]]] = [("pass@1", 1, pass_at_k)]
    if trials > 1:
        wanted += [(f"pass@{trials}", trials, pass_at_k), (f"pass^{trials}", trials, pass_hat_k)]
    if not tallies:
        return {name: None for name, _, _ in wanted}
    return {
        name: {field: round(value, 6) for field, value in asdict(estimate(tallies, k, statistic)).items()}
        for name, k, statistic in wanted
    }


def _families(tasks: Iterable[Task]) -> dict[str, list[Task]]:
    """Tasks by family, where there are families."""
    members: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        if task.family is not None:
            members[task.family].append(task)
    return dict(members)


def summary_path(results: Path) -> Path | None:
    """`results.summary.json` for `results.jsonl`; None for stdout."""
    if is_stream(results):
        return None
    return results.with_name(results.name.removesuffix(".jsonl") + ".summary.json")


def write_summary(path: Path, summary: dict[str, Any]) -> None:
    """Put it on disk in one piece. Raises `ScaError` where that cannot be."""
    aside = path.with_name(path.name + ".tmp")
    try:
        aside.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise ScaError(f"cannot write {path}: {error.strerror}; the same command writes it again") from error
