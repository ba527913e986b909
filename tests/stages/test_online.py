"""`sca train --online` with the model that ships, in real containers, and what it does when it is killed."""

import json
import random
import sys
import time
from pathlib import Path

import pytest
from forked import lines, sca, start

from sca.cli import main
from sca.dialogue.setting import Setting

TASKS = Setting.open("calculation").test_tasks
SMALL = ("--tasks-per-iteration", "2", "--attempts", "4", "--seed", "5")


def command(tasks: Path, *more: str) -> list[str]:
    return ["train", "--online", "--algo", "ppo", "--tasks", str(tasks), *SMALL, *more]


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    path = tmp_path_factory.mktemp("tasks") / "some.jsonl"
    path.write_text("".join(TASKS.read_text("utf-8").splitlines(keepends=True)[::20]), "utf-8")
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tasks):
    """Two iterations, never interrupted; what was said."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, sca(folder, *command(tasks, "--iterations", "2"))


@pytest.mark.docker
def test_two_iterations_leave_attempts_figures_and_a_checkpoint(whole):
    folder, told = whole
    made = [lines(folder / "checkpoint.online" / f"iteration-000{number}.jsonl") for number in (1, 2)]
    assert [len(attempts) for attempts in made] == [8, 8]
    assert made[0][0]["run"] != made[1][0]["run"]
    sidecar = json.loads((folder / "checkpoint.online" / "iteration-0001.jsonl.meta.json").read_text("utf-8"))
    assert sidecar["counts"]["completion_tokens"] == sum(one["usage"]["completion_tokens"] for one in made[0]) > 0
    curve = lines(folder / "checkpoint.online" / "iterations.jsonl")
    rewards = [sum(attempt["reward"] for attempt in attempts) / 8 for attempts in made]
    assert [line["reward"] for line in curve] == rewards
    steps = lines(folder / "checkpoint" / "metrics.jsonl")
    assert [(step["step"], step["iteration"], step["attempts"]) for step in steps] == [(1, 1, 8), (2, 2, 8)]
    glossary = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
    assert [name for name in steps[0] if f"`{name}`" not in glossary] == []
    assert (folder / "checkpoint" / "model.safetensors").is_file()
    assert "2 iterations, 16 attempts, 2 steps" in told


@pytest.mark.docker
def test_engine_and_trainer_agree_on_what_was_sampled(whole):
    curve = lines(whole[0] / "checkpoint.online" / "iterations.jsonl")
    assert max(line["mismatch_max"] for line in curve) < 1e-4
    assert max(abs(line["mismatch_kl"]) for line in curve) < 1e-6


@pytest.mark.docker
def test_a_killed_run_goes_on_to_the_same_weights_and_attempts(whole, tasks, tmp_path):
    work = tmp_path / "checkpoint.online"
    cut_in, cut_at = random.choice([1, 2]), random.randint(1, 7)
    file = work / f"iteration-000{cut_in}.jsonl"
    process = start(tmp_path, *command(tasks, "--iterations", "2"))
    try:
        while not file.exists() or file.read_bytes().count(b"\n") < cut_at:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.002)
    finally:
        process.kill()
    assert not (tmp_path / "checkpoint").exists()
    sca(tmp_path, *command(tasks, "--iterations", "2"))
    for name in ("checkpoint/model.safetensors", f"checkpoint.online/{file.name}"):
        assert (tmp_path / name).read_bytes() == (whole[0] / name).read_bytes()
    runs = json.loads(file.with_name(f"{file.name}.meta.json").read_text())["runs"]
    assert len(runs) == 2 or runs[0]["lines"] == 8  # what was there was not made again
    assert sum(run["lines"] for run in runs) <= 8


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.parametrize("more", [(), ("--lora", "--lr", "1e-3")], ids=["full", "lora"])
def test_vllm_samples_from_the_weights_in_training(tasks, tmp_path, more):
    pytest.importorskip("vllm", reason="vLLM has no build for this machine", exc_type=ImportError)
    engine = ("--engine", "vllm", "--engine-option", f"kv_cache_memory_bytes={1 << 30}")
    told = sca(tmp_path, *command(tasks, "--iterations", "3", "--lr", "1e-4", *engine, *more))
    curve = lines(tmp_path / "checkpoint.online" / "iterations.jsonl")
    assert max(line["mismatch_max"] for line in curve) < 1e-3
    assert curve[-1]["kl"] > 1e-6  # the weights have moved
    assert told.count("engine and trainer differ by") == 3
    assert not (tmp_path / "checkpoint.online" / "engine").exists()


@pytest.fixture
def here(monkeypatch, capsys):
    """Runs a command in this process: (exit code, what it said)."""

    def run(folder, arguments):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["sca", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return run


@pytest.mark.docker
def test_the_same_again_has_nothing_to_do(whole, tasks, here):
    done = here(whole[0], command(tasks, "--iterations", "2"))
    assert done == (0, "nothing to do: checkpoint is complete, after 2 iterations\n")


@pytest.mark.docker
def test_other_settings_are_refused(whole, tasks, here):
    code, told = here(whole[0], command(tasks, "--kl", "0.5", "--guard", "none"))
    assert code == 2
    assert "kl: 0.001 there, 0.5 now; online.guard.action" in told


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["train", "x.jsonl", "--env", "x", "--guard", "stop"], "--env, --guard: only for --online"),
        (["train", "--online", "--algo", "rft"], "--algo rft: --online goes with ppo and grpo"),
        (["train", "x.jsonl", "--online", "--algo", "ppo"], "x.jsonl: --online makes its attempts itself"),
        (["train", "--online", "--algo", "ppo"], "--online needs --tasks FILE"),
        (["train", "--online", "--algo", "ppo", "--num-processes", "2", "--shard"], "--shard: online, attempts"),
        (["train", "x.jsonl", "--engine", "vllm"], "--engine: only for --online"),
        (["train"], "say which attempts to train on"),
        (["train", "--online", "--algo", "ppo", "--retokenize"], "--retokenize: means nothing with --online"),
        (["train", "--online", "--algo", "grpo", "--tasks", "TASKS", "--attempts", "1"], "--attempts 1: grpo"),
        (["train", "--online", "--algo", "ppo", "--tasks", "TASKS", "--temperature", "0"], "--temperature 0 makes"),
        (
            ["train", "--online", "--algo", "ppo", "--tasks", "TASKS", "--engine-option", "dtype=bfloat16"],
            "online, the engine runs the very weights that are trained",
        ),
    ],
)
def test_what_does_not_fit_is_refused(arguments, word, tasks, tmp_path, here):
    code, told = here(tmp_path, [str(tasks) if one == "TASKS" else one for one in arguments])
    assert code == 2
    assert word in told


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tasks, tmp_path, here):
    code, told = here(tmp_path, command(tasks, "--iterations", "3", "--dry-run"))
    assert code == 0
    assert "would make 4 attempts at each of 2 of 4 tasks, learn from them by ppo, and that 3 times" in told
    assert list(tmp_path.iterdir()) == []
