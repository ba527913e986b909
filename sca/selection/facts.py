"""What a condition may ask of a record: facts of an attempt and of its task's other attempts, or of a task."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from sca.records.contract import JudgedTask, Task, Trajectory
from sca.selection.language import Fact

ATTEMPT = {
    "id": "the attempt's id",
    "task": "its task's id",
    "environment": "name of the environment",
    "family": "the task's family",
    "model": "who acted",
    "run": "the run's hash",
    "attempt": "its number at the task, from 0",
    "reward": "0 or 1",
    "outcome": "success, failure, out_of_turns, out_of_context or malformed",
    "answer": "the answer's text",
    "turns": "turns of the agent",
    "calls": "tool calls",
    "errors": "tool calls that were refused",
    "tokens": "tokens that the agent sampled",
    "prompt_tokens": "tokens of all its prompts",
    "avg": "mean reward of all attempts at its task in the files",
    "attempts": "number of these attempts",
    "successes": "how many of them succeeded",
    "best": "whether it is its task's best: highest reward, then fewest turns, then fewest tokens",
}
TASK = {
    "id": "the task's id",
    "environment": "name of the environment",
    "family": "its family",
    "start": "what the challenger began from",
    "instruction": "its text",
    "handed_in": "whether it has code",
    "failure_cases": "number of failure cases",
    "turns": "turns of the challenger",
    "model": "the challenger's model",
    "valid": "whether it passed every check",
    "reason": "why it was rejected",
    "seconds": "how long the checks took",
}
"""A validated task has besides what `verdict.quality` holds: mutation_score, duplicate_of, …"""

Kept = Task | Trajectory


def names(records: Sequence[Kept]) -> set[str]:
    """What may be asked of these records, which are all attempts or all tasks."""
    if not records:  # nobody can tell of what
        return ATTEMPT.keys() | TASK.keys()
    if any(isinstance(record, Trajectory) for record in records):
        return set(ATTEMPT)
    quality = {name for task in records if isinstance(task, JudgedTask) for name in task.verdict.quality}
    return set(TASK) | quality


def group(record: Kept) -> tuple[str, str]:
    """What belongs to one task: attempts go by the task's id; a task is its own group."""
    return record.environment, record.task_id if isinstance(record, Trajectory) else record.id


def facts_of(records: Sequence[Kept]) -> Iterator[dict[str, Fact]]:
    """Of each record in turn."""
    members: dict[tuple[str, str], list[Trajectory]] = defaultdict(list)
    for record in records:
        if isinstance(record, Trajectory):
            members[group(record)].append(record)
    of_task: dict[tuple[str, str], dict[str, Fact]] = {
        key: {
            "avg": fmean(attempt.reward for attempt in attempts),
            "attempts": len(attempts),
            "successes": sum(attempt.reward for attempt in attempts),
        }
        for key, attempts in members.items()
    }
    best = {id(min(attempts, key=rank)) for attempts in members.values()}
    for record in records:
        if isinstance(record, Trajectory):
            yield {**_attempt(record), **of_task[group(record)], "best": id(record) in best}
        else:
            yield _task(record)


def rank(attempt: Trajectory) -> tuple[Any, ...]:
    """Orders attempts, the best first; ids and runs settle what is left, so that it never depends on the file."""
    return (-attempt.reward, turns(attempt), attempt.usage.get("completion_tokens", 0), attempt.id, attempt.run or "")


def turns(attempt: Trajectory) -> int:
    """How often the agent spoke."""
    return sum(message.role == "assistant" for message in attempt.messages)


def _attempt(attempt: Trajectory) -> dict[str, Fact]:
    return {
        "id": attempt.id,
        "task": attempt.task_id,
        "environment": attempt.environment,
        "family": attempt.family,
        "model": attempt.model,
        "run": attempt.run,
        "attempt": attempt.attempt,
        "reward": attempt.reward,
        "outcome": attempt.outcome,
        "answer": attempt.answer,
        "turns": turns(attempt),
        "calls": len(attempt.calls),
        "errors": sum(call.error is not None for call in attempt.calls),
        "tokens": attempt.usage.get("completion_tokens"),
        "prompt_tokens": attempt.usage.get("prompt_tokens"),
    }


def _task(task: Task) -> dict[str, Fact]:
    verdict = task.verdict if isinstance(task, JudgedTask) else None
    quality = verdict.quality if verdict else {}
    return {
        **{name: _fact(value) for name, value in quality.items()},
        "id": task.id,
        "environment": task.environment,
        "family": task.family,
        "start": task.start,
        "instruction": task.instruction,
        "handed_in": task.evaluation_function is not None,
        "failure_cases": None if task.failure_cases is None else len(task.failure_cases),
        "turns": task.origin.get("turns"),
        "model": task.origin.get("model"),
        "valid": verdict.valid if verdict else None,
        "reason": verdict.reason if verdict else None,
        "seconds": verdict.seconds if verdict else None,
    }


def _fact(value: Any) -> Fact:
    """Several words (`flags`, `not_grounded` …) are one text, in which `'lenient' in flags` looks; none are None."""
    if isinstance(value, list | dict):
        return ", ".join(map(str, value)) or None
    fact: Fact = value
    return fact
