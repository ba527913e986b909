"""Forward and backward over the sequences of a step, in pieces that fit: the seam where a faster way fits in.

An algorithm's loss sees flat figures of trained tokens and adds up over pieces, so a pass may compute them as it
likes (padded rows, packed, with shared prefixes computed once), as long as they are those of each sequence by itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from sca.training.attempts import Example
from sca.training.batching import MicroBatch, micro_batches, tensors
from sca.training.outputs import Columns, Outputs, pieces


@dataclass(frozen=True)
class Work:
    """A sequence, and what is known of each of its trained tokens."""

    example: Example
    columns: Columns


LossOf = Callable[[Outputs, Columns], Tensor]
"""A scalar of some sequences' outputs and of their columns, both in the same order."""


class Passes(Protocol):
    """A way to compute the figures of sequences."""

    def measure(self, examples: Sequence[Example]) -> list[Outputs]:
        """Of each sequence, without gradient, on the CPU."""

    def backward(self, units: Sequence[Sequence[Work]], loss: LossOf) -> int:
        """Add to the parameters' gradients those of the sum of `loss` over pieces of the work.

        The sequences of one unit come to `loss` in one call. Returns how many ids went through the model, padding
        included. What `loss` raises goes through.
        """


class PaddedPasses:
    """Rows of similar length side by side, padded to the longest of them."""

    def __init__(self, accelerator: Accelerator, policy: nn.Module, *, tokens: int, pad_id: int, bf16: bool) -> None:
        """`tokens` bounds the ids that go through the model at once; a longer unit goes alone."""
        self.accelerator = accelerator
        self.policy = policy
        self.tokens = tokens
        self.pad_id = pad_id
        # Rows are filled up where each new shape costs more than the work in it (see `batching`).
        self.fixed_rows = bf16 and accelerator.device.type == "cpu"

    @torch.no_grad()
    def measure(self, examples: Sequence[Example]) -> list[Outputs]:
        """See `Passes.measure`."""
        found: list[Outputs | None] = [None] * len(examples)
        for batch in self._batches([[one] for one in examples]):
            chosen = [examples[index] for index in batch.units]
            sizes = [example.trained_tokens for example in chosen]
            outputs = self._forward(chosen, batch)
            logprobs, entropy = (pieces(column.cpu(), sizes) for column in outputs[:2])
            values = [None] * len(sizes) if outputs.values is None else pieces(outputs.values.cpu(), sizes)
            for index, figures in zip(batch.units, zip(logprobs, entropy, values, strict=True), strict=True):
                found[index] = Outputs(*figures)
        return [outputs for outputs in found if outputs is not None]

    def backward(self, units: Sequence[Sequence[Work]], loss: LossOf) -> int:
        """See `Passes.backward`."""
        through = 0
        for batch in self._batches([[work.example for work in unit] for unit in units]):
            chosen = [work for index in batch.units for work in units[index]]
            outputs = self._forward([work.example for work in chosen], batch)
            self.accelerator.backward(loss(outputs, self._columns(chosen)) if chosen else _nothing(outputs))
            through += batch.rows * batch.length
        return through

    def _batches(self, units: Sequence[Sequence[Example]]) -> list[MicroBatch]:
        return list(micro_batches(units, tokens=self.tokens, fixed_rows=self.fixed_rows))

    def _forward(self, examples: Sequence[Example], batch: MicroBatch) -> Outputs:
        ids, mask = tensors(examples, batch.rows, batch.length, self.pad_id)
        device = self.accelerator.device
        outputs: Outputs = self.policy(ids.to(device), mask.to(device))
        return outputs

    def _columns(self, works: Sequence[Work]) -> Columns:
        device = self.accelerator.device
        return {name: torch.cat([work.columns[name] for work in works]).to(device) for name in works[0].columns}


def _nothing(outputs: Outputs) -> Tensor:
    """0, with a gradient of 0 for everything that is trained."""
    return torch.cat([figure for figure in outputs if figure is not None and figure.requires_grad]).sum()
