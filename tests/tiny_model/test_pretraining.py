"""Pretraining learns, and goes on after a kill as if nothing had happened."""

import random

import pytest
import torch

from tiny_model import pretraining, tokens
from tiny_model.batches import IGNORED, batches
from tiny_model.documents import Document
from tiny_model.network import build
from tiny_model.settings import Phase, Shape

SMALL = Shape(vocabulary=320, hidden=32, layers=1, heads=2, key_value_heads=1, intermediate=64, context=128)
PHASE = Phase("small", "clean", documents=0, tokens=6 * 3_072, peak=2e-2, warmup=2, decays=True, seed=5)


def documents() -> list[Document]:
    """A prompt of random tokens, then a reply that counts up."""
    rng = random.Random(0)
    return [
        Document([rng.randrange(300) for _ in range(20)] + list(range(start, start + 30)), [False] * 20 + [True] * 30)
        for start in (rng.randrange(200) for _ in range(200))
    ]


def network():
    tokenizer = tokens.train(["a small text"] * 9, ["f(x)"], SMALL.vocabulary, SMALL.context)
    return build(SMALL, tokenizer, seed=0)


def trained(folder):
    model = network()
    pretraining.train(model, documents(), PHASE, folder)
    return model.state_dict()


def test_a_batch_has_loss_on_the_agents_own_tokens_only():
    batch = next(batches(documents(), 0, 3_072, 32, seed=0, tokens=1))
    assert batch.ids.shape == (48, 64)
    assert (batch.labels != IGNORED).sum(dim=1).tolist() == [30] * 48
    counted = batch.labels[0][batch.labels[0] != IGNORED]
    assert (counted.diff() == 1).all()


def test_a_label_is_the_token_that_comes_next():
    batch = next(batches(documents(), 0, 3_072, 32, seed=0, tokens=1))
    rows, places = (batch.labels[:, :48] != IGNORED).nonzero(as_tuple=True)
    assert torch.equal(batch.labels[rows, places], batch.ids[rows, places + 1])


def test_the_loss_is_the_mean_over_the_agents_own_tokens():
    model, batch = network(), next(batches(documents(), 0, 3_072, 32, seed=9, tokens=1))
    logits = model(input_ids=batch.ids).logits.flatten(0, 1)
    own = batch.labels.flatten() != IGNORED
    expected = torch.nn.functional.cross_entropy(logits[own], batch.labels.flatten()[own])
    assert pretraining.loss_of(model, batch).item() == pytest.approx(expected.item(), rel=1e-3)


def test_the_loss_falls(tmp_path):
    model, batch = network(), next(batches(documents(), 0, 3_072, 32, seed=9, tokens=1))
    before = pretraining.loss_of(model, batch).item()
    pretraining.train(model, documents(), PHASE, tmp_path)
    assert pretraining.loss_of(model, batch).item() < before - 0.5


def test_training_killed_on_the_way_ends_with_the_same_weights(tmp_path, monkeypatch):
    whole = trained(tmp_path)
    monkeypatch.setattr(pretraining, "_SNAPSHOT_SECONDS", 0)
    save = pretraining._save

    def save_and_die(path, model, optimizers, step):
        save(path, model, optimizers, step)
        if step == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(pretraining, "_save", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path)
    monkeypatch.setattr(pretraining, "_save", save)
    continued = trained(tmp_path)
    assert all(torch.equal(weight, continued[name]) for name, weight in whole.items())
