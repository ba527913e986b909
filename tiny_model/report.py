"""What the model can do, measured with the commands of `sca`: everything that it writes runs in containers."""

import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from sca.judging.estimates import Tally, estimate, pass_at_k
from sca.records.contract import Task, Trajectory
from sca.records.reading import read
from tiny_model import programs
from tiny_model.retail import shops
from tiny_model.settings import HELD_OUT, HELD_OUT_RETAIL

EPISODES = 300
TRIALS = 4


@dataclass(frozen=True)
class Place:
    """Where the model is measured."""

    environment: str
    fresh: Path
    data: tuple[str, ...] = ()
    user: tuple[str, ...] = ()


PLACES = (
    Place(programs.ENVIRONMENT, HELD_OUT),
    Place(shops.ENVIRONMENT, HELD_OUT_RETAIL, ("--data", str(shops.data())), ("--user", "scripted")),
)


def measure(model: Path, work: Path) -> None:
    """In each environment explore, validate, and attempt the fresh tasks, sampled and greedily; print the shares."""
    for place in PLACES:
        folder = work / "report" / place.environment
        folder.mkdir(parents=True, exist_ok=True)
        _measure(place, ["--model", str(model.resolve())], folder)


def _measure(place: Place, model: list[str], folder: Path) -> None:
    _sca(folder, "explore", "--env", place.environment, *place.data, "-n", str(EPISODES), *model, "--force")
    _sca(folder, "validate", "tasks.jsonl", *place.data, "--force")
    valid = _lines(folder / "validated.jsonl")
    print(f"{place.environment}: {valid} of {EPISODES} challenger episodes are valid tasks")
    tasks = ["--env", place.environment, *place.data, "--tasks", str(place.fresh), *place.user]
    for name, options in (
        ("sampled", ["--trials", str(TRIALS)]),
        ("greedy", ["--trials", "1", "--temperature", "0"]),
    ):
        _sca(folder, "eval", *tasks, *model, *options, "-o", f"{name}.jsonl", "--force")
        for part, line in _shares(folder / f"{name}.jsonl", place.fresh).items():
            print(f"{place.environment}, {name}, {part}: {line}")


def _sca(folder: Path, *arguments: str) -> None:
    """One command. It has said itself what is wrong where it fails."""
    if code := subprocess.run([sys.executable, "-m", "sca", *arguments], cwd=folder, check=False).returncode:
        raise SystemExit(code)


def _lines(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in file)


def _shares(results: Path, fresh: Path) -> dict[str, str]:
    """pass@1 and pass@k of each part of the fresh tasks, and of each family."""
    parts = {task.id: _parts(task) for task in read(fresh, Task).records}
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
    """Seen or held-out wording, the sort of frame where it was held out, the family or the kind."""
    wording, frame = task.origin["wording"], task.origin["frame"]
    return [
        f"{wording} wording",
        *([f"{frame} wording"] if frame != wording else []),
        task.family or task.origin["kind"],
    ]
