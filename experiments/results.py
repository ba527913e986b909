"""Reading what the experiments left behind: success rates over seeds, differences, and how the time was spent."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from sca.judging.estimates import bootstrap
from sca.judging.figures import rounded
from sca.records.contract import Record, Task, Trajectory
from sca.records.reading import read

R = TypeVar("R", bound=Record)
Wanted = Callable[[str], bool]
"""Of a task's id: whether it counts."""


def everything(task: str) -> bool:
    """Every task counts."""
    return True


@dataclass(frozen=True)
class Arm:
    """One way to treat the base, measured once for each seed."""

    runs: tuple[dict[str, float], ...]
    """For each seed: mean reward of each task, by its id."""

    def rates(self, wanted: Wanted = everything) -> dict[str, Any]:
        """pass@1 over all seeds with a 95% interval over tasks, and that of each seed.

        The interval holds the choice of tasks; how far seeds lie apart shows what sampling and training add. What
        another pretraining of the base would change is in neither.
        """
        tasks = [task for task in self.runs[0] if wanted(task)]
        each = [fmean(run[task] for task in tasks) for run in self.runs]
        return {**rounded(bootstrap(self._means(tasks))), "seeds": [round(value, 4) for value in each]}

    def gain(self, base: "Arm", wanted: Wanted = everything) -> dict[str, Any]:
        """This arm's pass@1 less another's, over the same tasks, with a paired 95% interval over tasks."""
        tasks = [task for task in self.runs[0] if wanted(task) and task in base.runs[0]]
        pairs = zip(self._means(tasks), base._means(tasks), strict=True)
        return rounded(bootstrap([own - other for own, other in pairs]))

    def _means(self, tasks: Sequence[str]) -> list[float]:
        return [fmean(run[task] for run in self.runs) for task in tasks]


def arm(folders: Sequence[Path], name: str) -> Arm | None:
    """The arm of which each folder (a seed) holds `NAME.jsonl`; None unless all of them do, whole."""
    files = [folder / f"{name}.jsonl" for folder in folders]
    if not files or not all((folder / ".made" / name).exists() for folder in folders):
        return None
    return Arm(tuple(_rates(attempts(file)) for file in files))


def trained_on(folders: Sequence[Path], name: str) -> int | None:
    """How many attempts the checkpoints `NAME` were trained on, all folders together; None where one is not there."""
    files = [folder / name / "training.json" for folder in folders]
    if not all(file.exists() for file in files):
        return None
    return sum(int(json.loads(file.read_text("utf-8"))["counts"]["attempts"]) for file in files)


def seeds(place: Path) -> list[Path]:
    """Folders of the seeds, in order."""
    return sorted(place.glob("seed-*"), key=lambda folder: int(folder.name.removeprefix("seed-")))


def working(place: Path) -> list[Path]:
    """Folders that stages worked in, of all seeds."""
    return sorted(file.parent for file in place.rglob("seconds.txt"))


def attempts(file: Path) -> list[Trajectory]:
    """The attempts of a file."""
    return records(file, Trajectory)


def records(file: Path, kind: type[R]) -> list[R]:
    """The records of a file."""
    return read(file, kind).records


def worded(fresh: Path, wording: str) -> Wanted:
    """Fresh tasks whose wording is `seen` or `held-out`."""
    names = {task.id for task in records(fresh, Task) if task.origin.get("wording") == wording}
    return names.__contains__


def seconds(folders: Iterable[Path]) -> dict[str, int]:
    """Wall time of each stage, all folders together; measuring counts as one stage."""
    spent: Counter[str] = Counter()
    for folder in folders:
        for line in (folder / "seconds.txt").read_text("utf-8").splitlines():
            name, count = line.split()
            spent[_stage(name)] += int(count)
    return dict(spent)


def tokens(folders: Iterable[Path]) -> dict[str, int]:
    """Tokens that each stage sampled (`online`: in training) and that `train` went through, all folders together."""
    spent: Counter[str] = Counter()
    for folder in folders:
        for file in (*folder.glob("*.meta.json"), *folder.glob("*.online/*.meta.json")):
            meta = json.loads(file.read_text("utf-8"))
            spent[meta["settings"]["stage"]] += meta["counts"].get("completion_tokens", 0)
        for file in folder.glob("*.metrics.jsonl"):
            spent["train"] += sum(json.loads(line)["tokens"] for line in file.read_text("utf-8").splitlines())
    return {stage: count for stage, count in spent.items() if count}


def cost(folders: Sequence[Path]) -> dict[str, Any]:
    """What the stages that worked in these folders took."""
    return {"seconds": seconds(folders), "tokens": tokens(folders)}


_STAGES = dict.fromkeys(("fresh", "greedy", "test"), "eval") | {"train": "train"}
_STAGES |= dict.fromkeys(("rollout", "attempts"), "rollout")


def _stage(name: str) -> str:
    """Of `each-8-greedy`: `eval`."""
    if name == "not-fresh":
        return "clean"
    if name.startswith("online-") and name.endswith("-train"):
        return "online"
    return next((_STAGES[word] for word in reversed(name.split("-")) if word in _STAGES), name)


def _rates(made: Iterable[Trajectory]) -> dict[str, float]:
    rewards: dict[str, list[int]] = defaultdict(list)
    for attempt in made:
        rewards[attempt.task_id].append(attempt.reward)
    return {task: fmean(earned) for task, earned in sorted(rewards.items())}
