"""One model that an engine runs and a learner trains."""

from dataclasses import replace

import pytest
import small_models
import torch
from small_training import load, measured, record, records
from transformers import AutoTokenizer

from sca.engines import Request, Sampling
from sca.engines.batching import BatchDecoder
from sca.engines.transformers_engine import TransformersEngine
from sca.engines.weights import Loaded
from sca.errors import ScaError
from sca.training.algorithms import algorithm_of
from sca.training.attempts import Example, Reader
from sca.training.history import History
from sca.training.learner import Learner
from sca.training.loop import Place
from sca.training.lora import adapted
from sca.training.policy import Policy
from sca.training.settings import GrpoSettings, PpoSettings

GRPO = GrpoSettings(lr=1e-2, batch_size=4, kl=0.1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_models.llama(tmp_path_factory.mktemp("model"))


def learner(folder, place, settings=GRPO):
    algorithm = algorithm_of(settings)
    policy = load(folder, critic=algorithm.critic)
    where = Place(place / "state", place / "metrics.jsonl")
    return Learner(policy, algorithm, settings, where, pad_id=0, bf16=False, plain=None)


def selected(one, attempts=None):
    reader = Reader(max_length=100, with_logprobs=True)
    return one.algorithm.select(records() if attempts is None else attempts, reader)


def weights(one):
    return {name: value.detach().clone() for name, value in one.policy.named_parameters()}


async def sampled(engine):
    async with engine:
        assert isinstance(engine._decoder, BatchDecoder)
        request = Request("e-000001:0", (), [5, 6, 7, 8], Sampling(max_tokens=12), seed=3)
        done = await engine.complete(request)
    return list(done.token_ids), list(done.logprobs)


def lent(folder, one):
    engine = TransformersEngine(folder, device="cpu")
    engine.lend(Loaded(folder, one.policy.model, AutoTokenizer.from_pretrained(folder), 64, frozenset()))
    return engine


async def test_an_engine_samples_from_the_weights_in_training_and_never_from_older_ones(folder, tmp_path):
    one = learner(folder, tmp_path)
    engine = lent(folder, one)
    before = await sampled(engine)
    assert before == await sampled(TransformersEngine(folder, device="cpu"))
    list(one.update(selected(one), 0, 1.0))
    after = await sampled(engine)
    one.policy.model.save_pretrained(tmp_path / "saved")
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path / "saved")
    assert after == await sampled(TransformersEngine(tmp_path / "saved", device="cpu"))
    assert after[1] != before[1]


async def test_an_engine_runs_the_adapters_in_training(folder, tmp_path):
    settings = replace(GRPO, lora=True, lora_rank=4)
    whole = load(folder).model
    algorithm, place = algorithm_of(settings), Place(tmp_path / "state", tmp_path / "metrics.jsonl")
    policy = Policy(adapted(whole, settings, "small"))
    one = Learner(policy, algorithm, settings, place, pad_id=0, bf16=False, plain=None)
    engine = TransformersEngine(folder, device="cpu")
    engine.lend(Loaded(folder, whole, AutoTokenizer.from_pretrained(folder), 64, frozenset()))
    before = await sampled(engine)
    list(one.update(selected(one), 0, 1.0))
    ids, logprobs = await sampled(engine)
    assert logprobs != before[1]
    (found,) = measured(policy, [Example("e", (5, 6, 7, 8, *ids), ((4, 4 + len(ids)),))])
    assert found.tolist() == pytest.approx(logprobs, abs=1e-5)


async def test_engine_and_learner_leave_the_model_its_own_attention(folder, tmp_path):
    one = learner(folder, tmp_path)
    usual = one.policy.model.config._attn_implementation
    await sampled(lent(folder, one))
    assert one.policy.model.config._attn_implementation == usual
    first = record(0, spans=((40, 44),), length=46)  # two attempts that share all they can
    alike = [first, first.model_copy(update={"id": "t1-a1", "reward": 0})]
    seen = [one.policy.model.config._attn_implementation for _ in one.update(selected(one, alike), 0, 1.0)]
    assert seen[0] != usual  # else the second half shows nothing
    assert one.policy.model.config._attn_implementation == usual


def test_the_divergence_is_counted_from_the_weights_of_the_start(folder, tmp_path):
    one = learner(folder, tmp_path)
    first = [figures["kl"] for figures in one.update(selected(one), 0, 1.0)]
    again = [figures["kl"] for figures in one.update(selected(one), len(first), 1.0)]
    assert first[0] == pytest.approx(0, abs=1e-7)
    assert again[0] > 1e-4


def test_measuring_the_start_leaves_the_weights_alone(folder, tmp_path):
    one = learner(folder, tmp_path)
    list(one.update(selected(one), 0, 1.0))
    before = weights(one)
    list(one.update(selected(one), 3, 0.0))  # a learning rate of 0
    assert all(torch.equal(value, before[name]) for name, value in weights(one).items())


def test_out_of_memory_online_says_what_to_change(folder, tmp_path, monkeypatch):
    one = learner(folder, tmp_path)
    selection = selected(one)
    monkeypatch.setattr(Policy, "forward", lambda self, ids, mask: torch.empty(10**16))
    with pytest.raises(ScaError, match=r"out of memory with 8192 tokens .* a lower --micro-tokens"):
        list(one.update(selection, 0, 1.0))


def test_a_mismatch_of_engine_and_trainer_is_measured(folder, tmp_path):
    attempts = [
        attempt.model_copy(
            update={
                "tokens": [one.model_copy(update={"logprobs": [0.0] * len(one.logprobs)}) for one in attempt.tokens]
            }
        )
        for attempt in records()
    ]
    one = learner(folder, tmp_path)
    selection = selected(one, attempts)
    expected = -torch.cat(measured(one.policy, selection.examples))
    figures = next(iter(one.update(selection, 0, 1.0)))
    assert figures["mismatch_mean"] == pytest.approx(expected.mean().item(), rel=1e-4)
    assert figures["mismatch_max"] == pytest.approx(expected.max().item(), rel=1e-4)
    assert figures["mismatch_kl"] > 1


@pytest.mark.parametrize("settings", [GRPO, PpoSettings(lr=1e-2, critic_lr=1e-2, batch_size=4)])
def test_a_learner_taken_up_again_ends_with_the_same_weights(folder, tmp_path, settings):
    whole = learner(folder, tmp_path, settings)
    for done in (0, 3, 6):
        list(whole.update(selected(whole), done, 1.0))
        if done == 3:
            whole.save(tmp_path / "state", 2)
    again = learner(folder, tmp_path, settings)
    assert again.load(tmp_path / "state") == 2
    list(again.update(selected(again), 6, 1.0))
    there = weights(again)
    assert all(torch.equal(value, there[name]) for name, value in weights(whole).items())


def test_lines_of_an_iteration_that_was_cut_are_forgotten(tmp_path):
    history = History(tmp_path / "new" / "iterations.jsonl", tmp_path / "metrics.jsonl", lambda step, line: None)
    assert history.resume(0) == []
    for iteration in (1, 2):
        history.add_step({"iteration": iteration})
        history.add_step({"iteration": iteration})
        history.add({"iteration": iteration})
    with history.metrics.open("a") as file:
        file.write('{"iteration": 3, "lo')
    again = History(history.iterations, history.metrics, lambda step, line: None)
    assert again.resume(1) == [{"iteration": 1}]
    assert again.steps == 2
    assert history.metrics.read_text().count("\n") == 2
