"""Each stage, killed with SIGKILL in mid-run and called again, ends with the ids and text of an uninterrupted run."""

import json
import random
import time
from pathlib import Path

import pytest
from forked import sca, start

from sca.dialogue.setting import Setting

pytestmark = pytest.mark.docker

TASKS = Setting.open("calculation").test_tasks


def kill_after(folder: Path, watched: str, lines: int, *arguments: str) -> None:
    """Start a command and kill it, with everything that it started, once `watched` has so many lines."""
    command = start(folder, *arguments)
    until = time.monotonic() + 240
    try:
        while count(folder / watched) < lines:
            assert command.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < until
            time.sleep(0.01)
    finally:
        command.kill()


def count(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def told(path: Path) -> list[dict]:
    """The records without what only says how long something took."""
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for record in records:
        record.get("verdict", {}).pop("seconds", None)
    return records


@pytest.fixture(scope="module")
def some_tasks(tmp_path_factory):
    path = tmp_path_factory.mktemp("tasks") / "some.jsonl"
    lines = TASKS.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[::15]), "utf-8")
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory, some_tasks):
    """All stages, never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    for arguments in stages(some_tasks).values():
        sca(folder, *arguments)
    return folder


def stages(tasks: Path) -> dict[str, tuple[str, ...]]:
    return {
        "explore": ("explore", "--env", "calculation", "-n", "6", "--seed", "5", "--concurrency", "4"),
        "validate": ("validate", str(tasks)),
        "rollout": ("rollout", str(tasks), "--attempts", "4", "--seed", "5", "--concurrency", "4"),
        "eval": ("eval", "--env", "calculation", "--tasks", str(tasks), "--trials", "2", "--concurrency", "4"),
    }


@pytest.mark.parametrize(
    ("stage", "outputs"),
    [
        ("explore", ["tasks.jsonl"]),
        ("validate", ["validated.jsonl", "rejected.jsonl"]),
        ("rollout", ["trajectories.jsonl"]),
        ("eval", ["results.jsonl"]),
    ],
)
def test_a_killed_stage_goes_on_to_the_same_text(stage, outputs, whole, some_tasks, tmp_path):
    arguments = stages(some_tasks)[stage]
    lines = sum(count(whole / name) for name in outputs)
    kill_after(tmp_path, outputs[0], random.randint(1, max(lines // 2, 1)), *arguments)
    left = count(tmp_path / outputs[0])
    assert left < lines
    sca(tmp_path, *arguments)
    for name in outputs:
        assert told(tmp_path / name) == told(whole / name)


def test_killed_training_goes_on_to_the_same_weights(whole, tmp_path):
    arguments = ("train", str(whole / "trajectories.jsonl"), "--epochs", "6", "--batch-size", "1", "--seed", "5")
    sca(tmp_path, *arguments, "-o", "whole/checkpoint")
    kill_after(tmp_path, "metrics.jsonl", 2, *arguments)
    sca(tmp_path, *arguments)
    one, other = (tmp_path / where / "model.safetensors" for where in ("checkpoint", "whole/checkpoint"))
    assert one.read_bytes() == other.read_bytes()
    assert count(tmp_path / "metrics.jsonl") == count(tmp_path / "whole" / "metrics.jsonl")
