"""A whole task file in TauBench's form, and its replay by the command line."""

import json
from pathlib import Path
from typing import Any

from forked import sca


def write_task_file(folder: Path, tasks: list[list[tuple[str, dict[str, Any]]]]) -> Path:
    """Write the actions of each task as its authors would."""
    text = "from tau_bench.types import Action, Task\n\nTASKS_TEST = [\n"
    for index, actions in enumerate(tasks):
        written = ",\n            ".join(f"Action(name={name!r}, kwargs={kwargs!r})" for name, kwargs in actions)
        text += (
            f"    Task(\n        annotator='{index}',\n        user_id='x',\n        instruction='Task {index}.',\n"
            f"        actions=[\n            {written},\n        ],\n        outputs=['{index}.5', 'Yes'],\n    ),\n"
        )
    path = folder / "tasks_test.py"
    path.write_text(text + "]\n", encoding="utf-8")
    return path


def evaluate(env: str, data: Path, tasks: Path, agent: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The attempts of an agent that asks no model, with their official reward, and the summary."""
    out = tasks.with_name(f"{agent}.jsonl")
    sca(
        Path.cwd(), "eval", "--env", env, "--data", str(data), "--tasks", str(tasks), "--reward", "official",
        "--agent", agent, "--trials", "1", "--state-changes", "-o", str(out),
    )  # fmt: skip
    attempts = [json.loads(line) for line in out.read_text(encoding="utf-8").split("\n")[:-1]]
    return attempts, json.loads(out.with_name(f"{agent}.summary.json").read_text(encoding="utf-8"))
