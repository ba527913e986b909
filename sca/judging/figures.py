"""From attempts to the figures that are published: tallies of tasks, and which estimates are made of them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sca.judging.estimates import Estimate, Statistic, Tally, estimate, pass_at_k, pass_hat_k
from sca.records.contract import Trajectory


def tally(attempts: Iterable[Trajectory], tasks: Iterable[str], trials: int) -> dict[str, Tally]:
    """Trials and successes of each task (by its id) that has all its trials."""
    rewards: dict[str, list[int]] = defaultdict(list)
    for attempt in attempts:
        rewards[attempt.task_id].append(attempt.reward)
    return {task: Tally(trials, sum(rewards[task])) for task in tasks if len(rewards.get(task, ())) == trials}


def statistics(trials: int) -> list[tuple[str, int, Statistic]]:
    """What is estimated from so many trials, by name: pass@1, and for several trials pass@k and pass^k of all."""
    wanted: list[tuple[str, int, Statistic]] = [("pass@1", 1, pass_at_k)]
    if trials > 1:
        wanted += [(f"pass@{trials}", trials, pass_at_k), (f"pass^{trials}", trials, pass_hat_k)]
    return wanted


def estimates(tallies: Sequence[Tally], trials: int) -> dict[str, Any]:
    """Each of them as {value, low, high}, or None where there is no task."""
    return {
        name: rounded(estimate(tallies, k, statistic)) if tallies else None
        for name, k, statistic in statistics(trials)
    }


def rounded(found: Estimate) -> dict[str, float]:
    """An estimate as {value, low, high}, for a summary."""
    return {field: round(value, 6) for field, value in asdict(found).items()}


def tasks_hash(tasks: Iterable[tuple[str, str | None]]) -> str:
    """12 hex digits of (id, task_hash) of all tasks, whatever their order: of what is asked and checked."""
    lines = sorted(f"{task} {content}\n" for task, content in tasks)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:12]
