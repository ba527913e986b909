"""What a run will take, and what is said where it takes too much."""

import pytest
import small_models
import torch
from small_training import chosen, load, run

from sca.engines.weights import outline
from sca.errors import ScaError
from sca.training import loop, memory
from sca.training.lora import adapted
from sca.training.memory import Estimate
from sca.training.settings import DpoSettings, GrpoSettings, RftSettings, SftSettings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_models.llama(tmp_path_factory.mktemp("model"))


def estimate(folder, settings, longest=100, **more):
    return memory.estimate(outline(folder).model, settings, longest=longest, bf16=False, **more)


def test_weights_and_moments_are_counted_exactly_without_loading_them(folder):
    count = sum(parameter.numel() for parameter in load(folder).parameters())
    found = estimate(folder, SftSettings())
    assert (found.weights, found.training) == (4 * count, 12 * count)


@pytest.mark.parametrize("targets", ["all-linear", "q_proj, v_proj"])
def test_of_adapters_only_their_own_weights_are_trained(folder, targets):
    settings = SftSettings(lora=True, lora_rank=3, lora_targets=targets)
    model = adapted(load(folder).model, settings, "m")
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    assert estimate(folder, settings).training == 12 * trained


def test_online_the_weights_of_the_start_are_counted(folder):
    once, twice = (estimate(folder, GrpoSettings(), start=start) for start in (False, True))
    assert twice.training - once.training == once.weights


def test_less_at_once_takes_less_until_the_longest_sequence_rules(folder):
    sizes = [estimate(folder, SftSettings(micro_tokens=n), longest=500).activations for n in (4000, 1000, 500, 100)]
    assert sizes[0] == 4 * sizes[1] == 8 * sizes[2]
    assert sizes[2] == sizes[3]


def test_what_cannot_fit_is_an_error_and_what_may_not_is_a_warning():
    need = Estimate(weights=4 * 10**9, training=12 * 10**9, activations=10 * 10**9)
    assert memory.check(need, 30 * 10**9) is None
    assert "26.0 GB (weights 4.0, training 12.0, activations 10.0)" in memory.check(need, 20 * 10**9)
    with pytest.raises(ScaError, match=r"15.0 GB are free: it cannot fit; use --lora"):
        memory.check(need, 15 * 10**9)


@pytest.mark.parametrize("settings", [RftSettings(), DpoSettings()], ids=["in a step", "before the first"])
def test_out_of_memory_says_what_to_change(folder, tmp_path, monkeypatch, settings):
    def hungry(self, ids, mask):
        return torch.empty(10**16)

    monkeypatch.setattr(loop.Policy, "forward", hungry)
    with pytest.raises(ScaError, match=r"out of memory with 8192 tokens .* a lower --micro-tokens"):
        run(folder, tmp_path / "run", settings)


def test_another_fault_is_not_taken_for_want_of_memory(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(loop.Policy, "forward", lambda self, ids, mask: ids @ mask)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        run(folder, tmp_path / "run", RftSettings())


def test_a_run_that_ran_out_of_memory_may_go_on_with_less_at_once():
    assert chosen(SftSettings())
    assert SftSettings(micro_tokens=1).asdict() == SftSettings().asdict()
