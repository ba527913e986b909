"""How difficult tasks are: the length of the example solution, which is how the paper measures it."""

import re
from collections.abc import Callable, Sequence
from statistics import quantiles
from typing import Any

from sca.records.contract import JudgedTask

_TOKEN = re.compile(r"\w+|[^\w\s]")
Measure = Callable[[JudgedTask], int | None]


def tokens(task: JudgedTask) -> int | None:
    """Words, numbers and signs of the solution's source."""
    return None if task.solution is None else len(_TOKEN.findall(task.solution))


def lines(task: JudgedTask) -> int | None:
    """Lines of the solution that are not empty."""
    return None if task.solution is None else sum(bool(line.strip()) for line in task.solution.splitlines())


def calls(task: JudgedTask) -> int | None:
    """Tool calls that the solution made, where it ran."""
    found = task.verdict.quality.get("solution_calls")
    return found if isinstance(found, int) else None


MEASURES: dict[str, Measure] = {"tokens": tokens, "lines": lines, "calls": calls}


def distribution(tasks: Sequence[JudgedTask]) -> dict[str, dict[str, Any]]:
    """For each measure how many tasks it is known of, mean, quartiles, least and most."""
    found: dict[str, dict[str, Any]] = {}
    for name, measure in MEASURES.items():
        found[name] = _spread([number for task in tasks if (number := measure(task)) is not None])
    return found


def _spread(values: list[int]) -> dict[str, Any]:
    if not values:
        return {"tasks": 0}
    low, middle, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {
        "tasks": len(values),
        "mean": round(sum(values) / len(values), 1),
        "least": min(values),
        "quartiles": [low, middle, high],
        "most": max(values),
    }
