import math
from itertools import chain

import pytest
import torch

from sca.training.attempts import Example
from sca.training.batching import micro_batches, steps, tensors
from sca.training.policy import token_figures
from sca.training.settings import TrainSettings


def test_figures_of_tokens_are_those_worked_out_by_hand():
    logits = torch.log(torch.tensor([[0.25, 0.75], [0.5, 0.5]]))
    logprobs, entropy = token_figures(logits, torch.tensor([1, 0]))
    assert logprobs.tolist() == pytest.approx([math.log(0.75), math.log(0.5)])
    assert entropy.tolist() == pytest.approx([0.75 * math.log(4 / 3) + 0.25 * math.log(4), math.log(2)])


def test_a_token_that_cannot_be_has_no_part_in_the_entropy():
    logits = torch.tensor([[0.0, 0.0, -math.inf]])
    assert token_figures(logits, torch.tensor([0]))[1].item() == pytest.approx(math.log(2))


EXAMPLES = [Example(f"e{n}", tuple(range(1, n + 1)), ((n // 2, n),)) for n in (5, 40, 33, 64, 12)]


def batches(tokens, *, units=None, fixed=False):
    units = units or [[example] for example in EXAMPLES]
    return list(micro_batches(units, tokens=tokens, fixed_rows=fixed))


@pytest.mark.parametrize("fixed", [True, False])
def test_micro_batches_hold_every_trained_token_once(fixed):
    made = batches(128, fixed=fixed)
    assert sorted(index for batch in made for index in batch.units) == [0, 1, 2, 3, 4]
    for batch in made:
        ids, mask = tensors([EXAMPLES[index] for index in batch.units], batch.rows, batch.length, 0)
        assert ids.shape == mask.shape == (batch.rows, batch.length)
        assert batch.length % 32 == 0
        assert ids.numel() <= 128
        assert (ids[mask] > 0).all()
        assert mask.sum(1)[: len(batch.units)].tolist() == [EXAMPLES[index].trained_tokens for index in batch.units]


def test_fixed_rows_give_one_shape_a_length():
    assert {(batch.rows, batch.length) for batch in batches(128, fixed=True)} == {(2, 64), (4, 32)}


@pytest.mark.parametrize("fixed", [True, False])
def test_a_unit_longer_than_the_budget_goes_alone_and_whole(fixed):
    units = [[EXAMPLES[3], EXAMPLES[0]], [EXAMPLES[1]]]
    assert [(b.units, b.rows, b.length) for b in batches(16, units=units, fixed=fixed)] == [
        ((0,), 2, 64),
        ((1,), 1, 64),
    ]


def test_each_epoch_takes_every_example_once_in_an_order_of_its_own():
    plan = steps([1] * 5, batch_size=2, epochs=2, seed=0)
    first, second = [*chain(*plan[:3])], [*chain(*plan[3:])]
    assert sorted(first) == sorted(second) == [0, 1, 2, 3, 4]
    assert first != second
    assert plan == steps([1] * 5, batch_size=2, epochs=2, seed=0)


def test_groups_fill_a_step_and_are_never_divided():
    for step in steps([3, 3, 4, 9, 2], batch_size=6, epochs=1, seed=1):
        sizes = [[3, 3, 4, 9, 2][index] for index in step]
        assert sum(sizes) <= 6 or sizes == [9]


def test_the_learning_rate_rises_and_falls_linearly():
    settings = TrainSettings(warmup=0.2)
    assert [round(settings.learning_rate(step, 10), 3) for step in range(10)] == [
        0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125,
    ]  # fmt: skip
