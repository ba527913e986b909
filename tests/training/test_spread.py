"""Several processes train what one would, with whole weights each or with weights spread over them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import small_models
import torch
from safetensors.torch import load_file
from small_training import records
from transformers import AutoModelForCausalLM

from sca.engines.folders import content_hash
from tests.training.spread_runs import RUNS, STOPPED, online, trained

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs of one process in `one`, of two in the other folders."""
    folder = tmp_path_factory.mktemp("spread")
    small_models.llama(folder / "model")
    (folder / "some.jsonl").write_text("".join(one.model_dump_json() + "\n" for one in records()), "utf-8")
    for name in RUNS:
        trained(folder / "model", folder / "one" / name, name)
    online(folder / "one-online")
    script = str(Path(__file__).with_name("spread_runs.py"))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, script, str(folder / "model"), str(folder)],
        cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    assert "FSDP2-wrapped" not in done.stderr
    (folder / "said").write_text(done.stderr, "utf-8")
    return folder


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def weights(place):
    return load_file(place / "weights.safetensors")


def figures(place):
    return lines(place / "metrics.jsonl")


def assert_close(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        # Six steps of up to 1e-3 each; 8e-7 was the most that was seen.
        torch.testing.assert_close(other[name], value, rtol=0, atol=5e-6)


@pytest.mark.parametrize("run", ["plain/grpo", *(f"shard/{name}" for name in RUNS)])
def test_two_processes_end_with_the_weights_of_one(folder, run):
    assert_close(weights(folder / "one" / run.split("/")[1]), weights(folder / run))


@pytest.mark.parametrize("run", ["plain/grpo", *(f"shard/{name}" for name in RUNS)])
def test_two_processes_tell_the_figures_of_one(folder, run):
    names = ("step", "loss", "entropy", "trained_tokens", "reward", "grad_norm")
    for one, two in zip(figures(folder / "one" / run.split("/")[1]), figures(folder / run), strict=True):
        assert {name: two[name] for name in names} == pytest.approx({name: one[name] for name in names}, rel=1e-4)


@pytest.mark.parametrize("since", ["one", "plain", "shard"])
@pytest.mark.parametrize("way", ["plain", "shard"])
def test_two_processes_go_on_from_any_state(folder, way, since):
    assert_close(weights(folder / "one" / "grpo"), weights(folder / f"{way}-since-{since}"))
    assert figures(folder / f"{way}-since-{since}")[0]["step"] == STOPPED + 1


@pytest.mark.parametrize("way", ["plain", "shard"])
def test_as_many_processes_go_on_to_the_very_same_weights(folder, way):
    one, other = weights(folder / way / "grpo"), weights(folder / f"{way}-since-{way}")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_spread_adapters_go_on_to_the_very_same_weights(folder):
    one, other = weights(folder / "shard" / "lora"), weights(folder / "lora-since-shard")
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("way", ["plain", "shard"])
def test_one_process_goes_on_from_the_state_of_two(folder, tmp_path, way):
    trained(folder / "model", tmp_path / "on", "grpo", since=folder / way / "grpo")
    assert_close(weights(folder / "one" / "grpo"), weights(tmp_path / "on"))


def test_online_two_processes_learn_what_one_does(folder):
    one, two = (folder / f"{name}-online" for name in ("one", "two"))
    assert_close(weights(one / "state"), weights(two / "state"))
    curves = [lines(place / "iterations.jsonl") for place in (one, two)]
    for name in ("reward", "steps", "kl", "grad_norm"):
        values = [[line[name] for line in curve] for curve in curves]
        assert values[1] == pytest.approx(values[0], rel=1e-3, abs=1e-6), name
    assert curves[0][1]["grad_norm"] > 0.1  # there was something to learn


def test_online_every_attempt_is_made_once_and_every_line_written_once(folder):
    place = folder / "two-online"
    made = [lines(place / f"iteration-000{number}.jsonl") for number in (1, 2)]
    assert [len({attempt["id"] for attempt in attempts}) for attempts in made] == [len(a) for a in made] == [8, 8]
    assert [line["step"] for line in lines(place / "metrics.jsonl")] == [1, 2]


def test_the_checkpoint_of_spread_weights_is_an_ordinary_one(folder):
    made, base = (AutoModelForCausalLM.from_pretrained(folder / name) for name in ("checkpoint", "model"))
    assert made.state_dict().keys() == base.state_dict().keys()
    assert content_hash(folder / "checkpoint") != content_hash(folder / "model")
    assert (folder / "checkpoint" / "adapter" / "adapter_model.safetensors").is_file()
    assert not (folder / "checkpoint.partial").exists()


def test_one_process_speaks(folder):
    said = (folder / "said").read_text("utf-8")
    assert said.count("training on 12 attempts") == said.count("the checkpoint is in checkpoint") == 1
