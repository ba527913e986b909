"""How the reward of the model that ships goes, iteration by iteration, when PPO and GRPO train it online.

    .venv/bin/python benchmarks/online.py

The model writes tasks of calculation, the valid ones among the first are kept, and each iteration attempts all of
them eight times: so two iterations differ by the weights alone. The reward is that on the tasks trained on; held-out
tasks of the environment are attempted before and after. Needs a Docker engine; takes about twenty minutes on two
cores. The last line is JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from parts import machine

EPISODES = 160
TASKS = 40
ITERATIONS = 12
TRIES = 3
"""Of a command: a container may be lost on a busy machine."""


def main() -> None:
    """Make the tasks, train by each algorithm, and print each curve."""
    print(machine.about())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sca(folder, "explore", "--env", "calculation", "-n", str(EPISODES), "--seed", "11")
        sca(folder, "validate", "tasks.jsonl")
        valid = (folder / "validated.jsonl").read_text("utf-8").splitlines(keepends=True)
        (folder / "some.jsonl").write_text("".join(valid[:TASKS]), "utf-8")
        found: dict[str, Any] = {"tasks": len(valid[:TASKS]), "held_out": held_out(folder, "before")}
        for algo in ("grpo", "ppo"):
            found |= curve(folder, algo)
    print(json.dumps(found))


def curve(folder: Path, algo: str) -> dict[str, Any]:
    """Train by an algorithm; its figures."""
    sca(
        folder, "train", "--online", "--algo", algo, "--tasks", "some.jsonl", "--tasks-per-iteration", str(TASKS),
        "--iterations", str(ITERATIONS), "-o", algo,
    )  # fmt: skip
    lines = [json.loads(line) for line in (folder / f"{algo}.online" / "iterations.jsonl").read_text().splitlines()]
    for line in lines:
        print(
            f"{algo} {line['iteration']:2}: reward {line['reward']:.3f} [{line['reward_low']:.3f}, "
            f"{line['reward_high']:.3f}], kl {line['kl']:.4f}, entropy {line['entropy']:.3f}, "
            f"mismatch at most {line['mismatch_max']:.1e}"
        )
    return {
        f"{algo}_first": lines[0]["reward"],
        f"{algo}_last": lines[-1]["reward"],
        f"{algo}_best": max(line["reward"] for line in lines),
        f"{algo}_held_out": held_out(folder, algo, "--model", algo),
        f"{algo}_mismatch_max": max(line["mismatch_max"] or 0.0 for line in lines),
    }


def held_out(folder: Path, name: str, *model: str) -> float:
    """pass@1 on the environment's held-out tasks."""
    sca(folder, "eval", "--env", "calculation", *model, "-o", f"{name}.jsonl")
    value: float = json.loads((folder / f"{name}.summary.json").read_text())["pass@1"]["value"]
    return value


def sca(folder: Path, *arguments: str) -> None:
    """Run a command; what it says goes to stderr. Where the machinery failed it, the same command goes on."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "sca", *arguments]
    for left in reversed(range(TRIES)):
        done = subprocess.run(command, cwd=folder, check=not left, env=environment)
        if not done.returncode:
            return
        print(f"sca {arguments[0]} ended with {done.returncode}; once more", flush=True)


if __name__ == "__main__":
    main()
