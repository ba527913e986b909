"""`sca train` as a user calls it, on attempts that a small model sampled; what the checkpoint is good for."""

import asyncio
import json
import re
import sys
from dataclasses import dataclass

import pytest
import small_models
import torch
from forked import sca
from transformers import AutoModelForCausalLM, AutoTokenizer

from sca.cli import main
from sca.engines import Request, Sampling
from sca.engines.opening import open_engine

PROMPT = [{"role": "user", "content": "What is 12.5?"}]


async def sampled(folder) -> list[dict]:
    """Six attempts at two tasks, four of them good."""
    lines = []
    async with open_engine(None, str(folder), device="cpu") as engine:
        prompt = engine.renderer.prompt(PROMPT)
        for number in range(6):
            done = await engine.complete(Request(f"a{number}:0", PROMPT, prompt, Sampling(max_tokens=24), number))
            ids = [*prompt, *done.token_ids]
            lines.append(
                {
                    "id": f"shop-000000-00000{number % 2}-a{number}",
                    "task_id": f"shop-000000-00000{number % 2}",
                    "environment": "shop",
                    "attempt": number,
                    "reward": int(number < 4),
                    "outcome": "success" if number < 4 else "failure",
                    "messages": [*PROMPT, {"role": "assistant", "content": done.text}],
                    "tokens": [
                        {"trained": [[len(prompt), len(ids)]], "logprobs": list(done.logprobs), "ids": ids},
                    ],
                }
            )
    return lines


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model, its settings and attempts."""
    folder = tmp_path_factory.mktemp("place")
    small_models.llama(folder / "model")
    (folder / "model" / "sca.json").write_text(json.dumps({"training": {"rft": {"lr": 0.003, "epochs": 3}}}))
    write(folder / "attempts.jsonl", asyncio.run(sampled(folder / "model")))
    return folder


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@dataclass
class Ended:
    code: int
    said: str


@pytest.fixture
def train(place, monkeypatch, capsys):
    """`sca train`, in this process and in the place's folder."""

    def train(*arguments: str, folder=place) -> Ended:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["sca", "train", *arguments, "--model", "model"])
        try:
            main()
        except SystemExit as ended:
            return Ended(int(ended.code or 0), capsys.readouterr().err)
        return Ended(0, capsys.readouterr().err)

    return train


@pytest.fixture(scope="module")
def trained(place):
    """What a process of its own said that trained on the attempts."""
    return sca(place, "train", "attempts.jsonl", "--model", "model")


def test_the_summary_is_that_of_the_metrics(trained, place):
    steps = [json.loads(line) for line in (place / "metrics.jsonl").read_text().splitlines()]
    assert f"3 steps on 4 attempts; loss {steps[0]['loss']:.3f} → {steps[-1]['loss']:.3f}" in trained
    assert "left out: 2 without reward" in trained
    assert steps[-1]["loss"] < steps[0]["loss"]


def test_the_first_loss_is_that_of_the_recorded_logprobs(trained, place):
    first = json.loads((place / "metrics.jsonl").read_text().splitlines()[0])
    attempts = [json.loads(line) for line in (place / "attempts.jsonl").read_text().splitlines()]
    logprobs = [value for one in attempts if one["reward"] for value in one["tokens"][0]["logprobs"]]
    assert first["loss"] == pytest.approx(-sum(logprobs) / len(logprobs), rel=1e-5)
    assert first["trained_tokens"] == len(logprobs)


def test_settings_of_the_model_folder_hold_and_go_along(trained, place):
    meta = json.loads((place / "checkpoint.meta.json").read_text())
    assert (meta["settings"]["lr"], meta["settings"]["epochs"], meta["settings"]["batch_size"]) == (0.003, 3, 8)
    assert (place / "checkpoint" / "sca.json").read_text() == (place / "model" / "sca.json").read_text()


def test_transformers_loads_the_checkpoint(trained, place):
    model = AutoModelForCausalLM.from_pretrained(place / "checkpoint", dtype=torch.float32)
    base = AutoModelForCausalLM.from_pretrained(place / "model", dtype=torch.float32)
    assert not torch.equal(model.get_input_embeddings().weight, base.get_input_embeddings().weight)
    tokens = [AutoTokenizer.from_pretrained(place / name) for name in ("checkpoint", "model")]
    assert tokens[0].chat_template == tokens[1].chat_template


def test_whoever_may_read_the_checkpoint_may_read_its_weights(trained, place):
    modes = {file.stat().st_mode for file in (place / "checkpoint").iterdir() if file.is_file()}
    assert len(modes) == 1


async def test_our_engine_runs_the_checkpoint(trained, place):
    async with open_engine(None, str(place / "checkpoint"), device="cpu") as engine:
        done = await engine.complete(Request("a:0", PROMPT, None, Sampling(max_tokens=5), 0))
    assert done.usage["completion_tokens"] > 0


def test_the_same_command_again_has_nothing_to_do(trained, place, train):
    before = (place / "checkpoint" / "model.safetensors").stat().st_mtime_ns
    done = train("attempts.jsonl")
    assert (done.code, done.said) == (0, "nothing to do: checkpoint is complete\n")
    assert (place / "checkpoint" / "model.safetensors").stat().st_mtime_ns == before


def test_other_settings_are_refused_and_named(trained, train):
    done = train("attempts.jsonl", "--lr", "0.5")
    assert done.code == 2
    assert "other settings" in done.said
    assert "lr" in done.said
    assert "--force" in done.said


