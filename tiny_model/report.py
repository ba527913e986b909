"""What the model can do, measured with the commands of `sca`: everything that it writes runs in containers."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from sca.judging.estimates import Tally, estimate, pass_at_k
from sca.records.contract import Task, Trajectory
from sca.records.reading import read
from tiny_model.programs import ENVIRONMENT
from tiny_model.settings import HELD_OUT

EPISODES = 300
TRIALS = 4


def measure(model: Path, work: Path) -> None:
    """Explore, validate, and attempt the fresh tasks, sampled and greedily; print the shares."""
    work.mkdir(parents=True, exist_ok=True)
    here = ["--model", str(model.resolve())]
    _sca(work, "explore", "--env", ENVIRONMENT, "-n", str(EPISODES), *here, "--force")
    _sca(work, "validate", "tasks.jsonl", "--force")
    print(f"valid: {_lines(work / 'validated.jsonl')} of {EPISODES} challenger episodes")
    for name, options in (
        ("sampled", ["--trials", str(TRIALS)]),
        ("greedy", ["--trials", "1", "--temperature", "0"]),
    ):
        out = f"{name}.jsonl"
        tasks = ["--tasks", str(HELD_OUT)]
        _sca(work, "eval", "--env", ENVIRONMENT, *tasks, *here, *options, "-o", out, "--force")
        for part, line in _shares(work / out).items():
            print(f"{name}, {part}: {line}")


def _sca(folder: Path, *arguments: str) -> None:
    """One command. It has said itself what is wrong where it fails."""
    if code := subprocess.run([sys.executable, "-m", "sca", *arguments], cwd=folder, check=False).returncode:
        raise SystemExit(code)


def _lines(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in file)


def _shares(results: Path) -> dict[str, str]:
    """pass@1 and pass@k of each part of the fresh tasks, and of each family."""
    parts = {task.id: _parts(task) for task in read(HELD_OUT, Task).records}
    rewards: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for attempt in read(results, Trajectory).records:
        for part in parts[attempt.task_id]:
            rewards[part][attempt.task_id].append(attempt.reward)
    return {part: _line([Tally(len(each), sum(each)) for each in of.values()]) for part, of in rewards.items()}


def _line(tallies: list[Tally]) -> str:
    k = tallies[0].trials
    values = [(size, estimate(tallies, size, pass_at_k)) for size in sorted({1, k})]
    figures = (f"pass@{n} {100 * e.value:.1f} [{100 * e.low:.1f}, {100 * e.high:.1f}]" for n, e in values)
    return f"{', '.join(figures)} ({len(tallies)} tasks)"


def _parts(task: Task) -> list[str]:
    """Seen or held-out wording, the sort of frame where it was held out, the family."""
    wording, frame = task.origin["wording"], task.origin["frame"]
    return [f"{wording} wording", *([f"{frame} wording"] if frame != wording else []), task.family or ""]
