"""All figures of the experiments that were run, from the files on disk: what `docs/evidence.md` is written from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments import filters
from experiments.oracle import read
from experiments.results import Arm, Wanted, arm, attempts, cost, records, seeds, trained_on, worded, working
from sca.judging.estimates import bootstrap
from sca.judging.figures import rounded
from sca.records.contract import JudgedTask, Task

ARMS = ("base", "none", "full", "control")
COMPARED: Mapping[str, Sequence[str]] = {
    "algorithms": ("rft", "dpo", "ppo", "grpo", "online-ppo", "online-grpo"),
    "tasks-or-attempts": ("each-8", "each-20", "each-80"),
    "distillation": ("teacher", "all", "successes"),
    "second-round": ("joint",),
}
"""Experiments on calculation whose arms are compared with the base of part a, and the arms."""


def findings(evidence: Path, fresh: Mapping[str, Path]) -> dict[str, Any]:
    """Everything that is there; parts that were not run are absent. `fresh`: the fresh draws of each environment."""
    found: dict[str, Any] = {}
    for env, tasks in fresh.items():
        if improved := _improvement(seeds(evidence / env), tasks):
            found[env] = improved
    if rows := _filters(seeds(evidence / "calculation")):
        found["filters"] = rows
    if proposed := _proposed(folders := seeds(evidence / "pae" / "calculation")):
        found["pae"] = proposed
        base = arm([evidence / "calculation" / folder.name for folder in folders], "base-fresh")
        if base is not None and (rates := arm(folders, "pae-fresh")) is not None:
            found["pae"]["arm"] = _measured(folders, "pae", rates, base, fresh["calculation"])
    measured = {name: _compared(evidence, name, arms, fresh["calculation"]) for name, arms in COMPARED.items()}
    measured["second-round"] |= _second_round(evidence, fresh["calculation"])
    measured["joint"] = _joint(evidence, fresh)
    for name, rows in measured.items():
        if rows:
            found[name] = {"arms": rows, **cost(working(evidence / name))}
    return found


def complete(found: Mapping[str, Any]) -> bool:
    """Whether all arms of part a on calculation were measured."""
    return set(ARMS) <= set(found.get("calculation", {}).get("arms", ()))


def core(found: Mapping[str, Any]) -> dict[str, Any]:
    """The last line of `make evidence-core`: pass@1 of each arm on fresh draws of seen wording."""
    return {
        name: {"pass@1": rate["value"], "low": rate["low"], "high": rate["high"], "seeds": rate["seeds"]}
        for name in ARMS
        for rate in [found["calculation"]["arms"][name]["seen"]]
    }


def _improvement(folders: Sequence[Path], fresh: Path) -> dict[str, Any] | None:
    """Part a in one environment."""
    sampled = {name: arm(folders, f"{name}-fresh") for name in ARMS}
    base = sampled["base"]
    if base is None:
        return None
    arms = {
        name: _measured(folders, name, rates, base, fresh) for name, rates in sampled.items() if rates is not None
    }
    found = {"arms": arms, "funnel": _funnel(folders), "seeds": len(folders), **cost(folders)}
    full, none = sampled["full"], sampled["none"]
    if full is not None and none is not None:
        found["full over none"] = full.gain(none, worded(fresh, "seen"))
    return found


def _measured(folders: Sequence[Path], name: str, rates: Arm, base: Arm, fresh: Path) -> dict[str, Any]:
    """One arm: seen and held-out wording, sampled and greedy, and the gain over the base."""
    sorts: dict[str, Wanted] = {"seen": worded(fresh, "seen"), "held-out": worded(fresh, "held-out")}
    measured: dict[str, Any] = {sort: rates.rates(wanted) for sort, wanted in sorts.items()}
    measured |= {f"{sort} gain": rates.gain(base, wanted) for sort, wanted in sorts.items()}
    measured["trained on"] = trained_on(folders, name)
    if greedy := arm(folders, f"{name}-greedy"):
        measured |= {f"{sort} greedy": greedy.rates(wanted) for sort, wanted in sorts.items()}
    if test := arm(folders, f"{name}-test"):
        measured["test"] = test.rates()
        if (before := arm(folders, "base-test")) is not None:
            measured["test gain"] = test.gain(before)
    return measured


def _filters(folders: Sequence[Path]) -> dict[str, Any]:
    """Part b, the attempts of all seeds together."""
    rows = [
        row
        for folder in folders
        if (folder / ".made" / "rollout").exists()
        for row in filters.judged(
            records(folder / "judged.jsonl", JudgedTask), attempts(folder / "trajectories.jsonl")
        )
    ]
    return filters.table(rows) if rows else {}


def _proposed(folders: Sequence[Path]) -> dict[str, Any] | None:
    """The baseline: how far its proposals can be read, and what its judge let through."""
    folders = [folder for folder in folders if (folder / ".made" / "clean").exists()]
    if not folders:
        return None
    proposals = {task.id: task for folder in folders for task in records(folder / "proposed.jsonl", Task)}
    readings = {name: read(task.instruction or "", task.family or "") for name, task in proposals.items()}
    made = [one for folder in folders if (file := folder / "trajectories.jsonl").exists() for one in attempts(file)]
    right = [one for one in made if (reading := readings[one.task_id]) and reading.right(one.answer)]
    return {
        "episodes": len(proposals),
        "proposed": sum(bool(task.instruction) for task in proposals.values()),
        "read": sum(reading is not None for reading in readings.values()),
        "attempts": len(made),
        "right": len(right),
        "rewarded": sum(one.reward for one in made),
        "rewarded and right": sum(one.reward for one in right),
        **cost(folders),
    }


def _compared(evidence: Path, name: str, arms: Sequence[str], fresh: Path) -> dict[str, Any]:
    """Arms of another experiment against the base of the same seeds."""
    folders = seeds(evidence / name)
    base = arm([evidence / "calculation" / folder.name for folder in folders], "base-fresh")
    if base is None:
        return {}
    measured = {each: arm(folders, f"{each}-fresh") for each in arms}
    return {
        each: _measured(folders, each, rates, base, fresh) for each, rates in measured.items() if rates is not None
    }


def _second_round(evidence: Path, fresh: Path) -> dict[str, Any]:
    """Part f: after a first round with and without the challenger's own tasks in training."""
    found = {}
    for name in ("full", "joint"):
        folders = [folder / f"after-{name}" for folder in seeds(evidence / "second-round")]
        base = arm([evidence / "calculation" / folder.parent.name for folder in folders], "base-fresh")
        rates = arm(folders, "second-fresh")
        if base is not None and rates is not None:
            found[f"after {name}"] = _measured(folders, "second", rates, base, fresh) | {"funnel": _funnel(folders)}
    if len(found) == 2:
        for row, share in zip(found.values(), _different(seeds(evidence / "second-round")), strict=True):
            row["different"] = share
    return found


