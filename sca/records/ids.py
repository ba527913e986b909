"""Names of tasks and attempts, the order they sort in, and the random seeds that follow from them.

An id says what made it: `retail-3fa9c1-000012` is the 12th episode in retail under the settings that hash to
3fa9c1, and `-a3` its third attempt. So files of two models or two rounds can be concatenated.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from sca.records.contract import Task
from sca.records.scrubbing import plain_data, scrub

SortKey = tuple[tuple[bool, int, str], ...]


def settings_hash(settings: Mapping[str, Any]) -> str:
    """6 hex digits of the settings; neither the order of names nor a credential changes them."""
    text = json.dumps(scrub(plain_data(settings)), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:6]


def task_id(environment: str, settings: str, index: int) -> str:
    """`retail-3fa9c1-000012` of an environment, a settings' hash and an index from 0."""
    return f"{environment}-{settings}-{index:06d}"


def attempt_id(task: str, attempt: int) -> str:
    """`retail-3fa9c1-000012-a3` of a task's id and an attempt's index from 0."""
    return f"{task}-a{attempt}"


def task_hash(task: Task) -> str:
    """12 hex digits of what a task asks, checks and holds for solved; an attempt is one at this text only."""
    parts: list[Any] = [task.environment, task.family, task.instruction, task.evaluation_function, task.solution]
    if task.actions is not None or task.outputs is not None:
        parts += [[action.model_dump() for action in task.actions or ()], task.outputs]
    if task.expected_output is not None:
        parts.append(task.expected_output)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def seed_for(run_seed: int, record_id: str, turn: int) -> int:
    """64 bits (0 to 2**64 - 1) from the run's seed, an id and a turn, and from nothing else.

    So the batch, the machine's load and a restart change no sampled token.
    """
    digest = hashlib.sha256(f"{run_seed}\0{record_id}\0{turn}".encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:8], "big")


def natural(text: str) -> SortKey:
    """A sort key under which `a2` comes before `a10`."""
    parts = re.split(r"([0-9]+)", text)
    return tuple(_part(part) for part in parts if part)


def _part(part: str) -> tuple[bool, int, str]:
    # Digits compare by length, then as text: an id of a million digits is never turned into a number.
    if part[0] in "0123456789":
        digits = part.lstrip("0")
        return (False, len(digits), digits)
    return (True, 0, part)
