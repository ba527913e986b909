import math
from itertools import chain

import pytest
import torch

from sca.training.batching import micro_batches, steps
from sca.training.data import Example
from sca.training.losses import negative_log_likelihood, token_logprobs
from sca.training.settings import TrainSettings


def test_the_loss_is_that_worked_out_by_hand():
    # Two tokens in the vocabulary; odds 3:1 for token 1 after position 0, even odds after position 1.
    logits = torch.log(torch.tensor([[[0.25, 0.75], [0.5, 0.5], [0.9, 0.1]]]))
    ids = torch.tensor([[0, 1, 0]])
    assert token_logprobs(logits, ids)[0].tolist() == pytest.approx([math.log(0.75), math.log(0.5)])
    mask = torch.tensor([[False, True, False]])
    assert negative_log_likelihood(logits, ids, mask).item() == pytest.approx(-math.log(0.75))


def test_tokens_outside_the_mask_have_no_gradient():
    logits = torch.randn(1, 5, 7, requires_grad=True)
    mask = torch.tensor([[False, False, True, False, False]])
    negative_log_likelihood(logits, torch.randint(7, (1, 5)), mask).backward()
    assert logits.grad[0].abs().sum(dim=1).nonzero().flatten().tolist() == [1]


def test_no_trained_token_is_no_loss():
    loss = negative_log_likelihood(
        torch.randn(1, 3, 4), torch.zeros(1, 3, dtype=torch.int64), torch.zeros(1, 3).bool()
    )
    assert loss.item() == 0


EXAMPLES = [Example(f"e{n}", tuple(range(1, n + 1)), ((n // 2, n),)) for n in (5, 40, 33, 64, 12)]


@pytest.mark.parametrize("fixed", [True, False])
def test_micro_batches_hold_every_trained_token_once(fixed):
    batches = list(micro_batches(EXAMPLES, tokens=128, pad_id=0, fixed_rows=fixed))
    assert sum(int(batch.mask.sum()) for batch in batches) == sum(e.trained_tokens for e in EXAMPLES)
    for batch in batches:
        assert batch.ids.shape[1] % 32 == 0
        assert batch.ids.numel() <= 128
        assert not batch.mask[:, 0].any()
        assert (batch.ids[batch.mask] > 0).all()


def test_fixed_rows_give_one_shape_a_length():
    shapes = {b.ids.shape for b in micro_batches(EXAMPLES, tokens=128, pad_id=0, fixed_rows=True)}
    assert shapes == {(2, 64), (4, 32)}


def test_an_example_longer_than_the_budget_goes_alone():
    (batch,) = micro_batches([EXAMPLES[3]], tokens=16, pad_id=0, fixed_rows=True)
    assert batch.ids.shape == (1, 64)


def test_each_epoch_takes_every_example_once_in_an_order_of_its_own():
    plan = steps(EXAMPLES, batch_size=2, epochs=2, seed=0)
    first, second = [*chain(*plan[:3])], [*chain(*plan[3:])]
    assert sorted(first) == sorted(second) == [0, 1, 2, 3, 4]
    assert first != second
    assert plan == steps(EXAMPLES, batch_size=2, epochs=2, seed=0)


def test_the_learning_rate_rises_and_falls_linearly():
    settings = TrainSettings(lr=1.0, warmup=0.2)
    assert [round(settings.learning_rate(step, 10), 3) for step in range(10)] == [
        0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125,
    ]  # fmt: skip
