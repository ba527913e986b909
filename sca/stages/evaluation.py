"""Evaluate: from attempts on held-out tasks to success rates with error bars."""

import ast
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from sca.errors import BadInput, ScaError
from sca.judging.estimates import Tally
from sca.judging.figures import estimates, tally, tasks_hash
from sca.records.contract import Task, Trajectory
from sca.records.ids import task_hash
from sca.records.stdout import is_stream
from sca.records.whole import behind


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


def summarise(
    attempts: Sequence[Trajectory], tasks: Sequence[Task], trials: int, tools: Mapping[str, Set[str]] | None = None
) -> dict[str, Any]:
    """The summary of an evaluation: coverage, then each estimate as {value, low, high} over tasks.

    Only tasks with all their trials count: an attempt that the machinery lost is missing, not a failure. An estimate
    is None where no task has all its trials. `tools`: task id → the tools that its solution calls (`tools_by_task`).
    """
    attempts = [attempt for attempt in attempts if attempt.attempt < trials]  # a file may hold more, asked for before
    tallies = tally(attempts, [task.id for task in tasks], trials)
    groups: dict[str, dict[str, list[str]]] = {
        "families": _grouped((task.family, task.id) for task in tasks),
        "tools": _grouped((tool, task) for task, names in (tools or {}).items() for tool in sorted(names)),
    }
    return {
        "tasks": len(tasks),
        "tasks_counted": len(tallies),
        "tasks_hash": tasks_hash((task.id, task_hash(task)) for task in tasks),
        "trials": trials,
        "attempts": len(attempts),
        "coverage": round(len(attempts) / (len(tasks) * trials), 6),
        "successes": sum(attempt.reward for attempt in attempts),
        "outcomes": dict(Counter(attempt.outcome for attempt in attempts)),
        "noop_passes": _noop_passes(attempts),
        **estimates(list(tallies.values()), trials),
        **_beside(attempts, tasks, trials),
        **{kind: _by_group(members, tallies, trials) for kind, members in groups.items()},
        "tool_calls": _calls(attempts),
        "completion_tokens": sum(attempt.usage.get("completion_tokens", 0) for attempt in attempts),
    }


def tools_by_task(tasks: Iterable[Task], known: Callable[[str | None], Set[str]]) -> dict[str, Set[str]]:
    """The tools that each task's solution or actions name; `known` gives those of a family.

    Of the solution and not of the attempts' calls, so that the tasks behind a figure are the same for every model.
    """
    return {task.id: _named(task) & known(task.family) for task in tasks}


def _named(task: Task) -> set[str]:
    return _names(task.solution or "") | {action.name for action in task.actions or ()}


def _beside(attempts: Sequence[Trajectory], tasks: Sequence[Task], trials: int) -> dict[str, Any]:
    """What an official reward is read with: our own, and how many tasks have which known defect."""
    if all(attempt.own_reward is None for attempt in attempts):
        return {}
    own = [attempt.model_copy(update={"reward": attempt.own_reward or 0}) for attempt in attempts]
    tallies = tally(own, [task.id for task in tasks], trials)
    defects = {attempt.task_id: attempt.defects or [] for attempt in attempts}
    return {
        "own": {
            "successes": sum(attempt.reward for attempt in own),
            "differs": sum(attempt.reward != attempt.own_reward for attempt in attempts),
            **estimates(list(tallies.values()), trials),
        },
        "defects": {task: found for task, found in defects.items() if found},
    }


def _noop_passes(attempts: Iterable[Trajectory]) -> int | None:
    """Tasks at which doing nothing is rewarded too; None where that was not worked out."""
    known = {attempt.task_id: attempt.noop_passes for attempt in attempts if attempt.noop_passes is not None}
    return sum(known.values()) if known else None


def _names(source: str) -> set[str]:
    """The names that a program reads. It is parsed, never run; one that does not parse names nothing."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _grouped(pairs: Iterable[tuple[str | None, str]]) -> dict[str, list[str]]:
    """Ids of tasks by group, without those of no group."""
    members: dict[str, list[str]] = defaultdict(list)
    for group, task in pairs:
        if group is not None:
            members[group].append(task)
    return dict(members)


def _by_group(groups: Mapping[str, Sequence[str]], tallies: Mapping[str, Tally], trials: int) -> dict[str, Any]:
    counted = {group: [tallies[task] for task in members if task in tallies] for group, members in groups.items()}
    return {
        group: {"tasks": len(groups[group]), "tasks_counted": len(found), **estimates(found, trials)}
        for group, found in counted.items()
        if found
    }


def _calls(attempts: Iterable[Trajectory]) -> dict[str, dict[str, int]]:
    """How often the attempts called each tool, and how often it refused."""
    made: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for attempt in attempts:
        made.update(call.name for call in attempt.calls)
        refused.update(call.name for call in attempt.calls if call.error is not None)
    return {name: {"calls": count, "refused": refused[name]} for name, count in sorted(made.items())}


def summary_path(results: Path) -> Path | None:
    """`results.summary.json` for `results.jsonl`; None for stdout."""
    if is_stream(results):
        return None
    return results.with_name(results.name.removesuffix(".jsonl") + ".summary.json")


def write_summary(path: Path, summary: dict[str, Any]) -> None:
    """Put it on disk in one piece, or into a pipe or a device. Raises `ScaError` where that cannot be."""
    place = behind(path)
    aside = place if is_stream(place) else place.with_name(place.name + ".tmp")
    try:
        aside.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if aside != place:
            aside.replace(place)
    except OSError as error:
        raise ScaError(f"cannot write {path}: {error.strerror}; the same command writes it again") from error