def _different(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Of equally many valid tasks of each challenger, the share that is no duplicate of an earlier one.

    Of more tasks more are duplicates, so of each seed as many are looked at as the challenger has that has fewer.
    """
    shares: list[list[float]] = [[], []]
    for folder in folders:
        files = [folder / f"after-{name}" / "judged.jsonl" for name in ("full", "joint")]
        valid = [[task for task in records(file, JudgedTask) if task.verdict.valid] for file in files]
        number = min(map(len, valid))
        for share, tasks in zip(shares, valid, strict=True):
            share += [float(not task.verdict.quality.get("duplicate_of")) for task in tasks[:number]]
    return [rounded(bootstrap(share)) | {"tasks": len(share)} for share in shares if share]


def _joint(evidence: Path, fresh: Mapping[str, Path]) -> dict[str, Any]:
    """Part g: the joint model in each environment."""
    found = {}
    for env, tasks in fresh.items():
        folders = [folder / env for folder in seeds(evidence / "joint")]
        base = arm([evidence / env / folder.parent.name for folder in folders], "base-fresh")
        rates = arm(folders, "joint-fresh")
        if base is not None and rates is not None:
            found[env] = _measured(folders, "joint", rates, base, tasks)
            found[env]["trained on"] = trained_on([folder.parent for folder in folders], "joint")
    return found


def _funnel(folders: Sequence[Path]) -> dict[str, Any]:
    """Of the challenger's episodes: handed in, valid; of these, different solutions, and those that call no tool."""
    judged = [task for folder in folders for task in records(folder / "judged.jsonl", JudgedTask)]
    left_out = sum(len((folder / "not_handed_in.jsonl").read_bytes().splitlines()) for folder in folders)
    valid = [task for task in judged if task.verdict.valid]
    return {
        "episodes": len(judged) + left_out,
        "handed_in": len(judged),
        "valid": len(valid),
        "different": sum(not task.verdict.quality.get("duplicate_of") for task in valid),
        "no call": sum(not task.verdict.quality.get("solution_calls") for task in valid),
        "mutation_score": _mean(valid, "mutation_score"),
        "grounded": _mean(valid, "grounded"),
    }


def _mean(tasks: Sequence[JudgedTask], quality: str) -> float | None:
    values = [float(value) for task in tasks if (value := task.verdict.quality.get(quality)) is not None]
    return round(sum(values) / len(values), 4) if values else None
