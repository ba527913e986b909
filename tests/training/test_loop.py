import json

import pytest
import torch

from sca.errors import ScaError
from sca.training import loop, state
from sca.training.data import Example
from sca.training.loop import Place, train
from sca.training.settings import TrainSettings
from tests import small_models

EXAMPLES = [Example(f"e{n}", tuple((7 * n + i) % 50 for i in range(10 + n)), ((4, 10 + n),)) for n in range(12)]
SETTINGS = TrainSettings(lr=1e-2, batch_size=4, epochs=2)


@pytest.fixture
def model_folder(tmp_path):
    return small_models.llama(tmp_path / "model")


def run(folder, place, settings=SETTINGS, heard=lambda done, metrics: None):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    place.mkdir(exist_ok=True)
    where = Place(place / "state", place / "metrics.jsonl")
    return train(model, EXAMPLES, settings, where, pad_id=0, bf16=False, heard=heard).state_dict()


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_an_interrupted_run_ends_with_the_very_same_weights(model_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY", -1.0)
    whole = run(model_folder, tmp_path / "whole")

    class Killed(Exception):
        pass

    def stop_after_three(done, metrics):
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        run(model_folder, tmp_path / "cut", heard=stop_after_three)
    told = []
    assert same(run(model_folder, tmp_path / "cut", heard=lambda done, metrics: told.append(done)), whole)
    assert told == [4, 5, 6]
    metrics = [json.loads(line) for line in (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in metrics] == [1, 2, 3, 4, 5, 6]


def test_micro_batches_of_any_size_give_the_same_weights_but_for_rounding(model_folder, tmp_path):
    one = run(model_folder, tmp_path / "one", TrainSettings(lr=1e-3, batch_size=4, epochs=1, micro_tokens=32))
    all_ = run(model_folder, tmp_path / "all", TrainSettings(lr=1e-3, batch_size=4, epochs=1, micro_tokens=4096))
    for name in one:
        torch.testing.assert_close(one[name], all_[name], rtol=1e-3, atol=1e-4)


def test_training_lowers_the_loss(model_folder, tmp_path):
    losses = []
    run(
        model_folder,
        tmp_path / "run",
        TrainSettings(lr=1e-2, batch_size=12, epochs=10),
        lambda done, metrics: losses.append(metrics["loss"]),
    )
    assert losses[-1] < losses[0] / 2


def test_a_loss_that_is_no_number_stops_and_names_the_batch(model_folder, tmp_path):
    with pytest.raises(ScaError, match=r"the loss is (nan|inf); try a lower --lr. The batch was e\d"):
        run(model_folder, tmp_path / "run", TrainSettings(lr=1e30, clip=1e30, batch_size=4, epochs=6, warmup=0))


def test_a_state_cut_between_its_renames_is_found(model_folder, tmp_path):
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    state.save(tmp_path / "state", 3, model, optimizer)
    (tmp_path / "state").rename(tmp_path / "state.old")
    assert state.load(tmp_path / "state", model, optimizer) == 3


def test_a_broken_state_says_what_to_do(tmp_path):
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    state.save(tmp_path / "state", 3, model, optimizer)
    (tmp_path / "state" / "weights.safetensors").write_bytes(b"")
    with pytest.raises(ScaError, match="--force begins afresh"):
        state.load(tmp_path / "state", model, optimizer)
