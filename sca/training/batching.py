"""From sequences to tensors: steps of whole items, split into micro-batches of a bounded number of tokens.

On a CPU in bf16 each new tensor shape costs more than the work in it (oneDNN builds a kernel for each), so lengths
are rounded up and the number of rows follows from the length alone.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sca.training.attempts import Example, Item
from sca.training.settings import TrainSettings

ROUND = 32
"""Lengths are multiples of this."""


@dataclass(frozen=True)
class MicroBatch:
    """What goes through the model at once."""

    units: tuple[int, ...]
    """Which of the units that were given."""
    rows: int
    length: int


def steps(sizes: Sequence[int], *, batch_size: int, epochs: int, seed: int) -> list[list[int]]:
    """Indices of the items of each optimiser step, given what each counts for in `batch_size`.

    Each epoch is a permutation of its own; its last step may be short. An item larger than the batch goes alone.
    """
    plan: list[list[int]] = []
    for epoch in range(epochs):
        order = list(range(len(sizes)))
        random.Random(f"{seed}:{epoch}").shuffle(order)
        room = 0
        for index in order:
            if sizes[index] > room or room == 0:
                plan.append([])
                room = batch_size
            plan[-1].append(index)
            room = max(room - sizes[index], 0)
    return plan


def planned(items: Sequence[Item], settings: TrainSettings) -> list[list[int]]:
    """The steps of a run: indices of items."""
    sizes = [item.size for item in items]
    return steps(sizes, batch_size=settings.batch_size, epochs=settings.epochs, seed=settings.seed)


def micro_batches(
    units: Sequence[Sequence[Example]], *, tokens: int, fixed_rows: bool = False
) -> Iterator[MicroBatch]:
    """Units of sequences that stay together, longest first, in batches of at most `tokens` ids.

    A unit longer than that goes alone. `fixed_rows` fills a batch up with empty rows to the number that its length
    allows.
    """
    lengths = [max(len(example.ids) for example in unit) for unit in units]
    waiting = sorted(range(len(units)), key=lambda index: lengths[index], reverse=True)
    while waiting:
        length = -(-lengths[waiting[0]] // ROUND) * ROUND
        most = max(tokens // length, 1)
        chosen = [waiting.pop(0)]
        rows = len(units[chosen[0]])
        while waiting and rows + len(units[waiting[0]]) <= most:
            chosen.append(waiting.pop(0))
            rows += len(units[chosen[-1]])
        yield MicroBatch(tuple(chosen), max(rows, most) if fixed_rows else rows, length)


def tensors(examples: Sequence[Example], rows: int, length: int, pad_id: int) -> tuple[Tensor, Tensor]:
    """Ids (int64) and mask of the trained tokens (bool), both (rows, length); padded at the end."""
    ids = torch.full((rows, length), pad_id, dtype=torch.int64)
    mask = torch.zeros((rows, length), dtype=torch.bool)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        for start, end in example.trained:
            mask[row, start:end] = True
    return ids, mask
