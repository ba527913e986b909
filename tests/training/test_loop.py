import json
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_training import chosen, load, measured, records, run
from transformers import GPT2Config, GPT2LMHeadModel

from sca.errors import ScaError
from sca.training import loop, state
from sca.training.settings import (
    DpoSettings,
    GrpoSettings,
    PpoSettings,
    ReinforceSettings,
    RftSettings,
    SftSettings,
)
from tests import small_models

SHARED = {"lr": 1e-2, "batch_size": 4, "epochs": 2}
ALL = [
    RftSettings(**SHARED | {"batch_size": 1}),
    SftSettings(**SHARED),
    ReinforceSettings(**SHARED, baseline="task"),
    DpoSettings(**SHARED | {"batch_size": 2}),
    PpoSettings(**SHARED, critic_lr=1e-2),
    GrpoSettings(**SHARED),
]
WITH_ADAPTERS = [*ALL, PpoSettings(**SHARED, critic_lr=1e-2, lora=True)]


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    return small_models.llama(tmp_path_factory.mktemp("model"))


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("settings", WITH_ADAPTERS, ids=lambda settings: settings.algorithm)
def test_an_interrupted_run_ends_with_the_very_same_weights(model_folder, tmp_path, monkeypatch, settings):
    monkeypatch.setattr(loop, "SAVE_EVERY", -1.0)
    every = []
    whole = run(model_folder, tmp_path / "whole", settings, heard=lambda done, metrics: every.append(done))
    cut_at = random.randrange(2, len(every) + 1)

    class Killed(Exception):
        pass

    def stop(done, metrics):
        if done == cut_at:
            raise Killed

    with pytest.raises(Killed):
        run(model_folder, tmp_path / "cut", settings, heard=stop)
    told = []
    again = run(model_folder, tmp_path / "cut", settings, heard=lambda done, metrics: told.append(done))
    assert same(again, whole)
    assert told == list(range(cut_at, len(every) + 1))
    lines = [json.loads(line) for line in (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == every


@pytest.mark.parametrize("settings", ALL, ids=lambda settings: settings.algorithm)
def test_micro_batches_of_any_size_give_the_same_step_but_for_rounding(model_folder, tmp_path, settings):
    settings = replace(settings, batch_size=64, epochs=1)
    norms = []
    for tokens in (32, 4096):
        run(
            model_folder, tmp_path / str(tokens), replace(settings, micro_tokens=tokens),
            heard=lambda done, metrics: norms.append((metrics["loss"], metrics["grad_norm"])),
        )  # fmt: skip
    assert norms[0] == pytest.approx(norms[1], rel=1e-5, abs=1e-6)
    assert norms[0][1] > 1e-3


@pytest.mark.parametrize(
    ("settings", "loss"),
    [(DpoSettings(), math.log(2)), (GrpoSettings(kl=0), 0.0)],
    ids=lambda one: getattr(one, "algorithm", ""),
)
def test_dropout_does_not_part_the_model_in_training_from_the_one_that_sampled(tmp_path, settings, loss):
    model = GPT2LMHeadModel(GPT2Config(vocab_size=64, n_positions=64, n_embd=32, n_layer=2, n_head=2))
    assert model.config.resid_pdrop > 0
    model.save_pretrained(tmp_path / "model")
    seen = load(tmp_path / "model").eval()
    _, selection = chosen(SftSettings(), records())
    said = dict(zip((one.id for one in selection.examples), measured(seen, selection.examples), strict=True))
    attempts = [
        one.model_copy(update={"tokens": [one.tokens[0].model_copy(update={"logprobs": said[one.id].tolist()})]})
        for one in records()
    ]
    told = []
    run(tmp_path / "model", tmp_path / "run", settings, attempts, heard=lambda done, metrics: told.append(metrics))
    assert told[0]["loss"] == pytest.approx(loss, abs=1e-6)


def test_training_lowers_the_loss(model_folder, tmp_path):
    losses = []
    settings = SftSettings(lr=1e-2, batch_size=12, epochs=10)
    run(model_folder, tmp_path / "run", settings, heard=lambda done, metrics: losses.append(metrics["loss"]))
    assert losses[-1] < losses[0] / 2


def test_a_loss_that_is_no_number_stops_and_keeps_the_batch(model_folder, tmp_path):
    settings = SftSettings(lr=1e30, clip=1e30, batch_size=4, epochs=6, warmup=0)
    with pytest.raises(ScaError, match=r"is (nan|inf) in step \d+; try a lower --lr. The batch, 4 attempts from t\d"):
        run(model_folder, tmp_path / "run", settings)
    kept = [json.loads(line) for line in (tmp_path / "run" / "state.failed.jsonl").read_text().splitlines()]
    assert [len(attempt["tokens"][0]["ids"]) >= 13 for attempt in kept] == [True] * 4


def test_a_state_cut_between_its_renames_is_found(tmp_path):
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    state.save(tmp_path / "state", 3, model, optimizer)
    (tmp_path / "state").rename(tmp_path / "state.old")
    assert state.load(tmp_path / "state", model, optimizer) == (3, {})


def test_a_broken_state_says_what_to_do(tmp_path):
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    state.save(tmp_path / "state", 3, model, optimizer)
    (tmp_path / "state" / "weights.safetensors").write_bytes(b"")
    with pytest.raises(ScaError, match="--force begins afresh"):
        state.load(tmp_path / "state", model, optimizer)


def test_the_glossary_has_every_figure(model_folder, tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
    glossary = text[text.index("## Figures of each step") : text.index("## When something is wrong")]
    seen = set()
    for settings in ALL:
        place = tmp_path / settings.algorithm
        run(model_folder, place, settings, heard=lambda done, metrics: seen.update(metrics))
    assert {name for name in seen if f"`{name}`" not in glossary} == set()
    assert {"loss", "kl", "clip_fraction", "entropy", "reward", "length", "memory_gb", "margin", "value_loss"} <= seen
