"""What passes between the model, the batches and the algorithms: figures of trained tokens, flat."""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import NamedTuple

import torch
from torch import Tensor

Columns = dict[str, Tensor]
"""Name → (tokens,) float32: what is known of trained tokens before the model sees them."""


class Outputs(NamedTuple):
    """What a model says of N trained tokens: sequence after sequence, each from left to right."""

    logprobs: Tensor
    """(N,) float32: log-probability of each token given those before it, at temperature 1, in nats."""
    entropy: Tensor
    """(N,) float32 without gradient: of the distribution that the token was drawn from, in nats."""
    values: Tensor | None = None
    """(N,) float32: the critic's expectation of the return before the token is sampled."""

    def map(self, change: Callable[[Tensor], Tensor]) -> "Outputs":
        """The same change to every figure."""
        return Outputs(*(change(figure) for figure in self if figure is not None))

    def split(self, sizes: Sequence[int]) -> "list[Outputs]":
        """One for each sequence; the sizes add up to N."""
        ends = list(accumulate(sizes, initial=0))
        return [self.map(itemgetter(slice(*span))) for span in pairwise(ends)]


def pieces(column: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """A column cut into stretches of these sizes."""
    return torch.split(column, list(sizes))


def joined(parts: Sequence[Outputs]) -> Outputs:
    """Laid end to end."""
    return Outputs(*(torch.cat(figures) for figures in zip(*parts, strict=True) if figures[0] is not None))
