"""From examples to tensors: steps of whole attempts, split into micro-batches of a bounded number of tokens.

On a CPU in bf16 each new tensor shape costs more than the work in it (oneDNN builds a kernel for each), so lengths
are rounded up and the number of rows follows from the length alone.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sca.training.data import Example

ROUND = 32
"""Lengths are multiples of this."""


@dataclass(frozen=True)
class MicroBatch:
    """Rows that go through the model at once; padded at the end, which causal attention does not see."""

    ids: Tensor
    """(rows, length), int64."""
    mask: Tensor
    """(rows, length), bool: tokens with loss."""


def steps(examples: Sequence[Example], *, batch_size: int, epochs: int, seed: int) -> list[list[int]]:
    """Indices of the examples of each optimiser step; each epoch is a permutation of its own, the last step short."""
    plan: list[list[int]] = []
    for epoch in range(epochs):
        order = list(range(len(examples)))
        random.Random(f"{seed}:{epoch}").shuffle(order)
        plan += [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return plan


def micro_batches(examples: Sequence[Example], *, tokens: int, pad_id: int, fixed_rows: bool) -> Iterator[MicroBatch]:
    """The examples of one step, longest first, in batches of at most `tokens` ids (a longer one goes alone).

    `fixed_rows` fills a batch up with empty rows to the number that its length allows.
    """
    waiting = sorted(examples, key=lambda example: len(example.ids), reverse=True)
    while waiting:
        length = -(-len(waiting[0].ids) // ROUND) * ROUND
        rows = max(tokens // length, 1)
        chosen, waiting = waiting[:rows], waiting[rows:]
        yield _tensors(chosen, rows if fixed_rows else len(chosen), length, pad_id)


def _tensors(examples: Sequence[Example], rows: int, length: int, pad_id: int) -> MicroBatch:
    ids = torch.full((rows, length), pad_id, dtype=torch.int64)
    mask = torch.zeros((rows, length), dtype=torch.bool)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        for start, end in example.trained:
            mask[row, max(start, 1) : end] = True
    return MicroBatch(ids, mask)
