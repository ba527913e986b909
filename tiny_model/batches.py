"""Batches of few shapes: on a CPU every new shape costs bf16 more time than the padding does."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tiny_model.documents import Document

IGNORED = -100
"""Label of a token without loss, as `cross_entropy` has it."""


@dataclass(frozen=True)
class Batch:
    """`ids` and `labels` are (rows, length); labels are already shifted by one."""

    ids: Tensor
    labels: Tensor


def batches(
    documents: Sequence[Document], padding: int, size: int, step: int, seed: int, tokens: int
) -> Iterator[Batch]:
    """Batches of `size` tokens or little less until `tokens` are reached, padding counted.

    Documents of like length go together, each length always in the same number of rows. Each pass over the
    documents has its own order.
    """
    rng = random.Random(seed)
    seen = 0
    while seen < tokens:
        for rows, length in _pass(documents, size, step, rng):
            yield _pad(rows, length, padding)
            seen += len(rows) * length
            if seen >= tokens:
                return


def _pass(
    documents: Sequence[Document], size: int, step: int, rng: random.Random
) -> list[tuple[list[Document], int]]:
    """All documents once; the last few of each length are topped up with others of that length."""
    shelves: dict[int, list[Document]] = {}
    for document in documents:
        length = -(-(len(document.ids) - 1) // step) * step
        shelves.setdefault(length, []).append(document)
    found = []
    for length, shelf in sorted(shelves.items()):
        rng.shuffle(shelf)
        rows = max(1, size // length)
        missing = -len(shelf) % rows
        full = shelf + rng.choices(shelf, k=missing)
        found += [(full[i : i + rows], length) for i in range(0, len(full), rows)]
    rng.shuffle(found)
    return found


def _pad(documents: Sequence[Document], length: int, padding: int) -> Batch:
    ids = torch.full((len(documents), length), padding)
    labels = torch.full((len(documents), length), IGNORED)
    for row, document in enumerate(documents):
        known = torch.tensor(document.ids)
        ids[row, : len(known) - 1] = known[:-1]
        own = torch.tensor(document.own[1:])
        labels[row, : len(known) - 1] = torch.where(own, known[1:], IGNORED)
    return Batch(ids, labels)