def test_a_dry_run_writes_nothing(place, train):
    done = train("attempts.jsonl", "--dry-run", "-o", "none", "--max-per-task", "1")
    plan, *left_out, memory = done.said.splitlines()
    assert (done.code, plan) == (0, "would train on 2 of 6 attempts in 3 steps, into none")
    assert left_out == ["  left out: 2 without reward", "  left out: 2 more than 1 successes of a task"]
    assert re.fullmatch(r"it takes about .* GB \(weights 0.0, training 0.0, activations .*\); .* GB are free", memory)
    assert not list(place.glob("none*"))


def test_a_dry_run_makes_tokens_as_the_run_does(place, train):
    lines = [json.loads(line) | {"tokens": None} for line in (place / "attempts.jsonl").read_text().splitlines()]
    write(place / "words.jsonl", lines)
    assert "would train on 4 of 6 attempts" in train("words.jsonl", "--retokenize", "--dry-run", "-o", "none").said


@pytest.mark.parametrize("way", [(), ("--dry-run",)])
def test_tokens_of_another_vocabulary_are_refused(place, train, way):
    lines = [json.loads(line) for line in (place / "attempts.jsonl").read_text().splitlines()]
    lines[0]["tokens"][0]["ids"][0] = 99_999
    write(place / "foreign.jsonl", lines)
    done = train("foreign.jsonl", "-o", "foreign", *way)
    assert done.code == 1
    assert "shop-000000-000000-a0: tokens: 99999 is not in the model's vocabulary" in done.said
    assert "Traceback" not in done.said


def test_tokens_of_another_tokenizer_are_refused(place, train):
    lines = [json.loads(line) for line in (place / "attempts.jsonl").read_text().splitlines()]
    for line in lines:
        (segment,) = line["tokens"]
        segment["ids"] = [1 + (number * 7) % 90 for number in segment["ids"]]  # in the vocabulary, and other words
    write(place / "strange.jsonl", lines)
    said = train("strange.jsonl", "-o", "strange", "--dry-run").said
    assert "tokens: they do not read as the text of the attempt" in said


def test_attempts_without_tokens_are_retokenised_when_asked(place, train):
    lines = [json.loads(line) | {"tokens": None} for line in (place / "attempts.jsonl").read_text().splitlines()]
    write(place / "text.jsonl", lines)
    without = train("text.jsonl", "-o", "text")
    assert without.code == 1
    assert "4 without recorded tokens (--retokenize makes them from the text)" in without.said
    done = train("text.jsonl", "-o", "text", "--retokenize", "--epochs", "1", "--force")
    assert (done.code, "1 steps on 4 attempts" in done.said) == (0, True)


@pytest.mark.parametrize(("flag", "value"), [("--lr", "inf"), ("--lr", "2e5"), ("--lora-alpha", "inf")])
def test_a_setting_that_would_burst_the_weights_is_refused(train, flag, value):
    done = train("attempts.jsonl", "-o", "burst", "--lora", flag, value)
    assert (done.code, flag in done.said) == (2, True)


def test_wrong_settings_of_a_model_are_named(place, tmp_path, train):
    folder = small_models.llama(tmp_path / "model")
    (folder / "sca.json").write_text(json.dumps({"training": {"rft": {"lr": "fast"}}}))
    done = train(str(place / "attempts.jsonl"), folder=tmp_path)
    assert done.code == 2
    assert "model/sca.json: training.rft.lr: Input should be a valid number" in done.said


def test_a_flag_of_another_algorithm_is_refused(train):
    done = train("attempts.jsonl", "-o", "none", "--algo", "dpo", "--gamma", "0.9")
    assert done.code == 2
    assert done.said == "error: --gamma means nothing to --algo dpo; it belongs to ppo\n"


def test_a_tracker_that_is_not_there_is_named_before_anything_starts(place, train, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = train("attempts.jsonl", "-o", "none", "--track", "wandb")
    assert (done.code, done.said) == (2, "error: --track wandb: it is not installed; `pip install wandb`\n")
    assert not list(place.glob("none*"))


def test_tensorboard_gets_the_figures_of_each_step(place, train):
    assert train("attempts.jsonl", "-o", "curves", "--epochs", "2", "--track", "tensorboard").code == 0
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (file,) = place.glob("runs/curves/events*")
    events = EventAccumulator(str(file.parent)).Reload()
    lines = [json.loads(line) for line in (place / "curves.metrics.jsonl").read_text().splitlines()]
    assert [event.value for event in events.Scalars("loss")] == pytest.approx([line["loss"] for line in lines])


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("batch_size", 0), ("lr", -1), ("max_per_task", -1), ("warmup", 2)]
)
def test_settings_of_a_model_have_the_bounds_of_flags(place, tmp_path, train, name, value):
    folder = small_models.llama(tmp_path / "model")
    (folder / "sca.json").write_text(json.dumps({"training": {"rft": {name: value}}}))
    done = train(str(place / "attempts.jsonl"), folder=tmp_path)
    assert (done.code, f"training.rft.{name}: Input should be" in done.said) == (2, True)


def test_a_dry_run_is_refused_where_the_run_would_be(trained, train):
    assert train("attempts.jsonl", "--dry-run").said.startswith("nothing to do: checkpoint is complete")
    done = train("attempts.jsonl", "--dry-run", "--lr", "0.5")
    assert (done.code, "other settings" in done.said) == (2, True)
