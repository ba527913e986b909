"""Tasks as prompts for other trainers, with what a reward function of theirs needs to judge an attempt."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

from sca.errors import ScaError
from sca.records.contract import Task

Prompt = Callable[[Task], list[dict[str, str]]]


def rows_of(tasks: Sequence[Task], to: Literal["verl", "verifiers"], prompt: Prompt) -> list[dict[str, Any]]:
    """A row a task that was handed in. `prompt` makes the messages that an executor sees first.

    Of the task's code the prompt holds nothing. Raises `ScaError` where no task has any.
    """
    whole = [task for task in tasks if task.instruction is not None and task.evaluation_function is not None]
    if not whole:
        raise ScaError("there is nothing to export: no task has an instruction and an evaluation function")
    row = _verl if to == "verl" else _verifiers
    return [row(task, number, prompt(task)) for number, task in enumerate(whole)]


def _verl(task: Task, number: int, prompt: list[dict[str, str]]) -> dict[str, Any]:
    """The columns that verl's RL dataset documents; the check is what its reward function gets as ground truth."""
    return {
        "data_source": f"sca/{task.environment}",
        "prompt": prompt,
        "ability": task.family or task.environment,
        "reward_model": {"style": "rule", "ground_truth": task.evaluation_function},
        "extra_info": {"index": number, **_info(task)},
    }


def _verifiers(task: Task, number: int, prompt: list[dict[str, str]]) -> dict[str, Any]:
    """The columns of a verifiers dataset; `info` is JSON text, which it reads by itself."""
    info = {**_info(task), "evaluation_function": task.evaluation_function}
    return {"example_id": number, "prompt": prompt, "answer": "", "info": json.dumps(info, ensure_ascii=False)}


def _info(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "environment": task.environment,
        "family": task.family or "",
        "solution": task.solution or "",
    }
